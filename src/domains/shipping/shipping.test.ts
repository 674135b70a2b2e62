import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../core/money.ts'
import { chooseMethod, estimateShipping, quoteMethods, type ShippingMethod } from './shipping.ts'

const method = (code: string, price: number, freeFrom: number | null): ShippingMethod => ({
  ...{ code, name: code, description: '', days_min: 1, days_max: 2 },
  price_minor: minor(price),
  free_from_minor: freeFrom === null ? null : minor(freeFrom),
})

const methods = [method('post', 500, 5_000), method('courier', 1_500, null)]

test('each method costs its price until the cart is worth enough', () => {
  for (const [subtotal, post, courier] of [
    [1, 500, 1_500],
    [4_999, 500, 1_500],
    [5_000, 0, 1_500],
    [9_999_999, 0, 1_500],
  ] as const) {
    const quotes = quoteMethods(methods, minor(subtotal))
    assert.deepEqual(
      quotes.map((quote) => [quote.method.code, quote.priceMinor]),
      [
        ['post', post],
        ['courier', courier],
      ],
    )
  }
})

test('an empty cart ships for nothing', () => {
  const prices = quoteMethods(methods, minor(0)).map(({ priceMinor }) => priceMinor)
  assert.deepEqual(prices, [0, 0])
})

test('the estimate is the first method offered, and nothing if there is none', () => {
  assert.equal(estimateShipping(methods, minor(100)), 500)
  assert.equal(estimateShipping(methods.toReversed(), minor(100)), 1_500)
  assert.equal(estimateShipping([], minor(100)), 0)
})

test('the method chosen is the one named, else the first', () => {
  assert.equal(chooseMethod(methods, undefined).code, 'post')
  assert.equal(chooseMethod(methods, 'courier').code, 'courier')
})

test('a method that is not offered is refused with those that are', () => {
  for (const code of ['drone', '', 'POST']) {
    assert.throws(() => chooseMethod(methods, code), {
      code: 'UNKNOWN_SHIPPING_METHOD',
      details: { code, available: 'post, courier' },
    })
  }
  assert.throws(() => chooseMethod([], undefined), { code: 'UNKNOWN_SHIPPING_METHOD' })
})
