import { randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { parseDecimal, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { loadProduct, type Product } from '../../domains/catalog/catalog.ts'
import {
  changeProductIn,
  changeVariantIn,
  createProductIn,
  slugOf,
} from '../../domains/catalog/writes.ts'
import { startTracking } from '../../domains/unit/tracking.ts'
import { newSerials, receiveUnits } from '../../domains/unit/units.ts'
import { exact } from '../exact.ts'
import type { DescriptionBody, NewDescriptionBody } from './description-schema.ts'

interface Described {
  readonly number: number
  readonly name: string
  readonly description: string
  readonly price_minor: Minor
  readonly currency: string
}

/** A product as this door shows it. */
export function descriptionView({ number, name, description, price_minor, currency }: Described) {
  return { id: number, name, description, price: exact(price_minor, currency) }
}

/** A product that is for sale, by the number in an address. Throws NOT_FOUND. */
export async function findDescription(db: Db, text: string): Promise<Product> {
  const unknown = notFound('Product description')
  if (!/^0*[1-9][0-9]{0,14}$/.test(text)) throw unknown
  const by = { by: 'number', number: Number(text) } as const
  const found = await loadProduct(db, by).catch((error: unknown) => {
    throw error instanceof ShopError ? unknown : error
  })
  if (found.product.status !== 'active') throw unknown
  return found
}

/** A new product of which every piece will have a serial number; there is none yet. */
export async function createDescription(
  ctx: Context,
  tx: Tx,
  { name, description, price }: Static<typeof NewDescriptionBody>,
): Promise<Product> {
  const sku = `U-${randomUUID().slice(0, 18)}`
  const variants = [{ sku, priceMinor: priceOf(ctx, price), onHand: 0 }]
  const id = await createProductIn(ctx, tx, { name, description, variants })
  const made = await loadProduct(tx, { by: 'id', id })
  await trackAll(ctx, tx, made)
  return made
}

function priceOf(ctx: Context, price: string | number): Minor {
  const { currency } = ctx.config.store
  const amount = parseDecimal(String(price).replace(/^0+(?=\d)/, ''), currency)
  if (amount === undefined) throw invalid('price', `must be an amount in ${currency}`)
  return amount
}

/** The one article of a product. Refuses one that has several (VARIANT_REQUIRED). */
function articleOf({ variants: [variant, ...others] }: Product): string {
  if (!variant || others.length > 0) throw new ShopError('VARIANT_REQUIRED')
  return variant.id
}

/** At this door every piece has a serial number: those that have none yet get one. */
async function trackAll(ctx: Context, tx: Tx, product: Product): Promise<string> {
  const variantId = articleOf(product)
  await startTracking(ctx, tx, { variantId, serials: 'generated' })
  return variantId
}

/** Changes what is sent, all of it or nothing. Its address keeps up with its name. */
export async function changeDescription(
  ctx: Context,
  tx: Tx,
  { number, body }: { number: string; body: Static<typeof DescriptionBody> },
): Promise<Product> {
  const found = await findDescription(tx, number)
  const { id } = found.product
  const { price, ...change } = body
  const priceMinor = price === undefined ? undefined : priceOf(ctx, price)
  if (Object.keys(change).length > 0) {
    const slug = slugFor(change.name, found)
    await changeProductIn(ctx, tx, { id, version: undefined, change: { ...change, ...slug } })
  }
  if (priceMinor !== undefined) {
    const variant = { id: articleOf(found), version: undefined }
    await changeVariantIn(ctx, tx, { ...variant, change: { priceMinor } })
  }
  return loadProduct(tx, { by: 'id', id })
}

/** Names are unique at this door, and addresses are made of them. */
function slugFor(name: string | undefined, { product }: Product): { slug?: string } {
  if (name === undefined || name === product.name) return {}
  return { slug: slugOf(name, product.id) }
}

/** Archives a product: orders and units keep pointing at it, and its name is free again. */
export async function removeDescription(ctx: Context, tx: Tx, number: string): Promise<void> {
  const { id } = (await findDescription(tx, number)).product
  const change = { status: 'archived', slug: id } as const
  await changeProductIn(ctx, tx, { id, version: undefined, change })
}

/** Makes one unit and puts it on the shelf; returns its serial number. */
export async function makeUnit(
  ctx: Context,
  tx: Tx,
  number: string,
): Promise<{ serial: string; number: number }> {
  const found = await findDescription(tx, number)
  const variantId = await trackAll(ctx, tx, found)
  const [serial = ''] = newSerials(1)
  const place = { location: undefined, note: undefined }
  await receiveUnits(ctx, tx, { variantId, serials: [serial], ...place })
  return { serial, number: found.product.number }
}
