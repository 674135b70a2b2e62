import { randomUUID } from 'node:crypto'
import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Change, Db, Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { record } from '../audit/log.ts'
import { StaleReadError } from '../../db/errors.ts'
import { changeShelf, placeNamed, unitsArrive } from '../inventory/tracked.ts'
import { factsOf } from './facts.ts'
import {
  findUnit,
  insertNewUnits,
  listBySerial,
  listUnitEvents,
  listUnitRows,
  moveUnit,
  noteBySerial,
  noteByUnit,
  reviveUnits,
  type NamedUnit,
  type UnitEventRow,
  type UnitFilter,
  type UnitRow,
} from './queries.ts'
import type { UnitEventKind, UnitState } from './tables.ts'

/** Serial numbers that differ in case alone are one: clerks type what they see. */
export const serialKey = (serial: string): string => serial.toUpperCase()

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A unit by its id or its serial number. Throws NOT_FOUND. */
export async function getUnit(db: Db, name: string): Promise<UnitRow> {
  const byId = uuid.test(name) ? await findUnit(db, { id: name.toLowerCase() }) : undefined
  const unit = byId ?? (await findUnit(db, { serialKey: serialKey(name) }))
  if (!unit) throw notFound('Unit')
  return unit
}

export interface UnitWithHistory {
  readonly unit: UnitRow
  readonly history: readonly UnitEventRow[]
}

export async function getUnitWithHistory(db: Db, name: string): Promise<UnitWithHistory> {
  const unit = await getUnit(db, name)
  return { unit, history: await listUnitEvents(db, { unitId: unit.id }) }
}

export interface UnitSearch extends Omit<UnitFilter, 'serialKey'> {
  /** The beginning of a serial number, in any case. */
  readonly serial?: string | undefined
}

/** Newest first. */
export function searchUnits(
  ctx: Context,
  { serial, ...filter }: UnitSearch,
  page: { before: number | undefined; limit: number },
): Promise<UnitRow[]> {
  const key = serial === undefined ? {} : { serialKey: serialKey(serial) }
  return listUnitRows(ctx.db.read, { ...filter, ...key }, page)
}

/** Serial numbers where nobody has any: random UUIDs, as the units door has them. */
export const newSerials = (count: number): string[] =>
  Array.from({ length: count }, () => randomUUID())

export interface Shelved {
  readonly variantId: string
  readonly locationId: string
  readonly serials: readonly string[]
  readonly kind: UnitEventKind
  readonly note: string | undefined
}

/**
 * Writes units that are on the shelf, whose stock was booked in this transaction. A serial number
 * of the same article that was scrapped is that unit again; any other that is taken is refused
 * (ALREADY_EXISTS), and one that is given twice (VALIDATION_ERROR). Three statements, however many.
 */
export async function shelve(
  ctx: Context,
  tx: Tx,
  { variantId, locationId, serials, kind, note }: Shelved,
): Promise<void> {
  if (serials.length === 0) return
  refuseDoubles(serials)
  const [now, keys] = [ctx.clock.now(), serials.map(serialKey)]
  const found = keys.map((found_key) => ({
    ...{ found_key, found_variant: variantId, found_place: locationId, found_at: now },
  }))
  const rows = serials.map((serial) => ({
    ...{ id: ctx.newId(), variant_id: variantId, serial, serial_key: serialKey(serial) },
    ...{ location_id: locationId, received_at: now },
  }))
  const keyRows = JSON.stringify(keys.map((serial_key) => ({ serial_key })))
  const revived = await reviveUnits(tx, { rows: JSON.stringify(found) })
  const isNew = await takenAs(tx, () => insertNewUnits(tx, { rows: JSON.stringify(rows) }))
  if (revived.changes + isNew.changes !== serials.length) {
    throw await takenSerials(tx, keyRows, now)
  }
  await noteBySerial(tx, { keys: keyRows, facts: factsOf(ctx, kind, note) })
}

function refuseDoubles(serials: readonly string[]): void {
  const seen = new Set<string>()
  for (const [index, serial] of serials.entries()) {
    if (seen.has(serialKey(serial))) throw invalid(`serial_numbers.${index}`, 'is given twice')
    seen.add(serialKey(serial))
  }
}

/** Names the serial numbers that other units have: those that were not written just now. */
async function takenSerials(tx: Tx, keys: string, now: number): Promise<ShopError> {
  const known = await listBySerial(tx, { keys })
  const taken = known.filter((unit) => unit.state !== 'available' || unit.updated_at !== now)
  return serialTaken(taken.slice(0, namedMax).map(({ serial }) => serial))
}

const namedMax = 20

function serialTaken(serials: readonly string[]): ShopError {
  return new ShopError('ALREADY_EXISTS', { resource: 'unit', field: 'serial_number', serials })
}

/** Somebody else may have written the same serial number at the same moment. */
async function takenAs<T>({ dialect }: Tx, write: () => Promise<T>): Promise<T> {
  return write().catch((error: unknown) => {
    throw takenColumn(dialect, error) === 'serial_key' ? serialTaken([]) : error
  })
}

export interface Receipt {
  readonly variantId: string
  /** The code or id of a place; the default one if left out. */
  readonly location: string | undefined
  readonly serials: readonly string[]
  readonly note: string | undefined
}

/**
 * Receives units: each goes on the shelf with its serial number, and one receipt is booked for all.
 * Refuses an article that is not tracked by unit (NOT_TRACKED_BY_UNIT).
 */
export async function receiveUnits(
  ctx: Context,
  tx: Tx,
  { variantId, location, serials, note }: Receipt,
): Promise<NamedUnit[]> {
  const locationId = await placeNamed(tx, location)
  const quantity = serials.length
  const name = () => shelve(ctx, tx, { variantId, locationId, serials, kind: 'received', note })
  await unitsArrive(ctx, tx, { variantId, locationId, quantity, kind: 'receipt', note, name })
  const after = { location_id: locationId, serials: serials.slice(0, namedMax), quantity, note }
  await record(ctx, tx, { action: 'units.received', subject: ['variant', variantId], after })
  const keys = JSON.stringify(serials.map((serial) => ({ serial_key: serialKey(serial) })))
  return listBySerial(tx, { keys })
}

export interface UnitMove {
  /** Its id or its serial number. */
  readonly name: string
  readonly note: string | undefined
}

interface Move extends UnitMove {
  readonly kind: UnitEventKind
  readonly from: readonly UnitState[]
  readonly to: UnitState
}

/** A customer has brought a unit back: it is theirs no longer, and not for sale yet. */
export function takeBack(ctx: Context, tx: Tx, { name, note }: UnitMove): Promise<UnitRow> {
  return move(ctx, tx, { name, kind: 'returned', from: ['sold'], to: 'returned', note })
}

/** A unit that came back is for sale again. */
export function restockUnit(ctx: Context, tx: Tx, { name, note }: UnitMove): Promise<UnitRow> {
  return move(ctx, tx, { name, kind: 'restocked', from: ['returned'], to: 'available', note })
}

/** A unit is broken or lost: it is not for sale any more. Refuses one that is reserved or sold. */
export function scrapUnit(ctx: Context, tx: Tx, { name, note }: UnitMove): Promise<UnitRow> {
  const from = ['available', 'returned'] as const
  return move(ctx, tx, { name, kind: 'scrapped', from, to: 'scrapped', note })
}

/** Sets a unit aside: it stays on the shelf, and nobody can buy it. */
export function reserveUnit(ctx: Context, tx: Tx, { name, note }: UnitMove): Promise<UnitRow> {
  return move(ctx, tx, { name, kind: 'reserved', from: ['available'], to: 'reserved', note })
}

/** A unit that was set aside is for sale again. */
export function releaseUnit(ctx: Context, tx: Tx, { name, note }: UnitMove): Promise<UnitRow> {
  return move(ctx, tx, { name, kind: 'released', from: ['reserved'], to: 'available', note })
}

const isOnShelf = (state: UnitState): boolean => state === 'available' || state === 'reserved'

/** Books what happens to the shelf first: the stock's row is the first lock. */
async function move(ctx: Context, tx: Tx, { name, kind, from, to, note }: Move): Promise<UnitRow> {
  const unit = await getUnit(tx, name)
  const { serial, state, variant_id: variantId, location_id: locationId } = unit
  if (!from.includes(state)) throw new ShopError('UNIT_STATE', { serial, state })
  const place = { variantId, locationId }
  const quantity = Number(isOnShelf(to)) - Number(isOnShelf(state))
  const aside = Number(to === 'reserved') - Number(state === 'reserved')
  const booked = `${serial}${note === undefined ? '' : `: ${note}`}`
  const after = { state: to, serial, locationId }
  const save = () => noteChange(ctx, tx, { unit, after, kind, note })
  if (quantity > 0) {
    await unitsArrive(ctx, tx, { ...place, quantity, kind: 'return', note: booked, name: save })
  } else {
    if (quantity !== 0 || aside !== 0)
      await changeShelf(ctx, tx, { ...place, quantity, aside, note: booked })
    await save()
  }
  return getUnit(tx, unit.id)
}

/** Corrects a serial number that was mistyped. Refuses one that is taken (ALREADY_EXISTS). */
export async function correctSerial(
  ctx: Context,
  tx: Tx,
  { name, serial, note }: UnitMove & { readonly serial: string },
): Promise<UnitRow> {
  const unit = await getUnit(tx, name)
  const after = { state: unit.state, serial, locationId: unit.location_id }
  await noteChange(ctx, tx, { unit, after, kind: 'corrected', note })
  return getUnit(tx, unit.id)
}

export interface NotedChange {
  /** As it was read: its version is the guard. */
  readonly unit: UnitRow
  readonly after: {
    readonly state: UnitState
    readonly serial: string
    readonly locationId: string
  }
  readonly kind: UnitEventKind
  readonly note: string | undefined
  /** Another write than the plain one. */
  readonly by?: () => Promise<Change>
}

/** Writes what a unit has become, if it is still what was read, and notes it. */
export async function noteChange(ctx: Context, tx: Tx, change: NotedChange): Promise<void> {
  const { unit, after, kind, note } = change
  const { id, version, serial, state } = unit
  const row = { id, version, ...after, serialKey: serialKey(after.serial), now: ctx.clock.now() }
  const plain = () => moveUnit(tx, row)
  const { changes } = await takenAs(tx, change.by ?? plain)
  if (changes !== 1) throw new StaleReadError(`unit ${serial} was changed by somebody else`)
  await noteByUnit(tx, { id, facts: factsOf(ctx, kind, note) })
  const before = { serial_number: serial, state }
  const facts = { serial_number: after.serial, state: after.state, note }
  await record(ctx, tx, { action: `unit.${kind}`, subject: ['unit', id], before, after: facts })
}

export type { UnitEventRow, UnitRow }
