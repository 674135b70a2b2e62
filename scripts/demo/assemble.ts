import type { DemoBrand, DemoProduct } from '../../src/demo/catalogue.ts'
import type { Draft } from './source.ts'
import { chance, slugify } from './text.ts'

/** Brands by name; the same maker comes from several sources and is one brand. */
export function brandsOf(drafts: readonly Draft[]): DemoBrand[] {
  const names = new Map<string, string>()
  for (const { brand } of drafts) if (brand) names.set(slugify(brand), brand)
  return [...names]
    .map(([slug, name]): DemoBrand => ({ kind: 'brand', slug, name }))
    .sort((a, b) => (a.slug < b.slug ? -1 : 1))
}

export function productsOf(drafts: readonly Draft[]): DemoProduct[] {
  const taken = new Set<string>()
  return drafts.map(({ brand, ...draft }) => {
    const slug = freeSlug(draft, taken)
    taken.add(slug)
    const { name, description, ...rest } = draft
    return { kind: 'product', slug, name, description, brand: brand && slugify(brand), ...rest }
  })
}

const telling = new Set(['colour', 'material', 'pattern'])

/**
 * The first product of a name has the plain slug; the next ones say what is different about them.
 */
function freeSlug(draft: Omit<Draft, 'brand'>, taken: Set<string>): string {
  const plain = slugify(draft.name)
  const facts = draft.attributes
    .filter(({ name, value }) => telling.has(name) && !plain.includes(slugify(value)))
    .map(({ value }) => `${plain}-${slugify(value)}`)
  const free = [plain, ...facts].find((slug) => !taken.has(slug))
  if (free) return free
  let number = 2
  while (taken.has(`${plain}-${number}`)) number += 1
  return `${plain}-${number}`
}

/**
 * A shuffle that keeps every stretch of the list as mixed as the whole, so that the first page and
 * the last look like one shop: each category's products are spread evenly, then neighbours are kept
 * apart.
 */
export function interleave(products: readonly DemoProduct[]): DemoProduct[] {
  const waiting = spread(products)
  const result: DemoProduct[] = []
  while (waiting.length) {
    const recent = result.slice(-6).map(department)
    const index = waiting.findIndex((product) => !recent.includes(department(product)))
    result.push(...waiting.splice(Math.max(index, 0), 1))
  }
  return result
}

function spread(products: readonly DemoProduct[]): DemoProduct[] {
  const groups = Object.entries(Object.groupBy(products, ({ category }) => category))
  return groups
    .flatMap(([category, group = []]) => {
      const shuffled = group.toSorted((a, b) => chance(a.slug) - chance(b.slug))
      const offset = chance(`offset ${category}`)
      return shuffled.map((product, i) => ({ product, place: (i + offset) / shuffled.length }))
    })
    .sort((a, b) => a.place - b.place || (a.product.slug < b.product.slug ? -1 : 1))
    .map(({ product }) => product)
}

function department({ category }: DemoProduct): string {
  return category.slice(0, category.indexOf('-'))
}
