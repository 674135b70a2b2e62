import { sql } from 'kysely'
import type { Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export interface TrackedStock {
  readonly variant_id: string
  readonly location_id: string
  readonly location_code: string
  readonly product_id: string
  readonly sku: string
  readonly on_hand: number
  readonly reserved: number
  readonly is_tracked: 0 | 1
}

/** The stock of an article at every place, in the order of its locks. */
export const listStockPlaces = preparedQuery<{ variantId: string }, TrackedStock>((db, param) =>
  db
    .selectFrom('stock as s')
    .innerJoin('variants as v', 'v.id', 's.variant_id')
    .innerJoin('locations as l', 'l.id', 's.location_id')
    .select(['s.variant_id', 's.location_id', 'l.code as location_code', 's.product_id', 'v.sku'])
    .select(['s.on_hand', 's.reserved', 's.is_tracked'])
    .where('s.variant_id', '=', param('variantId'))
    .orderBy('s.location_id'),
)

/** Adds to (or takes from) what is on the shelf in units, never below what is reserved. */
export const adjustTracked = preparedWrite<{
  variantId: string
  locationId: string
  quantity: number
}>((db, param) =>
  db
    .updateTable('stock')
    .set({ on_hand: sql`on_hand + ${param('quantity')}` })
    .where('variant_id', '=', param('variantId'))
    .where('location_id', '=', param('locationId'))
    .where(sql<boolean>`on_hand + ${param('quantity')} >= reserved`)
    .where('is_tracked', '=', 1),
)

/** Switches tracking at every place of an article; as many rows as were tracked otherwise. */
export const switchTracking = preparedWrite<{ variantId: string; to: 0 | 1 }>((db, param) =>
  db
    .updateTable('stock')
    .set({ is_tracked: param('to') })
    .where('variant_id', '=', param('variantId'))
    .where('is_tracked', '<>', param('to')),
)

const locationByCode = preparedQuery<{ code: string }, { id: string }>((db, param) =>
  db.selectFrom('locations').select('id').where('code', '=', param('code')),
)
const defaultLocation = preparedQuery<object, { id: string }>((db) =>
  db.selectFrom('locations').select('id').where('is_default', '=', 1),
)

/** The place with this code, or the default one. */
export async function findPlace(tx: Tx, code: string | undefined): Promise<string | undefined> {
  const found = code === undefined ? defaultLocation(tx, {}) : locationByCode(tx, { code })
  return (await found)[0]?.id
}
