import { sql } from 'kysely'
import type { Db } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'
import type { UnitEventKind, UnitState } from './tables.ts'

export interface UnitRow {
  readonly number: number
  readonly id: string
  readonly serial: string
  readonly state: UnitState
  readonly variant_id: string
  readonly sku: string
  readonly product_id: string
  readonly product_number: number
  readonly product_name: string
  readonly location_id: string
  readonly location_code: string
  readonly order_id: string | null
  readonly order_line_id: string | null
  readonly order_number: number | null
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

function units(db: Db) {
  return db
    .selectFrom('units as u')
    .innerJoin('variants as v', 'v.id', 'u.variant_id')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .innerJoin('locations as l', 'l.id', 'u.location_id')
    .leftJoin('orders as o', 'o.id', 'u.order_id')
    .select(['u.number', 'u.id', 'u.serial', 'u.state', 'u.variant_id', 'v.sku'])
    .select(['p.id as product_id', 'p.number as product_number', 'p.name as product_name'])
    .select(['u.location_id', 'l.code as location_code', 'u.order_id', 'o.number as order_number'])
    .select(['u.order_line_id', 'u.version', 'u.created_at', 'u.updated_at'])
}

const unitById = preparedQuery<{ id: string }, UnitRow>((db, param) =>
  units(db).where('u.id', '=', param('id')),
)
const unitBySerial = preparedQuery<{ serialKey: string }, UnitRow>((db, param) =>
  units(db).where('u.serial_key', '=', param('serialKey')),
)

/** A unit by its id or its serial number in capitals. */
export async function findUnit(
  db: Db,
  by: { readonly id: string } | { readonly serialKey: string },
): Promise<UnitRow | undefined> {
  return ('id' in by ? await unitById(db, by) : await unitBySerial(db, by))[0]
}

export interface UnitFilter {
  /** The beginning of a serial number, in capitals. */
  readonly serialKey?: string | undefined
  readonly state?: UnitState | undefined
  readonly variantId?: string | undefined
  readonly orderId?: string | undefined
}

/** Newest first; `before` is the number of the last unit of the page before. */
export function listUnitRows(
  db: Db,
  { serialKey, state, variantId, orderId }: UnitFilter,
  { before, limit }: { before: number | undefined; limit: number },
): Promise<UnitRow[]> {
  let query = units(db).orderBy('u.number', 'desc').limit(limit)
  if (serialKey !== undefined) {
    // Every character that a serial number may have comes before this one.
    query = query.where('u.serial_key', '>=', serialKey)
    query = query.where('u.serial_key', '<', `${serialKey}\u007f`)
  }
  if (state !== undefined) query = query.where('u.state', '=', state)
  if (variantId !== undefined) query = query.where('u.variant_id', '=', variantId)
  if (orderId !== undefined) query = query.where('u.order_id', '=', orderId)
  if (before !== undefined) query = query.where('u.number', '<', before)
  return query.execute()
}

export interface UnitEventRow {
  readonly version: number
  readonly kind: UnitEventKind
  readonly state: UnitState
  readonly serial: string
  readonly location_code: string
  readonly order_id: string | null
  readonly order_number: number | null
  readonly actor: string
  readonly note: string | null
  readonly created_at: number
}

/** What happened to a unit, in its order. */
export const listUnitEvents = preparedQuery<{ unitId: string }, UnitEventRow>((db, param) =>
  db
    .selectFrom('unit_events as e')
    .innerJoin('locations as l', 'l.id', 'e.location_id')
    .leftJoin('orders as o', 'o.id', 'e.order_id')
    .select(['e.version', 'e.kind', 'e.state', 'e.serial', 'l.code as location_code'])
    .select(['e.order_id', 'o.number as order_number', 'e.actor', 'e.note', 'e.created_at'])
    .where('e.unit_id', '=', param('unitId'))
    .orderBy('e.version'),
)

export interface LineUnitRow {
  readonly order_line_id: string
  readonly serial: string
  /** Still with the customer, and not with a later one. */
  readonly is_out: 0 | 1
}

/** The units that lines of orders have named, in the order of sale. `ids` is JSON of {id}. */
export const listUnitsOfOrders = preparedQuery<{ ids: string }, LineUnitRow>(
  (db, param) => sql<LineUnitRow>`
    select distinct e.order_line_id, u.serial, u.number,
      case when u.state = 'sold' and u.order_line_id = e.order_line_id then 1 else 0 end as is_out
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join unit_events e on e.order_id = d.id and e.kind = 'sold'
    join units u on u.id = e.unit_id
    where e.order_line_id is not null
      and not exists (select 1 from unit_events r where r.unit_id = e.unit_id
        and r.kind = 'replaced' and r.order_id = e.order_id and r.version > e.version)
    order by e.order_line_id, u.number`,
)

export interface NewUnit {
  readonly id: string
  readonly variant_id: string
  readonly serial: string
  readonly serial_key: string
  readonly location_id: string
  readonly received_at: number
}

const newUnitColumns = {
  id: 'uuid',
  variant_id: 'uuid',
  serial: 'text',
  serial_key: 'text',
  location_id: 'uuid',
  received_at: 'integer',
} as const

/** Puts units back on the shelf that were scrapped, or followed no longer, and have turned up. */
export const reviveUnits = preparedWrite<{ rows: string }>((db, param) =>
  db.dialect.updateJoined({
    table: 'units',
    source: db.dialect.jsonRows(param('rows'), {
      found_key: 'text',
      found_variant: 'uuid',
      found_place: 'uuid',
      found_at: 'integer',
    }),
    alias: 'd',
    set: sql`state = 'available', location_id = d.found_place, version = version + 1,
      updated_at = d.found_at`,
    where: sql<boolean>`units.serial_key = d.found_key and units.variant_id = d.found_variant
      and coalesce(units.state, '') = 'scrapped'`,
  }),
)

/** Writes those units of which there is no serial number yet. */
export const insertNewUnits = preparedWrite<{ rows: string }>(
  (db, param) => sql`insert into units (id, variant_id, serial, serial_key, state, location_id,
      created_at, updated_at)
    select d.id, d.variant_id, d.serial, d.serial_key, 'available', d.location_id, d.received_at,
      d.received_at
    from ${db.dialect.jsonRows(param('rows'), newUnitColumns)} as d
    where not exists (select 1 from units u where u.serial_key = d.serial_key)
    order by d.id`,
)

export interface NamedUnit {
  readonly id: string
  readonly serial: string
  readonly state: UnitState
  readonly updated_at: number
}

/** Units with these serial numbers. `keys` is a JSON array of {serial_key}. */
export const listBySerial = preparedQuery<{ keys: string }, NamedUnit>(
  (db, param) => sql<NamedUnit>`
    select u.id, u.serial, u.state, u.updated_at
    from ${db.dialect.jsonRows(param('keys'), { serial_key: 'text' })} d
    join units u on u.serial_key = d.serial_key order by u.number`,
)

/** What an event says besides what the unit is now. */
export interface EventFacts {
  readonly kind: UnitEventKind
  readonly actor: string
  readonly note: string | null
  readonly created_at: number
}

const factColumns = { kind: 'text', actor: 'text', note: 'text', created_at: 'integer' } as const

/** Notes what units have become, of those whose last change has not been noted yet. */
const noteChanges = (facts: ReturnType<typeof sql>) => sql`insert into unit_events
    (unit_id, version, kind, state, serial, location_id, order_id, order_line_id, actor, note,
      created_at)
  select u.id, u.version, f.kind, u.state, u.serial, u.location_id, u.order_id, u.order_line_id,
    f.actor, f.note, f.created_at
  from ${facts} f`

const isUnnoted = sql`not exists
  (select 1 from unit_events e where e.unit_id = u.id and e.version = u.version)`

interface Noted {
  /** JSON: one EventFacts in an array. */
  readonly facts: string
}

/** `keys` is a JSON array of {serial_key}. */
export const noteBySerial = preparedWrite<Noted & { keys: string }>(
  (db, param) => sql`${noteChanges(db.dialect.jsonRows(param('facts'), factColumns))}
    cross join ${db.dialect.jsonRows(param('keys'), { serial_key: 'text' })} d
    join units u on u.serial_key = d.serial_key where ${isUnnoted}`,
)

export const noteByOrder = preparedWrite<Noted & { orderId: string }>(
  (db, param) => sql`${noteChanges(db.dialect.jsonRows(param('facts'), factColumns))}
    join units u on u.order_id = ${param('orderId')} where ${isUnnoted}`,
)

export const noteByUnit = preparedWrite<Noted & { id: string }>(
  (db, param) => sql`${noteChanges(db.dialect.jsonRows(param('facts'), factColumns))}
    join units u on u.id = ${param('id')} where ${isUnnoted}`,
)

export const noteByVariant = preparedWrite<Noted & { variantId: string }>(
  (db, param) => sql`${noteChanges(db.dialect.jsonRows(param('facts'), factColumns))}
    join units u on u.variant_id = ${param('variantId')} where ${isUnnoted}`,
)

/** A change of one unit; the version that was read is the guard. */
export const moveUnit = preparedWrite<{
  id: string
  version: number
  state: UnitState
  serial: string
  serialKey: string
  locationId: string
  now: number
}>((db, param) =>
  db
    .updateTable('units')
    .set((set) => ({
      state: param('state'),
      serial: param('serial'),
      serial_key: param('serialKey'),
      location_id: param('locationId'),
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where('version', '=', param('version')),
)

/** Lets go of all units that are on the shelf of an article. */
export const dropUnits = preparedWrite<{ variantId: string; now: number }>(
  (_db, param) => sql`update units set state = 'scrapped', version = version + 1,
      updated_at = ${param('now')}
    where variant_id = ${param('variantId')} and state in ('available', 'reserved')`,
)
