import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../core/money.ts'
import { problemsOf, type CartLineRow } from './pricing.ts'
import { problemMessage } from './views.ts'

const good: CartLineRow = {
  ...{ number: 1, id: 'line', quantity: 2, available: 2, options: '{}', images: '[]' },
  ...{ variant_id: 'variant', sku: 'LAMP-1', product_id: 'product', product_number: 1 },
  ...{ slug: 'lamp', name: 'Lamp', status: 'active', currency: 'USD', product_version: 1 },
  price_minor: minor(1_000),
  seen_minor: minor(1_000),
  ...{ hasPrice: true, compareAtMinor: undefined, compare_at_minor: null, weight_grams: null },
  ...{ tax_class: 'standard', kind: 'physical' },
  ...{ backorder_room: 0, promised_at: null, is_plain: 1 },
}

const told = (change: Partial<CartLineRow>): [code: string, message: string][] =>
  problemsOf({ ...good, ...change }).map((problem) => [problem.code, problemMessage(problem)])

test('a line that can be bought as it stands has no problem', () => {
  assert.deepEqual(told({}), [])
  assert.deepEqual(told({ available: 100 }), [])
})

test('a line tells what keeps it from being bought', () => {
  assert.deepEqual(told({ available: 1 }), [['INSUFFICIENT_STOCK', 'Only 1 of Lamp left.']])
  // Two carts that were merged may ask for more than was ever there.
  assert.deepEqual(told({ available: -3 }), [['INSUFFICIENT_STOCK', 'Only 0 of Lamp left.']])
  assert.deepEqual(told({ seen_minor: minor(999) }), [
    ['PRICE_CHANGED', 'The price of Lamp changed from 9.99 to 10.00.'],
  ])
  assert.deepEqual(told({ seen_minor: minor(1_001), available: 0 }), [
    ['INSUFFICIENT_STOCK', 'Only 0 of Lamp left.'],
    ['PRICE_CHANGED', 'The price of Lamp changed from 10.01 to 10.00.'],
  ])
})

test('what may be on back-order is bought before it is there, up to its limit', () => {
  const later = { available: 1, backorder_room: 4 }
  assert.deepEqual(told({ ...later, quantity: 5 }), [])
  assert.deepEqual(told({ ...later, quantity: 6 }), [
    ['INSUFFICIENT_STOCK', 'Only 5 of Lamp left.'],
  ])
  assert.deepEqual(told({ available: -3, backorder_room: 4, quantity: 5 }), [
    ['INSUFFICIENT_STOCK', 'Only 4 of Lamp left.'],
  ])
})

test('of what is no longer for sale neither price nor stock matters', () => {
  for (const status of ['archived', 'draft'] as const) {
    assert.deepEqual(told({ status, available: 0, seen_minor: minor(1) }), [
      ['PRODUCT_UNAVAILABLE', 'Lamp is no longer available.'],
    ])
  }
})

test('prices are told with the digits of their currency', () => {
  assert.deepEqual(told({ currency: 'JPY', seen_minor: minor(5) }), [
    ['PRICE_CHANGED', 'The price of Lamp changed from 5 to 1000.'],
  ])
})
