import { sql } from 'kysely'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export interface LocationRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly is_default: 0 | 1
  readonly is_active: 0 | 1
  readonly priority: number
  readonly version: number
}

const columns = ['id', 'code', 'name', 'is_default', 'is_active', 'priority', 'version'] as const

const ordered = (db: Db) =>
  db
    .selectFrom('locations')
    .select(columns)
    .orderBy('priority')
    .orderBy('is_default', 'desc')
    .orderBy('code')

const allLocations = preparedQuery<object, LocationRow>((db) => ordered(db))

/** Every location, in the order in which they are asked for goods. */
export const listLocations = (db: Db): Promise<LocationRow[]> => allLocations(db, {})

const serving = preparedQuery<object, { id: string }>((db) =>
  db
    .selectFrom('locations')
    .select('id')
    .where('is_active', '=', 1)
    .orderBy('priority')
    .orderBy('is_default', 'desc')
    .orderBy('code'),
)

/** The locations that sell, in the order in which they are asked. */
export async function listServing(db: Db): Promise<string[]> {
  return (await serving(db, {})).map(({ id }) => id)
}

const defaultLocation = preparedQuery<object, { id: string }>((db) =>
  db.selectFrom('locations').select('id').where('is_default', '=', 1).limit(1),
)

export async function findDefaultLocation(db: Db): Promise<string | undefined> {
  return (await defaultLocation(db, {}))[0]?.id
}

const locationById = preparedQuery<{ id: string }, LocationRow>((db, param) =>
  db.selectFrom('locations').select(columns).where('id', '=', param('id')),
)

export async function findLocation(db: Db, id: string): Promise<LocationRow | undefined> {
  return (await locationById(db, { id }))[0]
}

export function insertLocation(
  tx: Tx,
  location: Pick<LocationRow, 'id' | 'code' | 'name' | 'is_default'> &
    Partial<Pick<LocationRow, 'is_active' | 'priority'>>,
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'locations', location)
}

/** Changes a location that is still at this version; one changed row means that it was. */
export const updateLocation = preparedWrite<
  Pick<LocationRow, 'id' | 'name' | 'priority' | 'is_active' | 'version'>
>((db, param) =>
  db
    .updateTable('locations')
    .set((set) => ({
      name: param('name'),
      priority: param('priority'),
      is_active: param('is_active'),
      version: set('version', '+', 1),
    }))
    .where('id', '=', param('id'))
    .where('version', '=', param('version')),
)

/** Makes one the default: the others lose it in the same statement. */
export const moveDefault = preparedWrite<{ id: string }>((db, param) =>
  db
    .updateTable('locations')
    .set({ is_default: sql<0 | 1>`case when id = ${param('id')} then 1 else 0 end` }),
)

/** Opens or closes all shelves of a location to buyers. */
export const switchShelves = preparedWrite<{ id: string; isActive: 0 | 1 }>((db, param) =>
  db
    .updateTable('stock')
    .set({ is_active: param('isActive') })
    .where('location_id', '=', param('id')),
)
