import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../money.ts'
import {
  choosePrice,
  explainPrice,
  lowestPriorPrice,
  type ListPrice,
  type PriceList,
  type PriceRecord,
} from './price-lists.ts'

const list = (id: string, given: Partial<PriceList> = {}): PriceList => ({
  id,
  name: id,
  currency: 'EUR',
  priority: 100,
  ...given,
})

const price = (listId: string, priceMinor: number, minQuantity = 1): ListPrice => ({
  listId,
  minQuantity,
  priceMinor: minor(priceMinor),
})

const asked = { currency: 'EUR', quantity: 1, groups: [], at: 1_000 }
const base = { priceMinor: minor(1_000), compareAtMinor: minor(1_200) }

test('without a list the price is the own one, with what it is compared with', () => {
  assert.deepEqual(choosePrice([], [], { ...asked, base }), {
    ...base,
    list: undefined,
    minQuantity: 1,
  })
})

test('an article without a price in the currency of the cart has none', () => {
  const dollars = list('dollars', { currency: 'USD' })
  assert.equal(choosePrice([dollars], [price('dollars', 500)], asked), undefined)
})

test('the largest quantity that is reached decides', () => {
  const lists = [list('tiers')]
  const prices = [price('tiers', 900, 10), price('tiers', 950, 5), price('tiers', 800, 100)]
  const at = (quantity: number) => choosePrice(lists, prices, { ...asked, base, quantity })
  assert.deepEqual(
    [1, 4, 5, 9, 10, 99, 100, 5_000].map((quantity) => at(quantity)?.priceMinor),
    [1_000, 1_000, 950, 950, 900, 900, 800, 800],
  )
})

test('a list counts from its first millisecond until before its last', () => {
  const lists = [list('sale', { from: 500, until: 900 })]
  const at = (moment: number) =>
    choosePrice(lists, [price('sale', 700)], { ...asked, base, at: moment })?.priceMinor
  assert.deepEqual([499, 500, 899, 900].map(at), [1_000, 700, 700, 1_000])
})

test('a list of a customer group is for its members', () => {
  const lists = [list('trade', { groupId: 'trade' })]
  const of = (groups: string[]) =>
    choosePrice(lists, [price('trade', 600)], { ...asked, base, groups })?.priceMinor
  assert.deepEqual([of([]), of(['other']), of(['other', 'trade'])], [1_000, 1_000, 600])
})

test('the first list by priority counts, though it be dearer; of equals the cheaper', () => {
  const lists = [list('c', { priority: 2 }), list('a'), list('b', { priority: 1 }), list('d')]
  const prices = [price('a', 100), price('b', 900), price('c', 50), price('d', 80)]
  const chosen = (known: readonly PriceList[]) =>
    choosePrice(known, prices, { ...asked, base })?.list?.id
  assert.equal(chosen(lists), 'b')
  assert.equal(chosen(lists.slice(0, 2)), 'c')
  assert.equal(chosen([list('a'), list('d')]), 'd')
  assert.equal(chosen([list('d'), list('a')]), 'd')
})

test('a list without a price for the article is passed over', () => {
  const lists = [list('first', { priority: 1 }), list('second', { priority: 2 })]
  assert.equal(choosePrice(lists, [price('second', 5)], { ...asked, base })?.list?.id, 'second')
})

test('every list says why it did not count', () => {
  const lists = [
    list('dollars', { currency: 'USD' }),
    list('later', { from: 2_000 }),
    list('over', { until: 1_000 }),
    list('trade', { groupId: 'g' }),
    list('chosen', { priority: 1 }),
    list('after', { priority: 2 }),
    list('empty', { priority: 0 }),
  ]
  const prices = [price('chosen', 5), price('after', 4)]
  assert.deepEqual(
    explainPrice(lists, prices, { ...asked, base }).map(({ reason }) => reason),
    [
      'it is in USD, the cart in EUR',
      'it has not begun yet',
      'it has ended',
      'the buyer is not in its customer group',
      undefined,
      'another list goes before it',
      'it has no price for this article and quantity',
    ],
  )
})

const day = 86_400_000
const record = (
  days: number,
  priceMinor: number,
  given: Partial<PriceRecord> = {},
): PriceRecord => ({
  listId: undefined,
  priceMinor: minor(priceMinor),
  recordedAt: days * day,
  priority: 0,
  ...given,
})

test('the prior price is the lowest of the 30 days before the reduction, not before today', () => {
  // Directive 98/6/EC, Article 6a: raised for the sake of a reduction, the old price counts.
  const history = [record(0, 10_000), record(100, 8_000), record(110, 12_000), record(120, 9_000)]
  assert.equal(lowestPriorPrice(history, 120 * day), 8_000)
  assert.equal(lowestPriorPrice(history, 170 * day), 8_000)
})

test('a price that ended 30 days and more before the reduction does not count', () => {
  const history = [record(0, 5_000), record(50, 10_000), record(80, 9_000)]
  assert.equal(lowestPriorPrice(history, 80 * day), 10_000)
  assert.equal(lowestPriorPrice(history, 79 * day), 5_000)
})

test('the price in force when the 30 days begin counts', () => {
  const history = [record(0, 5_000), record(51, 10_000), record(80, 9_000)]
  assert.equal(lowestPriorPrice(history, 80 * day), 5_000)
})

test('an article new on the market has no prior price', () => {
  assert.equal(lowestPriorPrice([record(10, 1_000)], 20 * day), undefined)
  assert.equal(lowestPriorPrice([], day), undefined)
})

test('a list counts while it is in force, and hides what stands behind it', () => {
  const sale = { listId: 'sale', from: 100 * day, until: 110 * day }
  const behind = { listId: 'behind', priority: 9, from: 100 * day, until: 110 * day }
  const history = [record(0, 10_000), record(90, 7_000, sale), record(90, 6_000, behind)]
  assert.equal(lowestPriorPrice(history, 105 * day), 10_000)
  assert.equal(lowestPriorPrice([...history, record(120, 8_000)], 120 * day), 7_000)
})

test('a price taken off its list is no price from then on', () => {
  const history = [
    record(0, 10_000),
    record(90, 7_000, { listId: 'sale' }),
    record(95, 0, { listId: 'sale', priceMinor: undefined }),
    record(97, 9_000),
  ]
  assert.equal(lowestPriorPrice(history, 97 * day), 7_000)
  assert.equal(lowestPriorPrice(history, 96 * day), 7_000)
})
