import type { Minor } from '../../core/money.ts'
import type { ShippingKind } from '../../core/pricing/shipping.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'

export interface MethodRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly description: string
  readonly price_minor: Minor
  readonly free_from_minor: Minor | null
  readonly days_min: number
  readonly days_max: number
  readonly position: number
  readonly is_active: 0 | 1
  readonly kind: ShippingKind
  readonly zone_id: string | null
  /** JSON */
  readonly tariffs: string | null
  readonly weight_max_grams: number | null
  readonly version: number
}

const methods = (db: Db) =>
  db
    .selectFrom('shipping_methods')
    .select(['id', 'code', 'name', 'description', 'price_minor', 'free_from_minor'])
    .select(['days_min', 'days_max', 'position', 'is_active', 'kind', 'zone_id', 'tariffs'])
    .select(['weight_max_grams', 'version'])
    .orderBy('position')
    .orderBy('code')

/** All methods, in the order in which they are offered. */
export const listMethodRows = preparedQuery<object, MethodRow>((db) => methods(db))

const methodById = preparedQuery<{ id: string }, MethodRow>((db, param) =>
  methods(db).where('id', '=', param('id')),
)

export async function findMethod(db: Db, id: string): Promise<MethodRow | undefined> {
  return (await methodById(db, { id }))[0]
}

export type NewMethodRow = Omit<MethodRow, 'version'>

export function insertMethod(tx: Tx, method: NewMethodRow): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'shipping_methods', { ...method })
}

/** Replaces a method if it is still at `version`, where one is demanded; says whether it was. */
export async function updateMethod(
  tx: Tx,
  at: { id: string; version: number | undefined },
  row: Omit<NewMethodRow, 'id'>,
): Promise<boolean> {
  const { id, version } = at
  const { numUpdatedRows } = await tx
    .updateTable('shipping_methods')
    .set((set) => ({ ...row, version: set('version', '+', 1) }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function deleteMethod(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('shipping_methods').where('id', '=', id).execute()
}

export interface ZoneRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly countries: string | null
  readonly regions: string | null
  readonly postcodes: string | null
  readonly version: number
}

const zones = (db: Db) =>
  db
    .selectFrom('shipping_zones')
    .select(['id', 'code', 'name', 'countries', 'regions', 'postcodes', 'version'])
    .orderBy('code')

export const listZoneRows = preparedQuery<object, ZoneRow>((db) => zones(db))

const zoneById = preparedQuery<{ id: string }, ZoneRow>((db, param) =>
  zones(db).where('id', '=', param('id')),
)

export async function findZone(db: Db, id: string): Promise<ZoneRow | undefined> {
  return (await zoneById(db, { id }))[0]
}

export function insertZone(
  tx: Tx,
  row: Omit<ZoneRow, 'version'> & { created_at: number; updated_at: number },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'shipping_zones', { ...row })
}

export async function updateZone(
  tx: Tx,
  at: { id: string; version: number | undefined },
  row: Omit<ZoneRow, 'id' | 'code' | 'version'> & { updated_at: number },
): Promise<boolean> {
  const { id, version } = at
  const { numUpdatedRows } = await tx
    .updateTable('shipping_zones')
    .set((set) => ({ ...row, version: set('version', '+', 1) }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function isZoneUsed(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('shipping_methods')
    .select('id')
    .where('zone_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function deleteZone(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('shipping_zones').where('id', '=', id).execute()
}
