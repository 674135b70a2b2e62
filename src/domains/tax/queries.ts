import { bulkInsert } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'
import type { TaxRateTable } from './tables.ts'

export interface ZoneRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly countries: string | null
  readonly regions: string | null
  readonly postcodes: string | null
  readonly is_inclusive: 0 | 1
  readonly rounding: string
  readonly round_per: 'total' | 'line'
  readonly shipping_class: string | null
  readonly has_reverse_charge: 0 | 1
  readonly version: number
}

const zones = (db: Db) =>
  db
    .selectFrom('tax_zones')
    .select(['id', 'code', 'name', 'countries', 'regions', 'postcodes', 'is_inclusive'])
    .select(['rounding', 'round_per', 'shipping_class', 'has_reverse_charge', 'version'])
    .orderBy('code')

export const listZoneRows = preparedQuery<object, ZoneRow>((db) => zones(db))

const zoneById = preparedQuery<{ id: string }, ZoneRow>((db, param) =>
  zones(db).where('id', '=', param('id')),
)

export async function findZone(db: Db, id: string): Promise<ZoneRow | undefined> {
  return (await zoneById(db, { id }))[0]
}

export type RateRow = TaxRateTable

export const listRateRows = preparedQuery<object, RateRow>((db) =>
  db.selectFrom('tax_rates').selectAll().orderBy('zone_id').orderBy('position').orderBy('id'),
)

export const listRatesOf = preparedQuery<{ zoneId: string }, RateRow>((db, param) =>
  db
    .selectFrom('tax_rates')
    .selectAll()
    .where('zone_id', '=', param('zoneId'))
    .orderBy('position')
    .orderBy('id'),
)

const taxClassNames = preparedQuery<object, { tax_class: string }>((db) =>
  db.selectFrom('tax_rates').select('tax_class').distinct().orderBy('tax_class'),
)

export const listTaxClasses = (db: Db) => taxClassNames(db, {})

export type NewZoneRow = Omit<ZoneRow, 'version'> & {
  readonly created_at: number
  readonly updated_at: number
}

export const insertZones = bulkInsert<NewZoneRow>('tax_zones', {
  id: 'uuid',
  code: 'text',
  name: 'text',
  countries: 'json',
  regions: 'json',
  postcodes: 'json',
  is_inclusive: 'integer',
  rounding: 'text',
  round_per: 'text',
  shipping_class: 'text',
  has_reverse_charge: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
})

export const insertRates = bulkInsert<RateRow>('tax_rates', {
  id: 'uuid',
  zone_id: 'uuid',
  tax_class: 'text',
  name: 'text',
  percent: 'text',
  is_compound: 'integer',
  position: 'integer',
  starts_at: 'integer',
  ends_at: 'integer',
})

/** Replaces a zone if it is still at `version`, where one is demanded; says whether it was. */
export async function updateZone(
  tx: Tx,
  at: { id: string; version: number | undefined },
  row: Omit<NewZoneRow, 'id' | 'created_at'>,
): Promise<boolean> {
  const { id, version } = at
  const { numUpdatedRows } = await tx
    .updateTable('tax_zones')
    .set((set) => ({
      ...row,
      rounding: row.rounding as 'half-up',
      version: set('version', '+', 1),
    }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function deleteRatesOf(tx: Tx, zoneId: string): Promise<void> {
  await tx.deleteFrom('tax_rates').where('zone_id', '=', zoneId).execute()
}

export async function deleteZone(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tax_zones').where('id', '=', id).execute()
}
