import { minor, timesMinor, type Minor } from '../money.ts'
import { specificity, type Area, type Destination } from './destination.ts'

export const shippingKinds = ['flat', 'weight', 'price', 'item', 'pickup'] as const
export type ShippingKind = (typeof shippingKinds)[number]

/** What a method costs in one currency. */
export interface Tariff {
  /** The whole price (flat, pickup), or the part that does not depend on the number of items. */
  readonly priceMinor: Minor
  readonly perItemMinor?: Minor | undefined
  /** Goods worth this much ship for nothing. */
  readonly freeFromMinor?: Minor | undefined
  /** By weight in grams or by worth in minor units: the last step that is reached counts. */
  readonly steps?: readonly { readonly from: number; readonly priceMinor: Minor }[] | undefined
}

export interface ShippingMethod {
  readonly code: string
  readonly name: string
  readonly kind: ShippingKind
  /** Where it delivers to; undefined: everywhere. */
  readonly area?: Area | undefined
  readonly tariffs: Readonly<Record<string, Tariff>>
  readonly weightMaxGrams?: number | undefined
  readonly daysMin: number
  readonly daysMax: number
}

/** What is to be sent. */
export interface Parcel {
  readonly currency: string
  /** What the goods cost before discounts: 0 for an empty cart. */
  readonly subtotalMinor: Minor
  /** What the shopper pays for the goods, discounts taken off. */
  readonly goodsMinor: Minor
  /** Pieces that have to be sent; digital goods do not. */
  readonly itemCount: number
  readonly weightGrams: number
  readonly destination: Destination
}

export type Quote =
  { readonly priceMinor: Minor } | { readonly priceMinor: undefined; readonly reason: string }

const refused = (reason: string): Quote => ({ priceMinor: undefined, reason })
const free: Quote = { priceMinor: minor(0) }

/**
 * What a method costs for a parcel, or why it cannot be had. Where there is nothing to send it
 * costs nothing. While no country is known, whether it delivers there is not asked.
 */
export function quoteShipping(method: ShippingMethod, parcel: Parcel): Quote {
  const { currency, destination, weightGrams } = parcel
  const tariff = Object.hasOwn(method.tariffs, currency) ? method.tariffs[currency] : undefined
  if (!tariff) return refused(`it has no price in ${currency}`)
  const isElsewhere =
    method.kind !== 'pickup' &&
    destination.country !== undefined &&
    specificity(method.area ?? {}, destination) === undefined
  if (isElsewhere) return refused('it does not deliver there')
  if (method.weightMaxGrams !== undefined && weightGrams > method.weightMaxGrams) {
    return refused(`${weightGrams} g are more than its ${method.weightMaxGrams} g`)
  }
  if (parcel.subtotalMinor === 0 || parcel.itemCount === 0) return free
  if (tariff.freeFromMinor !== undefined && parcel.goodsMinor >= tariff.freeFromMinor) return free
  return priceOf(method.kind, tariff, parcel)
}

function priceOf(kind: ShippingKind, tariff: Tariff, parcel: Parcel): Quote {
  if (kind === 'flat' || kind === 'pickup') return { priceMinor: tariff.priceMinor }
  if (kind === 'item') {
    const each = timesMinor(tariff.perItemMinor ?? minor(0), parcel.itemCount)
    return { priceMinor: minor(tariff.priceMinor + each) }
  }
  const measure = kind === 'weight' ? parcel.weightGrams : parcel.goodsMinor
  const step = (tariff.steps ?? []).findLast(({ from }) => from <= measure)
  if (!step) return refused(kind === 'weight' ? 'it is too light for it' : 'it is worth too little')
  return { priceMinor: minor(tariff.priceMinor + step.priceMinor) }
}

const dayMs = 86_400_000

/**
 * When a parcel arrives: so many working days (Monday to Friday) after the moment of the order, as
 * the UTC midnights of the first and the last day.
 */
export function deliveryEstimate(
  { daysMin, daysMax }: Pick<ShippingMethod, 'daysMin' | 'daysMax'>,
  at: number,
): { readonly earliest: number; readonly latest: number } {
  return { earliest: workingDaysAfter(at, daysMin), latest: workingDaysAfter(at, daysMax) }
}

function workingDaysAfter(at: number, days: number): number {
  let day = Math.floor(at / dayMs)
  for (let left = days; left > 0;) {
    day += 1
    // 1 January 1970 was a Thursday.
    const weekday = (day + 4) % 7
    if (weekday !== 0 && weekday !== 6) left -= 1
  }
  return day * dayMs
}
