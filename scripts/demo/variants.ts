import type { DemoOption, DemoVariant } from '../../src/demo/catalogue.ts'
import { chance } from './text.ts'

type Article = {
  sku: string
  category: string
  name: string
  audience: string | undefined
  price: number
  stock: number
  weight: number | null
}

type Sizes = { values: string[]; shares: number[] }

const letters: Sizes = { values: ['S', 'M', 'L', 'XL'], shares: [2, 4, 4, 2] }
const belts: Sizes = { values: ['S', 'M', 'L'], shares: [2, 3, 2] }
const socks: Sizes = { values: ['S/M', 'L/XL'], shares: [1, 1] }
const shoes = {
  women: { values: ['6', '7', '8', '9', '10'], shares: [1, 2, 3, 2, 1] },
  men: { values: ['8', '9', '10', '11', '12'], shares: [1, 2, 3, 2, 1] },
  everyone: { values: ['7', '8', '9', '10', '11'], shares: [1, 2, 3, 2, 1] },
}

/** Clothes and shoes come in sizes (ours; the data has none), everything else as one article. */
export function sizedVariants(article: Article): {
  options: DemoOption[]
  variants: DemoVariant[]
} {
  const sizes = sizesFor(article)
  if (!sizes) return { options: [], variants: [variant(article, article.stock)] }
  const stocks = split(article.stock, sizes.shares)
  return {
    options: [{ name: 'size', values: sizes.values }],
    variants: sizes.values.map((size, index) => variant(article, stocks[index] ?? 0, size)),
  }
}

function sizesFor({ category, name, audience }: Article): Sizes | undefined {
  if (category === 'apparel-scarves') return undefined
  if (category === 'apparel-socks') return socks
  if (category === 'accessories-belts') return /buckle$/i.test(name) ? undefined : belts
  if (category.startsWith('apparel-')) return letters
  if (!category.startsWith('footwear-')) return undefined
  return audience === 'women' || audience === 'men' ? shoes[audience] : shoes.everyone
}

function variant(article: Article, stock: number, size?: string): DemoVariant {
  return {
    sku: size ? `${article.sku}-${size.replace('/', '')}` : article.sku,
    options: size ? { size } : {},
    price_minor: article.price,
    on_hand: stock,
    gtin: null,
    weight_grams: article.weight,
  }
}

/**
 * Largest remainder; among equal remainders the smaller size comes first. The parts equal the
 * whole.
 */
function split(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0)
  const parts = shares.map((share) => Math.floor((total * share) / sum))
  const byRemainder = shares
    .map((share, index) => ({ index, remainder: (total * share) % sum }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  const missing = total - parts.reduce((a, b) => a + b, 0)
  for (const { index } of byRemainder.slice(0, missing)) parts[index] = (parts[index] ?? 0) + 1
  return parts
}

/**
 * The weight typical of the category, give or take a fifth: no source says what its goods weigh.
 */
export function weightOf(typical: number | undefined, sku: string): number | null {
  if (typical === undefined) return null
  const grams = typical * (0.8 + 0.4 * chance(`weight ${sku}`))
  const step = grams < 100 ? 1 : grams < 10_000 ? 10 : 100
  return Math.max(step, Math.round(grams / step) * step)
}
