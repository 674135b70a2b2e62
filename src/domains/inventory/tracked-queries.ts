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
  /** Set aside: on hand, and not for sale. */
  readonly withheld: number
  readonly is_tracked: 0 | 1
}

/** The stock of an article at every place, in the order of its locks. */
export const listStockPlaces = preparedQuery<{ variantId: string }, TrackedStock>((db, param) =>
  db
    .selectFrom('stock as s')
    .innerJoin('variants as v', 'v.id', 's.variant_id')
    .innerJoin('locations as l', 'l.id', 's.location_id')
    .select(['s.variant_id', 's.location_id', 'l.code as location_code', 's.product_id', 'v.sku'])
    .select(['s.on_hand', 's.reserved', 's.withheld', 's.is_tracked'])
    .where('s.variant_id', '=', param('variantId'))
    .orderBy('s.location_id'),
)

/**
 * Changes what is on the shelf in units, and how many of them are set aside; never below what is
 * reserved. By 0 and 0 it only locks the shelf.
 */
export const adjustTracked = preparedWrite<{
  variantId: string
  locationId: string
  quantity: number
  aside: number
}>((db, param) =>
  db
    .updateTable('stock')
    .set({
      on_hand: sql`on_hand + ${param('quantity')}`,
      withheld: sql`withheld + ${param('aside')}`,
    })
    .where('variant_id', '=', param('variantId'))
    .where('location_id', '=', param('locationId'))
    .where(sql<boolean>`on_hand + ${param('quantity')} >= reserved + withheld + ${param('aside')}`)
    .where(sql<boolean>`withheld + ${param('aside')} >= 0`)
    .where('is_tracked', '=', 1),
)

/** Switches tracking at every place of an article; as many rows as were tracked otherwise. */
export const switchTracking = preparedWrite<{ variantId: string; to: 0 | 1 }>((db, param) =>
  db
    .updateTable('stock')
    .set({ is_tracked: param('to'), withheld: 0 })
    .where('variant_id', '=', param('variantId'))
    .where('is_tracked', '<>', param('to')),
)

const locationByCode = preparedQuery<{ code: string }, { id: string }>((db, param) =>
  db.selectFrom('locations').select('id').where('code', '=', param('code')),
)
const locationById = preparedQuery<{ id: string }, { id: string }>((db, param) =>
  db.selectFrom('locations').select('id').where('id', '=', param('id')),
)
const defaultLocation = preparedQuery<object, { id: string }>((db) =>
  db.selectFrom('locations').select('id').where('is_default', '=', 1),
)

/** The place with this id or code, or the default one. */
export async function findPlace(
  tx: Tx,
  by: { readonly id: string } | { readonly code: string } | undefined,
): Promise<string | undefined> {
  if (by === undefined) return (await defaultLocation(tx, {}))[0]?.id
  const found = 'id' in by ? await locationById(tx, by) : await locationByCode(tx, by)
  return found[0]?.id
}
