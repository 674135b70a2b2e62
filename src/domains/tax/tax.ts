import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import { parseRatio, ratio, roundings, type Rounding } from '../../core/ratio.ts'
import { standardClass, untaxedClass, type TaxZone } from '../../core/pricing/tax.ts'
import type { Db, Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { pricingChanged } from '../pricing/version.ts'
import {
  deleteRatesOf,
  deleteZone,
  findZone,
  insertRates,
  insertZones,
  listRateRows,
  listRatesOf,
  listTaxClasses,
  listZoneRows,
  updateZone,
  type RateRow,
  type ZoneRow,
} from './queries.ts'

export interface NewTaxRate {
  readonly taxClass: string
  readonly name: string
  /** An exact percentage: '9.975'. */
  readonly percent: string
  readonly isCompound: boolean
  readonly startsAt: number | null
  readonly endsAt: number | null
}

export interface NewTaxZone {
  readonly code: string
  readonly name: string
  readonly countries?: readonly string[] | null
  readonly regions?: readonly string[] | null
  readonly postcodes?: readonly string[] | null
  readonly isInclusive: boolean
  readonly rounding: Rounding
  readonly roundPer: 'total' | 'line'
  readonly shippingClass: string | null
  readonly hasReverseCharge: boolean
  readonly rates: readonly NewTaxRate[]
}

export interface StoredZone {
  readonly zone: ZoneRow
  readonly rates: readonly RateRow[]
}

/** Every tax zone, as the core wants it. */
export async function listTaxZones(db: Db): Promise<TaxZone[]> {
  return (await listStoredZones(db)).map(coreZone)
}

export async function listStoredZones(db: Db): Promise<StoredZone[]> {
  const zones = await listZoneRows(db, {})
  const byZone = Map.groupBy(await listRateRows(db, {}), ({ zone_id }) => zone_id)
  return zones.map((zone) => ({ zone, rates: byZone.get(zone.id) ?? [] }))
}

export async function getStoredZone(db: Db, id: string): Promise<StoredZone> {
  const zone = await findZone(db, id)
  if (!zone) throw notFound('Tax zone')
  return { zone, rates: await listRatesOf(db, { zoneId: id }) }
}

function coreZone({ zone, rates }: StoredZone): TaxZone {
  return {
    code: zone.code,
    name: zone.name,
    countries: listOf(zone.countries),
    regions: listOf(zone.regions),
    postcodes: listOf(zone.postcodes),
    isInclusive: zone.is_inclusive === 1,
    rounding: roundings.find((mode) => mode === zone.rounding) ?? 'half-up',
    roundPer: zone.round_per,
    shippingClass: zone.shipping_class ?? undefined,
    hasReverseCharge: zone.has_reverse_charge === 1,
    rates: rates.map((rate) => ({
      name: rate.name,
      taxClass: rate.tax_class,
      rate: parseRatio(`${rate.percent}%`) ?? ratio(0n, 1n),
      isCompound: rate.is_compound === 1,
      from: rate.starts_at ?? undefined,
      until: rate.ends_at ?? undefined,
    })),
  }
}

export const listOf = (json: string | null): string[] | undefined =>
  json === null ? undefined : (JSON.parse(json) as string[])

const jsonOf = (list: readonly string[] | null | undefined): string | null =>
  list && list.length > 0 ? JSON.stringify(list) : null

function rowOf(zone: NewTaxZone) {
  return {
    code: zone.code,
    name: zone.name,
    countries: jsonOf(zone.countries),
    regions: jsonOf(zone.regions),
    postcodes: jsonOf(zone.postcodes),
    is_inclusive: zone.isInclusive ? (1 as const) : (0 as const),
    rounding: zone.rounding,
    round_per: zone.roundPer,
    shipping_class: zone.shippingClass,
    has_reverse_charge: zone.hasReverseCharge ? (1 as const) : (0 as const),
  }
}

function rateRows(ctx: Context, zoneId: string, rates: readonly NewTaxRate[]): RateRow[] {
  return rates.map((rate, position) => ({
    id: ctx.newId(),
    zone_id: zoneId,
    tax_class: rate.taxClass,
    name: rate.name,
    percent: rate.percent,
    is_compound: rate.isCompound ? 1 : 0,
    position,
    starts_at: rate.startsAt,
    ends_at: rate.endsAt,
  }))
}

/** Creates tax zones with their rates, all or none. Refuses with ALREADY_EXISTS. */
export async function createTaxZones(
  ctx: Context,
  zones: readonly NewTaxZone[],
): Promise<StoredZone[]> {
  const now = ctx.clock.now()
  for (const zone of zones) assertRates(zone.rates)
  const rows = zones.map((zone) => ({
    ...rowOf(zone),
    id: ctx.newId(),
    created_at: now,
    updated_at: now,
  }))
  return codeConflicts(ctx, () =>
    ctx.db.transaction(async (tx) => {
      await insertZones(tx, rows)
      const rates = zones.flatMap((zone, at) => rateRows(ctx, rows[at]?.id ?? '', zone.rates))
      await insertRates(tx, rates)
      await pricingChanged(ctx, tx, {
        action: 'tax_zone.created',
        subject: ['tax_zone', rows[0]?.id ?? ''],
        after: { codes: zones.map(({ code }) => code) },
      })
      const ids = new Set(rows.map(({ id }) => id))
      return (await listStoredZones(tx)).filter(({ zone }) => ids.has(zone.id))
    }),
  )
}

/** Replaces a zone and its rates. Refuses with NOT_FOUND, ALREADY_EXISTS, VERSION_CONFLICT. */
export async function changeTaxZone(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  zone: NewTaxZone,
): Promise<StoredZone> {
  assertRates(zone.rates)
  return codeConflicts(ctx, () =>
    ctx.db.transaction(async (tx) => {
      const { zone: known } = await getStoredZone(tx, id)
      const row = { ...rowOf(zone), updated_at: ctx.clock.now() }
      if (!(await updateZone(tx, { id, version }, row))) {
        throw new ShopError('VERSION_CONFLICT', { current: known.version })
      }
      await deleteRatesOf(tx, id)
      await insertRates(tx, rateRows(ctx, id, zone.rates))
      await pricingChanged(ctx, tx, {
        action: 'tax_zone.changed',
        subject: ['tax_zone', id],
        before: known,
        after: zone,
      })
      return getStoredZone(tx, id)
    }),
  )
}

/** Deletes a zone with its rates: what it was for is taxed by a wider one, or by the settings. */
export async function removeTaxZone(ctx: Context, id: string): Promise<void> {
  await ctx.db.transaction(async (tx: Tx) => {
    await getStoredZone(tx, id)
    await deleteRatesOf(tx, id)
    await deleteZone(tx, id)
    await pricingChanged(ctx, tx, { action: 'tax_zone.deleted', subject: ['tax_zone', id] })
  })
}

async function codeConflicts<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (takenColumn(ctx.db.dialect, error) !== 'code') throw error
    throw new ShopError('ALREADY_EXISTS', { resource: 'tax zone', field: 'code' })
  }
}

/** A zone must tax what is of no other class, and every percentage must be one. */
function assertRates(rates: readonly NewTaxRate[]): void {
  if (!rates.some(({ taxClass }) => taxClass === standardClass)) {
    throw invalid('rates', `must have one of the class "${standardClass}"`)
  }
  for (const { taxClass, percent, startsAt, endsAt } of rates) {
    if (taxClass === untaxedClass) {
      throw invalid('tax_class', `cannot be "${untaxedClass}": that class is never taxed`)
    }
    if (parseRatio(`${percent}%`) === undefined) throw invalid('percent', 'is not a percentage')
    if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
      throw invalid('ends_at', 'must come after starts_at')
    }
  }
}

/** The tax classes that goods can be of: those that some zone knows, and what is never taxed. */
export async function taxClassNames(db: Db): Promise<string[]> {
  const used = await listTaxClasses(db)
  return [...new Set([standardClass, untaxedClass, ...used.map(({ tax_class }) => tax_class)])]
}
