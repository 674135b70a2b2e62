import type { FastifyInstance } from 'fastify'
import type { ListRow } from '../../src/domains/catalog/listing-queries.ts'
import {
  findProduct,
  listVariants,
  type ProductRow,
  type VariantRow,
} from '../../src/domains/catalog/queries.ts'
import type { BareDatabase } from './database.ts'
import { BareListings, type ListQuery } from './listings.ts'
import { capture, captureNamed, named } from './statements.ts'
import { money, pictureOf, stockStatus, time } from './values.ts'

export interface Bare {
  readonly app: FastifyInstance
  readonly database: BareDatabase
  /** The address of the shop, which stands in the answers. */
  readonly origin: string
}

/** The catalogue with nothing between Fastify and SQLite but the making of the answer. */
export function registerCatalog(bare: Bare): void {
  registerDetail(bare)
  registerList(bare)
}

function registerDetail({ app, database, origin }: Bare): void {
  const product = database.read<ProductRow>(
    capture((tx) => findProduct(tx, { by: 'number', number: named('number') })),
  )
  const variants = database.read<VariantRow>(captureNamed(listVariants))
  app.get<{ Params: { id: string } }>('/api/v1/products/:id', (request, reply) => {
    const [row] = product.all({ number: Number(request.params.id) })
    if (!row) return reply.code(404).send({})
    const data = detailOf(row, variants.all({ productId: row.id }), origin)
    const links = { self: `/api/v1/products/${row.number}` }
    return { success: true, data, message: 'Product found', links }
  })
}

const parsed = (text: string): unknown => JSON.parse(text)

function detailOf(row: ProductRow, variants: readonly VariantRow[], origin: string) {
  const available = variants.reduce((sum, variant) => sum + variant.available, 0)
  return {
    id: row.id,
    number: row.number,
    slug: row.slug,
    name: row.name,
    description: row.description,
    status: row.status,
    price: money(row.price_minor),
    price_max: money(row.price_max_minor),
    ...namesOf(row),
    images: [{ url: pictureOf(origin, row.number, row.version), alt: row.name }],
    tags: parsed(row.tags),
    options: parsed(row.options),
    attributes: parsed(row.attributes),
    variants: variants.map((variant) => ({
      id: variant.id,
      sku: variant.sku,
      options: parsed(variant.options),
      price: money(variant.price_minor),
      gtin: variant.gtin,
      weight_grams: variant.weight_grams,
      available: variant.available,
      stock_status: stockStatus(variant.available),
    })),
    stock_status: stockStatus(available),
    available,
    version: row.version,
    created_at: time(row.created_at),
    updated_at: time(row.updated_at),
  }
}

function namesOf(row: ProductRow | ListRow) {
  const { brand_slug, brand_name, category_number, category_slug, category_name } = row
  return {
    brand: brand_slug === null ? null : { slug: brand_slug, name: brand_name },
    category:
      category_number === null
        ? null
        : { number: category_number, slug: category_slug, name: category_name },
  }
}

const perPage = 20

function registerList({ app, database, origin }: Bare): void {
  const listings = new BareListings(database)
  app.get<{ Querystring: ListQuery }>('/api/v1/products', ({ query, url }) => {
    const page = Number(query.page ?? 1)
    const { rows, total, isCapped } = listings.find(query, { page, perPage })
    const items = rows.slice(0, perPage)
    const last = items.at(-1)
    const meta = {
      page,
      per_page: perPage,
      total,
      total_pages: Math.ceil(total / perPage),
      ...(isCapped ? { total_capped: true } : {}),
      next_cursor: rows.length > perPage && last ? cursorOf(last) : null,
    }
    const data = items.map((row) => summaryOf(row, origin))
    const links = linksOf(url, page, page * perPage < total)
    return { success: true, data, message: 'Products listed', meta, links }
  })
}

function summaryOf(row: ListRow, origin: string) {
  return {
    id: row.id,
    number: row.number,
    slug: row.slug,
    name: row.name,
    price: money(row.price_minor),
    price_max: money(row.price_max_minor),
    ...namesOf(row),
    image: pictureOf(origin, row.number, row.version),
    tags: parsed(row.tags),
    stock_status: stockStatus(row.available),
    available: row.available,
    variant_count: row.variant_count,
    links: { self: `/api/v1/products/${row.number}` },
  }
}

function cursorOf({ key0, key1 }: ListRow): string {
  const keys = key1 === undefined ? [key0] : [key0, key1]
  return Buffer.from(JSON.stringify(keys)).toString('base64url')
}

function linksOf(url: string, page: number, hasNext: boolean) {
  const [path, query] = url.split('?', 2)
  const at = (number: number) => {
    const params = new URLSearchParams(query)
    params.set('page', String(number))
    return `${path}?${params.toString()}`
  }
  return {
    self: url,
    ...(hasNext ? { next: at(page + 1) } : {}),
    ...(page > 1 ? { prev: at(page - 1) } : {}),
  }
}
