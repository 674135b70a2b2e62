import type { DemoAttribute } from '../../src/demo/catalogue.ts'
import { attributes, colourOf, factsFrom, materialOf, natureOf } from './facts.ts'
import { audienceOf } from './source.ts'
import type { Audience, Draft, Input } from './source.ts'
import { clean, sentence, tag, tags } from './text.ts'
import { categoryOf, readRules } from './tree.ts'
import type { Tree } from './tree.ts'
import { sizedVariants, weightOf } from './variants.ts'

type Row = {
  title: string
  description: string
  category: string
  price: number
  stock: number
  tags: string[]
  brand?: string
  sku: string
  dimensions: { width: number; height: number; depth: number }
  warrantyInformation: string
  shippingInformation: string
  returnPolicy: string
}

const rules = readRules('dummyjson-categories.txt')

// The dimensions are random numbers of a hand's width, so only small things wear them; nobody gives
// a warranty on a cucumber or takes it back.
const small = /^(beauty|fragrances|kitchen|mobile|sports|sunglasses|home|skin)/
const perishable = /^groceries$/

export function dummyJsonDrafts({ rows, tree }: Input): Draft[] {
  return (rows as Row[]).map((row) => draft(row, tree))
}

function draft(row: Row, tree: Tree): Draft {
  const name = clean(row.title)
  const category = categoryOf(rules, row.category, name)
  const audience = audienceOf(category, name, statedAudience(row))
  return {
    name,
    description: sentence(clean(row.description)),
    brand: row.brand ? clean(row.brand) : null,
    category,
    tags: tags([...row.tags, row.category.replace('-', ' ')]),
    attributes: attributesOf(row, { name, category, audience }),
    ...variantsOf(row, { name, category, audience }, tree),
    source: 'dummyjson',
  }
}

type Facts = { name: string; category: string; audience: Audience | undefined }

function variantsOf(row: Row, facts: Facts, tree: Tree): Pick<Draft, 'options' | 'variants'> {
  return sizedVariants({
    ...facts,
    sku: row.sku,
    price: minor(row.price),
    stock: row.stock,
    weight: weightOf(tree.weights.get(facts.category), row.sku),
  })
}

/** Prices are decimals with at most two places; read as text, so that no float is multiplied. */
function minor(price: number): number {
  const [whole = '0', fraction = ''] = String(price).split('.')
  if (fraction.length > 2) throw new Error(`${price} is no price in cents`)
  return Number(whole + fraction.padEnd(2, '0'))
}

function statedAudience(row: Row): Audience | undefined {
  if (row.category.startsWith('womens-')) return 'women'
  if (row.category === 'tops') return 'women'
  return row.category.startsWith('mens-') ? 'men' : undefined
}

function attributesOf(row: Row, { name, category, audience }: Facts): DemoAttribute[] {
  const food = perishable.test(row.category)
  const description = clean(row.description)
  const own = attributes({
    type: tag(row.tags.at(-1) ?? row.category),
    for: audience,
    colour: food ? undefined : colourOf(name, description),
    material: food ? undefined : materialOf(name, description),
    warranty: food ? undefined : term(row.warrantyInformation),
    returns: food ? undefined : term(row.returnPolicy),
    delivery: row.shippingInformation.toLowerCase(),
    dimensions: small.test(row.category) ? dimensions(row.dimensions) : undefined,
  })
  return [...own, ...factsFrom(name, description, natureOf(category))].slice(0, 8)
}

/** "3 year warranty" → "3 years", "No return policy" → "none". */
function term(text: string): string {
  const words = text.toLowerCase().replace(/ ?(warranty|return policy)/, '')
  if (words === 'no') return 'none'
  return words.replace(/^(?!1 )(\d+ (?:year|month|week|day))$/, '$1s')
}

function dimensions({ width, height, depth }: Row['dimensions']): string {
  return [width, height, depth].map((side) => side.toFixed(1)).join(' × ')
}
