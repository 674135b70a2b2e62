import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { guardStatus } from '../../db/guard.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import {
  availableOfVariant,
  backorderPromise,
  backorderRoom,
  isPlainArticle,
} from '../../db/stock.ts'
import type { ProductKind, ProductStatus } from '../catalog/tables.ts'
import type { CartStatus } from './tables.ts'

export interface CartRow {
  readonly id: string
  readonly session_key: string | null
  readonly customer_id: string | null
  readonly status: CartStatus
  readonly currency: string
  /** JSON: string[] */
  readonly codes: string | null
  /** JSON: Destination */
  readonly destination: string | null
  readonly vat_id: string | null
  readonly version: number
  readonly updated_at: number
  readonly expires_at: number
  /** Of the settings by which carts are priced, as of this reading. */
  readonly pricing_version: number
}

const cartColumns = [
  'id',
  'session_key',
  'customer_id',
  'status',
  'currency',
  'codes',
  'destination',
  'vat_id',
  'version',
  'updated_at',
  'expires_at',
] as const

const carts = (db: Db) =>
  db
    .selectFrom('carts')
    .select(cartColumns)
    .select(
      sql<number>`coalesce((select version from pricing_state where id = 1), 0)`.as(
        'pricing_version',
      ),
    )

const cartBySession = preparedQuery<{ sessionKey: string }, CartRow>((db, param) =>
  carts(db).where('session_key', '=', param('sessionKey')),
)

const cartByCustomer = preparedQuery<{ customerId: string }, CartRow>((db, param) =>
  carts(db).where('customer_id', '=', param('customerId')),
)

const cartById = preparedQuery<{ id: string }, CartRow>((db, param) =>
  carts(db).where('id', '=', param('id')),
)

export async function findCartById(db: Db, id: string): Promise<CartRow | undefined> {
  return (await cartById(db, { id }))[0]
}

export async function findCartBySession(db: Db, sessionKey: string): Promise<CartRow | undefined> {
  return (await cartBySession(db, { sessionKey }))[0]
}

export async function findCartByCustomer(db: Db, customerId: string): Promise<CartRow | undefined> {
  return (await cartByCustomer(db, { customerId }))[0]
}

/** Creates the cart unless its session or customer already has one; says whether it did. */
export function insertCart(
  tx: Tx,
  cart: {
    readonly id: string
    readonly session_key: string | null
    readonly customer_id: string | null
    readonly status: CartStatus
    readonly currency: string
    readonly created_at: number
    readonly updated_at: number
    readonly expires_at: number
  },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'carts', cart)
}

const status = guardStatus<CartStatus>()

interface Touch {
  readonly id: string
  readonly now: number
  readonly expiresAt: number
}

/** Locks an open cart by counting its version up: every change of a cart begins with this. */
export const touchCart = preparedWrite<Touch>((db, param) =>
  db
    .updateTable('carts')
    .set((set) => ({
      version: set('version', '+', 1),
      updated_at: param('now'),
      expires_at: param('expiresAt'),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'open'),
)

/** The same, only if nobody changed the cart since the caller read `version`. */
export const touchCartAt = preparedWrite<Touch & { version: number }>((db, param) =>
  db
    .updateTable('carts')
    .set((set) => ({
      version: set('version', '+', 1),
      updated_at: param('now'),
      expires_at: param('expiresAt'),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', 'open')
    .where('version', '=', param('version')),
)

/** Moves a cart from one status to another; one changed row means that this caller did it. */
export const moveCart = preparedWrite<{
  id: string
  from: CartStatus
  to: CartStatus
  now: number
}>((db, param) =>
  db
    .updateTable('carts')
    .set((set) => ({
      status: param('to'),
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', param('from')),
)

/** Ends a cart for good and frees its session or customer for the next one. */
export const closeCart = preparedWrite<{
  id: string
  from: CartStatus
  to: CartStatus
  now: number
}>((db, param) =>
  db
    .updateTable('carts')
    .set((set) => ({
      status: param('to'),
      session_key: null,
      customer_id: null,
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where(status, '=', param('from')),
)

export interface CartTerms {
  readonly currency?: string
  readonly codes?: string | null
  readonly destination?: string | null
  readonly vat_id?: string | null
}

/** Sets what a cart is priced by, besides its lines. The cart row is locked by then. */
export async function setTerms(tx: Tx, id: string, terms: CartTerms): Promise<void> {
  await tx.updateTable('carts').set(terms).where('id', '=', id).execute()
}

/** Gives a guest's cart to the customer who signed in. */
export const giveCartTo = preparedWrite<{ id: string; customerId: string; now: number }>(
  (db, param) =>
    db
      .updateTable('carts')
      .set((set) => ({
        customer_id: param('customerId'),
        session_key: null,
        version: set('version', '+', 1),
        updated_at: param('now'),
      }))
      .where('id', '=', param('id'))
      .where(status, '=', 'open')
      .where('customer_id', 'is', null),
)

export interface CartLineRow {
  readonly number: number
  readonly id: string
  readonly quantity: number
  /** What the shopper saw when the line was last written. */
  readonly seen_minor: Minor
  readonly variant_id: string
  readonly sku: string
  readonly options: string
  readonly price_minor: Minor
  readonly product_id: string
  readonly product_number: number
  readonly slug: string
  readonly name: string
  readonly status: ProductStatus
  readonly currency: string
  readonly product_version: number
  readonly images: string
  readonly compare_at_minor: Minor | null
  readonly weight_grams: number | null
  readonly tax_class: string
  readonly kind: ProductKind
  readonly available: number
  /** Pieces that may be sold before they are there, beyond `available`. */
  readonly backorder_room: number
  /** When those are promised; UTC milliseconds. */
  readonly promised_at: number | null
  readonly is_plain: 0 | 1
  /** What staff have agreed on instead of the price of the lists. */
  readonly custom_minor?: Minor | null
}

/** The lines of a cart with everything a page about it shows, in the order of adding. */
export const listCartLines = preparedQuery<{ cartId: string }, CartLineRow>((db, param) =>
  db
    .selectFrom('cart_lines as l')
    .innerJoin('variants as v', 'v.id', 'l.variant_id')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select(['l.number', 'l.id', 'l.quantity', 'l.price_minor as seen_minor', 'l.variant_id'])
    .select('l.custom_minor')
    .select(['v.sku', 'v.options', 'v.price_minor', 'p.id as product_id'])
    .select(['p.number as product_number', 'p.slug', 'p.name', 'p.status', 'p.currency'])
    .select(['p.version as product_version', 'p.images', 'p.tax_class', 'p.kind'])
    .select(['v.compare_at_minor', 'v.weight_grams'])
    .select([availableOfVariant(db).as('available'), backorderRoom.as('backorder_room')])
    .select([backorderPromise.as('promised_at'), isPlainArticle.as('is_plain')])
    .where('l.cart_id', '=', param('cartId'))
    .orderBy('l.number'),
)

interface Article {
  readonly variant_id: string
}

const articlesBySession = preparedQuery<{ sessionKey: string }, Article>((db, param) =>
  db
    .selectFrom('carts as c')
    .innerJoin('cart_lines as l', 'l.cart_id', 'c.id')
    .select('l.variant_id')
    .where('c.session_key', '=', param('sessionKey')),
)

const articlesByCustomer = preparedQuery<{ customerId: string }, Article>((db, param) =>
  db
    .selectFrom('carts as c')
    .innerJoin('cart_lines as l', 'l.cart_id', 'c.id')
    .select('l.variant_id')
    .where('c.customer_id', '=', param('customerId')),
)

const articlesOfCart = preparedQuery<{ cartId: string }, Article>((db, param) =>
  db.selectFrom('cart_lines').select('variant_id').where('cart_id', '=', param('cartId')),
)

interface CartOwner {
  readonly customerId: string | undefined
  readonly sessionKey: string | undefined
  readonly draftCartId?: string | undefined
}

/** What is in a shopper's cart, and nothing else about it. */
export async function listArticlesOf(
  db: Db,
  { customerId, sessionKey, draftCartId }: CartOwner,
): Promise<Article[]> {
  if (draftCartId !== undefined) return articlesOfCart(db, { cartId: draftCartId })
  if (customerId !== undefined) return articlesByCustomer(db, { customerId })
  return sessionKey === undefined ? [] : articlesBySession(db, { sessionKey })
}

export interface Sellable {
  readonly variant_id: string
  readonly sku: string
  readonly price_minor: Minor
  readonly status: ProductStatus
  readonly available: number
}

function sellables(db: Db) {
  return db
    .selectFrom('variants as v')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select(['v.id as variant_id', 'v.sku', 'v.price_minor', 'p.status'])
    .select(availableOfVariant(db).as('available'))
    .orderBy('v.position')
    .orderBy('v.id')
}

export const listSellablesByVariant = preparedQuery<{ id: string }, Sellable>((db, param) =>
  sellables(db).where('v.id', '=', param('id')),
)
export const listSellablesByProduct = preparedQuery<{ id: string }, Sellable>((db, param) =>
  sellables(db).where('p.id', '=', param('id')),
)
export const listSellablesByNumber = preparedQuery<{ number: number }, Sellable>((db, param) =>
  sellables(db).where('p.number', '=', param('number')),
)

interface LineWrite {
  readonly cartId: string
  readonly variantId: string
  readonly quantity: number
  readonly priceMinor: Minor
  readonly now: number
}

/** Adds to a line that exists. The cart row is locked by then, so no insert can come between. */
export const addToLine = preparedWrite<LineWrite>((db, param) =>
  db
    .updateTable('cart_lines')
    .set({
      quantity: sql`quantity + ${param('quantity')}`,
      price_minor: param('priceMinor'),
      updated_at: param('now'),
    })
    .where('cart_id', '=', param('cartId'))
    .where('variant_id', '=', param('variantId')),
)

export const insertLine = preparedWrite<LineWrite & { id: string }>((db, param) =>
  db.insertInto('cart_lines').values({
    id: param('id'),
    cart_id: param('cartId'),
    variant_id: param('variantId'),
    quantity: param('quantity'),
    price_minor: param('priceMinor'),
    created_at: param('now'),
    updated_at: param('now'),
  }),
)

/** Sets a line's quantity and accepts the current price, which the answer shows. */
export const setLine = preparedWrite<{
  cartId: string
  id: string
  quantity: number
  priceMinor: Minor
  now: number
}>((db, param) =>
  db
    .updateTable('cart_lines')
    .set({
      quantity: param('quantity'),
      price_minor: param('priceMinor'),
      updated_at: param('now'),
    })
    .where('cart_id', '=', param('cartId'))
    .where('id', '=', param('id')),
)

export const deleteLine = preparedWrite<{ cartId: string; id: string }>((db, param) =>
  db.deleteFrom('cart_lines').where('cart_id', '=', param('cartId')).where('id', '=', param('id')),
)

export const deleteLines = preparedWrite<{ cartId: string }>((db, param) =>
  db.deleteFrom('cart_lines').where('cart_id', '=', param('cartId')),
)

export interface ToldPrice {
  readonly cart_id: string
  /** Of the line. */
  readonly number: number
  readonly told_minor: Minor
  readonly told_at: number
}

/** Writes down the prices that a shopper has been told, which need not be today's any more. */
export const writeToldPrices = bulkUpdate<ToldPrice>({
  table: 'cart_lines',
  columns: { cart_id: 'uuid', number: 'integer', told_minor: 'integer', told_at: 'integer' },
  set: sql`price_minor = d.told_minor, updated_at = d.told_at`,
  where: sql<boolean>`cart_lines.cart_id = d.cart_id and cart_lines.number = d.number`,
})

export interface DraftLine {
  readonly id: string
  readonly cart_id: string
  readonly variant_id: string
  readonly quantity: number
  readonly price_minor: Minor
  readonly custom_minor: Minor | null
  readonly created_at: number
  readonly updated_at: number
}

/** The lines of a cart that staff fill, all at once. */
export const insertDraftLines = bulkInsert<DraftLine>('cart_lines', {
  id: 'uuid',
  cart_id: 'uuid',
  variant_id: 'uuid',
  quantity: 'integer',
  price_minor: 'integer',
  custom_minor: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
})

export interface CustomPrice {
  readonly cart_id: string
  readonly number: number
  readonly agreed_minor: Minor
}

/** Writes what was agreed on for lines whose price had to be known for it. */
export const writeCustomPrices = bulkUpdate<CustomPrice>({
  table: 'cart_lines',
  columns: { cart_id: 'uuid', number: 'integer', agreed_minor: 'integer' },
  set: sql`custom_minor = d.agreed_minor`,
  where: sql<boolean>`cart_lines.cart_id = d.cart_id and cart_lines.number = d.number`,
})

/** Adds the lines of one cart to those of another, where both have the article. */
export const mergeSharedLines = preparedWrite<{ from: string; into: string; now: number }>(
  (_db, param) => sql`update cart_lines set updated_at = ${param('now')},
    quantity = quantity + (select o.quantity from (select * from cart_lines) o
      where o.cart_id = ${param('from')} and o.variant_id = cart_lines.variant_id)
    where cart_id = ${param('into')} and variant_id in (
      select o.variant_id from (select * from cart_lines) o where o.cart_id = ${param('from')})`,
)

/** Moves over the lines that only the other cart has. */
export const moveOtherLines = preparedWrite<{ from: string; into: string }>(
  (_db, param) => sql`update cart_lines set cart_id = ${param('into')}
    where cart_id = ${param('from')} and variant_id not in (
      select o.variant_id from (select * from cart_lines) o where o.cart_id = ${param('into')})`,
)

/** Forgets carts that nobody has touched for the configured time and that never became an order. */
export const deleteExpiredCarts = preparedWrite<{ now: number }>(
  (_db, param) => sql`delete from carts where status = 'open' and expires_at <= ${param('now')}
    and not exists (select 1 from orders o where o.cart_id = carts.id)
    and not exists (select 1 from draft_orders d where d.cart_id = carts.id)`,
)
