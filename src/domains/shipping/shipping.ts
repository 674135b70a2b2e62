import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { currencyDigits, minor, type Minor } from '../../core/money.ts'
import type { Db, Tx } from '../../db/database.ts'
import { insertMethod, listActiveMethods, type ShippingMethod } from './queries.ts'

export interface ShippingQuote {
  readonly method: ShippingMethod
  readonly priceMinor: Minor
}

const free = minor(0)

/** What each method costs for a cart of this subtotal. An empty cart ships for nothing. */
export function quoteMethods(
  methods: readonly ShippingMethod[],
  subtotalMinor: Minor,
): ShippingQuote[] {
  return methods.map((method) => {
    const { price_minor, free_from_minor } = method
    const isFree =
      subtotalMinor === 0 || (free_from_minor !== null && subtotalMinor >= free_from_minor)
    return { method, priceMinor: isFree ? free : price_minor }
  })
}

/**
 * The method used for the estimate in a cart, and at checkout if none is chosen: the first offered.
 */
export function estimateShipping(methods: readonly ShippingMethod[], subtotalMinor: Minor): Minor {
  return quoteMethods(methods, subtotalMinor)[0]?.priceMinor ?? free
}

export function listShippingMethods(db: Db): Promise<ShippingMethod[]> {
  return listActiveMethods(db)
}

/** The chosen method, or the first offered; throws UNKNOWN_SHIPPING_METHOD. */
export function chooseMethod(
  methods: readonly ShippingMethod[],
  code: string | undefined,
): ShippingMethod {
  const chosen = code === undefined ? methods[0] : methods.find((method) => method.code === code)
  if (chosen) return chosen
  const available = methods.map((method) => method.code).join(', ')
  throw new ShopError('UNKNOWN_SHIPPING_METHOD', { code: code ?? '', available })
}

/** The methods every new shop starts with, priced in whole units of its currency. */
export async function ensureShippingMethods(ctx: Context, tx: Tx): Promise<void> {
  const unit = 10 ** currencyDigits(ctx.config.store.currency)
  const starting = [
    {
      code: 'standard',
      name: 'Standard',
      description: 'By post',
      price: 5,
      freeFrom: 50,
      days: [3, 5],
    },
    {
      code: 'express',
      name: 'Express',
      description: 'By courier',
      price: 15,
      freeFrom: null,
      days: [1, 2],
    },
    {
      code: 'pickup',
      name: 'Pick-up',
      description: 'At our counter',
      price: 0,
      freeFrom: null,
      days: [0, 1],
    },
  ] as const
  for (const [position, { code, name, description, price, freeFrom, days }] of starting.entries()) {
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
    })
  }
}

export type { ShippingMethod }
