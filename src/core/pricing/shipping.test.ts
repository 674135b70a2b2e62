import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../money.ts'
import { deliveryEstimate, quoteShipping, type Parcel, type ShippingMethod } from './shipping.ts'

const method = (given: Partial<ShippingMethod>): ShippingMethod => ({
  code: 'post',
  name: 'Post',
  kind: 'flat',
  tariffs: { EUR: { priceMinor: minor(490) } },
  daysMin: 1,
  daysMax: 3,
  ...given,
})

const parcel = (given: Partial<Parcel> = {}): Parcel => ({
  currency: 'EUR',
  subtotalMinor: minor(3_000),
  goodsMinor: minor(3_000),
  itemCount: 3,
  weightGrams: 1_500,
  destination: { country: 'DE' },
  ...given,
})

const price = (one: ShippingMethod, of: Partial<Parcel> = {}) => quoteShipping(one, parcel(of))
const steps = [
  { from: 0, priceMinor: minor(300) },
  { from: 1_000, priceMinor: minor(600) },
  { from: 5_000, priceMinor: minor(1_500) },
]

test('a flat price is the price', () => {
  assert.deepEqual(price(method({})), { priceMinor: 490 })
})

test('by weight the last step that is reached counts', () => {
  const byWeight = method({ kind: 'weight', tariffs: { EUR: { priceMinor: minor(100), steps } } })
  const at = (weightGrams: number) => price(byWeight, { weightGrams }).priceMinor
  assert.deepEqual(
    [0, 999, 1_000, 4_999, 5_000, 90_000].map(at),
    [400, 400, 700, 700, 1_600, 1_600],
  )
})

test('by price what is paid for the goods counts', () => {
  const byPrice = method({ kind: 'price', tariffs: { EUR: { priceMinor: minor(0), steps } } })
  const at = (goods: number) => price(byPrice, { goodsMinor: minor(goods) }).priceMinor
  assert.deepEqual([0, 999, 1_000, 5_000].map(at), [300, 300, 600, 1_500])
})

test('by item every piece to be sent costs', () => {
  const tariff = { priceMinor: minor(200), perItemMinor: minor(150) }
  const byItem = method({ kind: 'item', tariffs: { EUR: tariff } })
  assert.deepEqual(price(byItem, { itemCount: 4 }), { priceMinor: 800 })
})

test('a method is free over an amount, measured by what is paid for the goods', () => {
  const tariff = { priceMinor: minor(490), freeFromMinor: minor(5_000) }
  const one = method({ tariffs: { EUR: tariff } })
  const at = (goods: number) =>
    price(one, { subtotalMinor: minor(9_000), goodsMinor: minor(goods) }).priceMinor
  assert.deepEqual([4_999, 5_000].map(at), [490, 0])
})

test('nothing to send costs nothing: an empty cart, digital goods', () => {
  assert.deepEqual(price(method({}), { subtotalMinor: minor(0), itemCount: 0 }), { priceMinor: 0 })
  assert.deepEqual(price(method({}), { itemCount: 0 }), { priceMinor: 0 })
})

test('a method says why it cannot be had', () => {
  const reason = (one: ShippingMethod, of: Partial<Parcel> = {}) => {
    const quote = price(one, of)
    return quote.priceMinor === undefined ? quote.reason : undefined
  }
  const late = { priceMinor: minor(0), steps: steps.slice(1) }
  assert.equal(reason(method({}), { currency: 'USD' }), 'it has no price in USD')
  assert.equal(reason(method({}), { currency: 'constructor' }), 'it has no price in constructor')
  assert.equal(reason(method({ area: { countries: ['FR'] } })), 'it does not deliver there')
  assert.equal(reason(method({ weightMaxGrams: 1_499 })), '1500 g are more than its 1499 g')
  const heavy = method({ kind: 'weight', tariffs: { EUR: late } })
  assert.equal(reason(heavy, { weightGrams: 999 }), 'it is too light for it')
  const dear = method({ kind: 'price', tariffs: { EUR: late } })
  assert.equal(reason(dear, { goodsMinor: minor(999) }), 'it is worth too little')
})

test('who picks up, and who has not said where to, is asked for no country', () => {
  const there = { area: { countries: ['FR'] } }
  assert.deepEqual(price(method({ ...there, kind: 'pickup' })), { priceMinor: 490 })
  assert.deepEqual(price(method(there), { destination: {} }), { priceMinor: 490 })
})

test('a delivery is estimated in working days', () => {
  const on = (text: string, daysMin: number, daysMax: number) => {
    const { earliest, latest } = deliveryEstimate({ daysMin, daysMax }, Date.parse(text))
    return [earliest, latest].map((day) => new Date(day).toISOString().slice(0, 10))
  }
  // 20 November 2026 is a Friday.
  assert.deepEqual(on('2026-11-20T23:59:59Z', 1, 3), ['2026-11-23', '2026-11-25'])
  assert.deepEqual(on('2026-11-21T10:00:00Z', 1, 5), ['2026-11-23', '2026-11-27'])
  assert.deepEqual(on('2026-11-18T00:00:00Z', 0, 3), ['2026-11-18', '2026-11-23'])
})
