import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { differences, record } from '../audit/log.ts'
import {
  findLocation,
  insertLocation,
  listLocations,
  moveDefault,
  switchShelves,
  updateLocation,
  type LocationRow,
} from './location-queries.ts'

export interface NewLocation {
  readonly code: string
  readonly name: string
  readonly priority: number
  readonly isActive: boolean
}

/** Opens a place to keep goods at. Refuses a code that another one has (ALREADY_EXISTS). */
export async function createLocation(ctx: Context, location: NewLocation): Promise<LocationRow> {
  const { code, name, priority, isActive } = location
  const id = ctx.newId()
  return ctx.db.transaction(async (tx) => {
    const row = { id, code, name, priority, is_default: 0 as const, is_active: flag(isActive) }
    if (!(await insertLocation(tx, row))) {
      throw new ShopError('ALREADY_EXISTS', { resource: 'location', field: 'code' })
    }
    const subject = ['location', id] as const
    await record(ctx, tx, { action: 'location.created', subject, after: location })
    return { ...row, version: 1 }
  })
}

const flag = (is: boolean): 0 | 1 => (is ? 1 : 0)

export interface LocationChange {
  readonly name?: string | undefined
  readonly priority?: number | undefined
  readonly isActive?: boolean | undefined
  /** There is always one default: another one is made the default, none is unmade. */
  readonly isDefault?: boolean | undefined
}

/**
 * Changes a location, if it is still at this version (VERSION_CONFLICT). One that is not active
 * sells nothing; what was reserved there before is still sent from there. The default location is
 * always active (IN_USE).
 */
export async function changeLocation(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  change: LocationChange,
): Promise<LocationRow> {
  if (change.isDefault === false) throw invalid('is_default', 'can only be given to another one')
  return ctx.db.transaction(async (tx) => {
    const before = await getLocation(tx, id)
    const row = {
      id,
      name: change.name ?? before.name,
      priority: change.priority ?? before.priority,
      is_active: change.isActive === undefined ? before.is_active : flag(change.isActive),
      version: version ?? before.version,
    }
    const isDefault = change.isDefault ?? before.is_default === 1
    if (isDefault && row.is_active === 0) {
      throw new ShopError('IN_USE', { resource: 'The default location' })
    }
    if ((await updateLocation(tx, row)).changes !== 1) {
      throw new ShopError('VERSION_CONFLICT', { current: before.version })
    }
    if (change.isDefault === true) await moveDefault(tx, { id })
    if (row.is_active !== before.is_active) {
      await switchShelves(tx, { id, isActive: row.is_active })
    }
    const after = await getLocation(tx, id)
    const [old, now] = differences(before, after)
    const subject = ['location', id] as const
    await record(ctx, tx, { action: 'location.changed', subject, before: old, after: now })
    return after
  })
}

export async function getLocation(tx: Tx, id: string): Promise<LocationRow> {
  const row = await findLocation(tx, id)
  if (!row) throw notFound('Location')
  return row
}

export { listLocations, type LocationRow }
