import type { DemoProduct } from '../../src/demo/catalogue.ts'
import type { Tree } from './tree.ts'

/** A product before it has its slug, and with the brand still as the source spells it. */
export type Draft = Omit<DemoProduct, 'kind' | 'slug' | 'brand'> & { brand: string | null }

/** What a source is read with: its rows and the tree they are hung into. */
export type Input = { rows: unknown[]; tree: Tree }

export type Audience = 'women' | 'men' | 'kids' | 'everyone'

const worn = /^(apparel|footwear|accessories|jewelry)-/

/**
 * Who an article is for: what the source says, else what the name says, else everyone who wears it.
 */
export function audienceOf(
  category: string,
  name: string,
  stated: Audience | undefined,
): Audience | undefined {
  if (/\b(kids?|girls?|boys?|baby|toddler)\b/i.test(name)) return 'kids'
  if (worn.test(category)) return stated ?? 'everyone'
  return category.startsWith('beauty-') ? stated : undefined
}
