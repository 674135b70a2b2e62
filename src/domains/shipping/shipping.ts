import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { currencyDigits, minor } from '../../core/money.ts'
import type { ShippingKind, ShippingMethod, Tariff } from '../../core/pricing/shipping.ts'
import type { Db, Tx } from '../../db/database.ts'
import { pricingChanged } from '../pricing/version.ts'
import {
  deleteMethod,
  deleteZone,
  findMethod,
  findZone,
  insertMethod,
  insertZone,
  isZoneUsed,
  listMethodRows,
  listZoneRows,
  updateMethod,
  updateZone,
  type MethodRow,
  type ZoneRow,
} from './queries.ts'

/** A method with everything staff may change about it. */
export interface StoredMethod extends ShippingMethod {
  readonly id: string
  readonly description: string
  readonly zoneId: string | undefined
  readonly position: number
  readonly isActive: boolean
  readonly version: number
}

/** All methods, in the order in which they are offered, with the zones they are for. */
export async function listStoredMethods(ctx: Context, db: Db): Promise<StoredMethod[]> {
  const zones = new Map((await listZoneRows(db, {})).map((zone) => [zone.id, zone]))
  return (await listMethodRows(db, {})).map((row) => methodOf(ctx, row, zones))
}

function methodOf(ctx: Context, row: MethodRow, zones: ReadonlyMap<string, ZoneRow>): StoredMethod {
  const zone = row.zone_id === null ? undefined : zones.get(row.zone_id)
  return {
    id: row.id,
    code: row.code,
    name: row.name,
    description: row.description,
    kind: row.kind,
    tariffs: tariffsOf(ctx, row),
    ...(zone ? { area: areaOf(zone) } : {}),
    zoneId: row.zone_id ?? undefined,
    weightMaxGrams: row.weight_max_grams ?? undefined,
    daysMin: row.days_min,
    daysMax: row.days_max,
    position: row.position,
    isActive: row.is_active === 1,
    version: row.version,
  }
}

function tariffsOf({ config }: Context, row: MethodRow): Record<string, Tariff> {
  if (row.tariffs !== null) return JSON.parse(row.tariffs) as Record<string, Tariff>
  const freeFrom = row.free_from_minor === null ? {} : { freeFromMinor: row.free_from_minor }
  return { [config.store.currency]: { priceMinor: row.price_minor, ...freeFrom } }
}

const listOf = (json: string | null): string[] | undefined =>
  json === null ? undefined : (JSON.parse(json) as string[])

export const areaOf = (zone: ZoneRow) => ({
  countries: listOf(zone.countries),
  regions: listOf(zone.regions),
  postcodes: listOf(zone.postcodes),
})

/** The chosen method, or the first offered; throws UNKNOWN_SHIPPING_METHOD. */
export function chooseMethod(
  methods: readonly StoredMethod[],
  code: string | undefined,
): StoredMethod {
  const chosen = code === undefined ? methods[0] : methods.find((method) => method.code === code)
  if (chosen) return chosen
  const available = methods.map((method) => method.code).join(', ')
  throw new ShopError('UNKNOWN_SHIPPING_METHOD', { code: code ?? '', available })
}

export interface NewMethod {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly kind: ShippingKind
  readonly zoneId: string | null
  readonly tariffs: Readonly<Record<string, Tariff>>
  readonly weightMaxGrams: number | null
  readonly daysMin: number
  readonly daysMax: number
  readonly position: number
  readonly isActive: boolean
}

function rowOf({ config }: Context, method: NewMethod) {
  const own = method.tariffs[config.store.currency]
  return {
    code: method.code,
    name: method.name,
    description: method.description,
    price_minor: own?.priceMinor ?? minor(0),
    free_from_minor: own?.freeFromMinor ?? null,
    days_min: method.daysMin,
    days_max: method.daysMax,
    position: method.position,
    is_active: method.isActive ? (1 as const) : (0 as const),
    kind: method.kind,
    zone_id: method.zoneId,
    tariffs: JSON.stringify(method.tariffs),
    weight_max_grams: method.weightMaxGrams,
  }
}

async function assertMethod(tx: Tx, method: NewMethod): Promise<void> {
  const { kind, tariffs, zoneId, daysMin, daysMax } = method
  if (daysMax < daysMin) throw invalid('days_max', 'must not be less than days_min')
  if (Object.keys(tariffs).length === 0) throw invalid('tariffs', 'must name a currency')
  for (const [currency, { steps, perItemMinor }] of Object.entries(tariffs)) {
    const field = `tariffs.${currency}`
    const needsSteps = kind === 'weight' || kind === 'price'
    if (needsSteps !== (steps !== undefined && steps.length > 0)) {
      throw invalid(`${field}.steps`, needsSteps ? 'is required' : `is not for the kind ${kind}`)
    }
    if ((kind === 'item') !== (perItemMinor !== undefined)) {
      const issue = kind === 'item' ? 'is required' : `is not for the kind ${kind}`
      throw invalid(`${field}.per_item`, issue)
    }
    const isRising = (steps ?? []).every(
      ({ from }, at, all) => at === 0 || all[at - 1]!.from < from,
    )
    if (!isRising) throw invalid(`${field}.steps`, 'must rise')
  }
  if (zoneId !== null && !(await findZone(tx, zoneId))) throw invalid('zone_id', 'names no zone')
}

/** Creates a method. Refuses a code that is in use (ALREADY_EXISTS). */
export async function createMethod(ctx: Context, method: NewMethod): Promise<StoredMethod> {
  const id = ctx.newId()
  return ctx.db.transaction(async (tx) => {
    await assertMethod(tx, method)
    if (!(await insertMethod(tx, { id, ...rowOf(ctx, method) }))) throw codeTaken()
    await pricingChanged(ctx, tx, {
      action: 'shipping_method.created',
      subject: ['shipping_method', id],
      after: method,
    })
    return getMethod(ctx, tx, id)
  })
}

const codeTaken = () =>
  new ShopError('ALREADY_EXISTS', { resource: 'shipping method', field: 'code' })

export async function getMethod(ctx: Context, db: Db, id: string): Promise<StoredMethod> {
  const row = await findMethod(db, id)
  if (!row) throw notFound('Shipping method')
  const zone = row.zone_id === null ? undefined : await findZone(db, row.zone_id)
  return methodOf(ctx, row, new Map(zone ? [[zone.id, zone]] : []))
}

/** Replaces a method but for its code. Refuses with NOT_FOUND, VERSION_CONFLICT. */
export async function changeMethod(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  method: Omit<NewMethod, 'code'>,
): Promise<StoredMethod> {
  return ctx.db.transaction(async (tx) => {
    const known = await getMethod(ctx, tx, id)
    const changed = { ...method, code: known.code }
    await assertMethod(tx, changed)
    if (!(await updateMethod(tx, { id, version }, rowOf(ctx, changed)))) {
      throw new ShopError('VERSION_CONFLICT', { current: known.version })
    }
    await pricingChanged(ctx, tx, {
      action: 'shipping_method.changed',
      subject: ['shipping_method', id],
      before: known,
      after: changed,
    })
    return getMethod(ctx, tx, id)
  })
}

/** Deletes a method; orders keep the name they were sent by. */
export async function removeMethod(ctx: Context, id: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await getMethod(ctx, tx, id)
    await deleteMethod(tx, id)
    await pricingChanged(ctx, tx, {
      action: 'shipping_method.deleted',
      subject: ['shipping_method', id],
    })
  })
}

export interface NewShippingZone {
  readonly code: string
  readonly name: string
  readonly countries: readonly string[] | null
  readonly regions: readonly string[] | null
  readonly postcodes: readonly string[] | null
}

const jsonOf = (list: readonly string[] | null): string | null =>
  list && list.length > 0 ? JSON.stringify(list) : null

const zoneRow = (zone: Omit<NewShippingZone, 'code'>, now: number) => ({
  name: zone.name,
  countries: jsonOf(zone.countries),
  regions: jsonOf(zone.regions),
  postcodes: jsonOf(zone.postcodes),
  updated_at: now,
})

export function listShippingZones(db: Db): Promise<ZoneRow[]> {
  return listZoneRows(db, {})
}

async function getZone(db: Db, id: string): Promise<ZoneRow> {
  const zone = await findZone(db, id)
  if (!zone) throw notFound('Shipping zone')
  return zone
}

/** Creates a zone. Refuses a code that is in use (ALREADY_EXISTS). */
export async function createShippingZone(ctx: Context, zone: NewShippingZone): Promise<ZoneRow> {
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  return ctx.db.transaction(async (tx) => {
    const row = { id, code: zone.code, ...zoneRow(zone, now), created_at: now }
    if (!(await insertZone(tx, row))) {
      throw new ShopError('ALREADY_EXISTS', { resource: 'shipping zone', field: 'code' })
    }
    await pricingChanged(ctx, tx, {
      action: 'shipping_zone.created',
      subject: ['shipping_zone', id],
      after: zone,
    })
    return getZone(tx, id)
  })
}

/** Replaces a zone but for its code. Refuses with NOT_FOUND, VERSION_CONFLICT. */
export async function changeShippingZone(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  zone: Omit<NewShippingZone, 'code'>,
): Promise<ZoneRow> {
  return ctx.db.transaction(async (tx) => {
    const known = await getZone(tx, id)
    if (!(await updateZone(tx, { id, version }, zoneRow(zone, ctx.clock.now())))) {
      throw new ShopError('VERSION_CONFLICT', { current: known.version })
    }
    await pricingChanged(ctx, tx, {
      action: 'shipping_zone.changed',
      subject: ['shipping_zone', id],
      before: known,
      after: zone,
    })
    return getZone(tx, id)
  })
}

/** Deletes a zone. Refuses one that a method is for (IN_USE). */
export async function removeShippingZone(ctx: Context, id: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await getZone(tx, id)
    if (await isZoneUsed(tx, id)) throw new ShopError('IN_USE', { resource: 'The shipping zone' })
    await deleteZone(tx, id)
    await pricingChanged(ctx, tx, {
      action: 'shipping_zone.deleted',
      subject: ['shipping_zone', id],
    })
  })
}

const starting = [
  ['standard', 'Standard', 'By post', { price: 5, freeFrom: 50, days: [3, 5], kind: 'flat' }],
  ['express', 'Express', 'By courier', { price: 15, freeFrom: null, days: [1, 2], kind: 'flat' }],
  [
    'pickup',
    'Pick-up',
    'At our counter',
    { price: 0, freeFrom: null, days: [0, 1], kind: 'pickup' },
  ],
] as const

/** The methods every new shop starts with, priced in whole units of its currency. */
export async function ensureShippingMethods(ctx: Context, tx: Tx): Promise<void> {
  // A method that staff has deleted stays deleted.
  if ((await listMethodRows(tx, {})).length > 0) return
  const unit = 10 ** currencyDigits(ctx.config.store.currency)
  for (const [position, [code, name, description, terms]] of starting.entries()) {
    const { price, freeFrom, days, kind } = terms
    await insertMethod(tx, {
      id: ctx.newId(),
      code,
      name,
      description,
      price_minor: minor(price * unit),
      free_from_minor: freeFrom === null ? null : minor(freeFrom * unit),
      days_min: days[0],
      days_max: days[1],
      position,
      is_active: 1,
      kind,
      zone_id: null,
      tariffs: null,
      weight_max_grams: null,
    })
  }
}

export type { ZoneRow }
