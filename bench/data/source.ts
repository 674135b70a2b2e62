import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { minor } from '../../src/core/money.ts'
import { slugify } from '../../src/core/words.ts'
import { readDemoCatalogue } from '../../src/demo/catalogue.ts'
import type { NewProduct } from '../../src/domains/catalog/writes.ts'

/** A category by the name under which products of the same source refer to it; parents first. */
export interface SourceCategory {
  readonly key: string
  readonly parent: string | null
  readonly name: string
  readonly description: string
}

export interface SourceProduct extends Omit<NewProduct, 'categoryId' | 'variants' | 'slug'> {
  readonly key: string
  readonly category: string | null
  readonly priceMinor: number
  readonly gtin: string | null
}

export interface Source {
  readonly name: string
  readonly categories: readonly SourceCategory[]
  readonly products: readonly SourceProduct[]
}

const icecatFolder = join(import.meta.dirname, '../../../shared/data/catalogue-icecat')

/** Real products: those of Icecat where they are at hand, else those of the demo shop. */
export function readSource(folder = icecatFolder): Source {
  return existsSync(folder) ? readIcecat(folder) : readDemo()
}

interface IcecatProduct {
  readonly id: string
  readonly title: string
  readonly brand: string
  readonly description: string | null
  readonly gtin: readonly string[]
  readonly price_minor: number
  readonly category_id: number | null
  readonly attributes: readonly (readonly [name: string, type: string, value: unknown])[]
}

interface IcecatCategory {
  readonly id: number
  readonly parent_id: number | null
  readonly name: string
  readonly path: string
  readonly level: number
}

function readIcecat(folder: string): Source {
  const categories = linesOf(readFileSync(join(folder, 'categories.jsonl'), 'utf8'))
    .map((line) => JSON.parse(line) as IcecatCategory)
    .sort((left, right) => left.level - right.level)
    .map(({ id, parent_id, name, path }) => ({
      key: String(id),
      parent: parent_id === null ? null : String(parent_id),
      name,
      description: path,
    }))
  const text = gunzipSync(readFileSync(join(folder, 'products.jsonl.gz'))).toString('utf8')
  const products = linesOf(text).map((line) => icecatProduct(JSON.parse(line) as IcecatProduct))
  return { name: 'catalogue-icecat', categories, products }
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

function icecatProduct(row: IcecatProduct): SourceProduct {
  return {
    key: row.id,
    name: row.title.slice(0, 240),
    description: row.description ?? '',
    brand: slugify(row.brand) === '' ? null : row.brand,
    category: row.category_id === null ? null : String(row.category_id),
    priceMinor: row.price_minor,
    gtin: row.gtin[0] ?? null,
    attributes: row.attributes.map(([name, , value]) => ({
      name: name.slice(0, 64),
      value: String(value).replaceAll(/\s+/g, ' '),
    })),
  }
}

export function readDemo(): Source {
  const records = [...readDemoCatalogue()]
  const brands = new Map(
    records.flatMap((record) => (record.kind === 'brand' ? [[record.slug, record.name]] : [])),
  )
  return {
    name: 'the demo catalogue (catalogue-icecat is not at hand)',
    categories: records
      .filter((record) => record.kind === 'category')
      .map(({ slug, parent, name, description }) => ({ key: slug, parent, name, description })),
    products: records
      .filter((record) => record.kind === 'product')
      .map((record) => ({
        key: record.slug,
        name: record.name,
        description: record.description,
        brand: record.brand === null ? null : (brands.get(record.brand) ?? null),
        category: record.category,
        priceMinor: record.variants[0]?.price_minor ?? 0,
        gtin: null,
        tags: record.tags,
        attributes: record.attributes,
      })),
  }
}

/**
 * Stock by the product's place in the catalogue: a fifth has none, a fifth is low, the rest ample.
 */
export function onHandOf(index: number): number {
  if (index % 5 === 0) return 0
  return index % 5 === 1 ? 3 : 1_000_000_000
}

/** The `index`-th product of a catalogue of any size: beyond the real ones they repeat, renamed. */
export function productAt(
  { products }: Source,
  { index, categoryIds }: { index: number; categoryIds: ReadonlyMap<string, string> },
): NewProduct {
  const base = products[index % products.length]
  if (!base) throw new Error('the source has no products')
  const round = Math.floor(index / products.length)
  const { key, category, priceMinor, gtin, ...rest } = base
  const suffix = round === 0 ? '' : ` ${round + 1}`
  return {
    ...rest,
    name: `${rest.name}${suffix}`,
    slug: `${slugify(rest.name).slice(0, 80)}-${slugify(key)}${round === 0 ? '' : `-${round + 1}`}`,
    categoryId: category === null ? null : (categoryIds.get(category) ?? null),
    variants: [
      {
        sku: `BENCH-${index + 1}`,
        // Repeated products cost a little more each time, so that prices do not come in heaps.
        priceMinor: minor(priceMinor + ((round * 37) % 1_000)),
        onHand: onHandOf(index),
        gtin: round === 0 ? gtin : null,
      },
    ],
  }
}
