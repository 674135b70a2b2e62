import type { DemoAttribute } from '../../src/demo/catalogue.ts'
import { attributes, colourOf, factsFrom, looksOf, materialOf, natureOf } from './facts.ts'
import { audienceOf } from './source.ts'
import type { Audience, Draft, Input } from './source.ts'
import { clean, sentence, tags } from './text.ts'
import { categoryOf, readRules } from './tree.ts'
import type { Tree } from './tree.ts'
import { sizedVariants, weightOf } from './variants.ts'

type Row = {
  id: string
  name: string
  category: string
  style: string
  description: string
  price_minor: number
  current_stock: number
  gender_affinity?: 'F' | 'M'
  promoted?: boolean
  featured?: boolean
  aliases?: string[]
}

type Facts = { row: Row; name: string; description: string; category: string }

const rules = readRules('retail-categories.txt')
const audiences: Record<'F' | 'M', Audience> = { F: 'women', M: 'men' }

export function retailDrafts({ rows, tree }: Input): Draft[] {
  return (rows as Row[]).map((row) => draft(row, tree))
}

function draft(row: Row, tree: Tree): Draft {
  const name = clean(row.name)
  const description = sentence(clean(row.description))
  const category = categoryOf(rules, `${row.category}/${row.style}`, name)
  const facts = { row, name, description, category }
  return {
    name,
    description,
    brand: null,
    category,
    tags: tagsOf(facts),
    attributes: attributesOf(facts),
    ...variantsOf(facts, tree),
    source: 'retail-demo-store',
  }
}

function variantsOf(
  { row, name, category }: Facts,
  tree: Tree,
): Pick<Draft, 'options' | 'variants'> {
  const sku = `RDS-${row.id.slice(0, 8).toUpperCase()}`
  return sizedVariants({
    sku,
    category,
    name,
    audience: audienceFor(row, name, category),
    price: row.price_minor,
    stock: row.current_stock,
    weight: weightOf(tree.weights.get(category), sku),
  })
}

function audienceFor(row: Row, name: string, category: string): Audience | undefined {
  return audienceOf(category, name, row.gender_affinity && audiences[row.gender_affinity])
}

function attributesOf({ row, name, description, category }: Facts): DemoAttribute[] {
  const nature = natureOf(category)
  // The colours and materials of a dish or a bouquet are those of its ingredients.
  const made = nature === 'goods'
  const own = attributes({
    type: typeOf(row, category),
    for: audienceFor(row, name, category),
    colour: made ? colourOf(name, description) : undefined,
    material: made ? materialOf(name, description) : undefined,
  })
  return [...own, ...factsFrom(name, description, nature)].slice(0, 8)
}

/** The style the source gives, unless the article was filed under a wrong one and we moved it. */
function typeOf(row: Row, category: string): string {
  const moved = category !== rules.get(`${row.category}/${row.style}`)?.category
  return moved ? category.slice(category.lastIndexOf('-') + 1) : row.style
}

function tagsOf({ row, name, category }: Facts): string[] {
  const words = category.split('-').slice(0, 2)
  const marks = [row.featured ? 'featured' : '', row.promoted ? 'promoted' : '']
  const type = typeOf(row, category)
  return tags([...marks, ...words, type, ...looksOf(name), ...(row.aliases ?? [])])
}
