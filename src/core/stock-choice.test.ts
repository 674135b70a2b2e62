import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseLots, chooseStock, shareOut, sumOf, takeInTurn } from './stock-choice.ts'

const shelf = (variantId: string, locationId: string, available: number) => ({
  variantId,
  locationId,
  available,
})
const want = (variantId: string, quantity: number, laterMax = 0) => ({
  variantId,
  quantity,
  laterMax,
})
const pick = (variantId: string, locationId: string, quantity: number) => ({
  variantId,
  locationId,
  quantity,
})

test('one location that has everything is taken, the first of those by priority', () => {
  const shelves = [shelf('a', 'near', 9), shelf('b', 'near', 1), shelf('a', 'far', 2)]
  const more = [...shelves, shelf('b', 'far', 2)]
  assert.deepEqual(chooseStock([want('a', 2), want('b', 2)], more, ['near', 'far']).picks, [
    pick('a', 'far', 2),
    pick('b', 'far', 2),
  ])
  assert.deepEqual(chooseStock([want('a', 2), want('b', 1)], more, ['near', 'far']).picks, [
    pick('a', 'near', 2),
    pick('b', 'near', 1),
  ])
})

test('what no location has alone is taken from all of them, in their order', () => {
  const shelves = [shelf('a', 'near', 2), shelf('a', 'far', 3), shelf('a', 'closed', 9)]
  assert.deepEqual(chooseStock([want('a', 4)], shelves, ['far', 'near']), {
    picks: [pick('a', 'far', 3), pick('a', 'near', 1)],
    later: [],
    short: [],
  })
})

test('what is missing comes later, or is told with what there is', () => {
  const shelves = [shelf('a', 'near', 2), shelf('b', 'near', -1)]
  assert.deepEqual(chooseStock([want('a', 5, 3), want('b', 1, 1)], shelves, ['near']), {
    picks: [pick('a', 'near', 2)],
    later: [
      { variantId: 'a', quantity: 3 },
      { variantId: 'b', quantity: 1 },
    ],
    short: [],
  })
  const { short } = chooseStock([want('a', 5, 2), want('b', 1)], shelves, ['near'])
  assert.deepEqual(short, [
    { variantId: 'a', available: 4, requested: 5 },
    { variantId: 'b', available: 0, requested: 1 },
  ])
})

test('nothing is taken that is not there, and nothing wanted is forgotten', () => {
  const ids = fc.constantFrom('a', 'b', 'c')
  const locations = ['x', 'y', 'z']
  const shelves = fc.uniqueArray(
    fc.record({
      variantId: ids,
      locationId: fc.constantFrom(...locations),
      available: fc.integer({ min: -2, max: 9 }),
    }),
    { selector: ({ variantId, locationId }) => variantId + locationId },
  )
  const wants = fc.uniqueArray(
    fc.record({
      variantId: ids,
      quantity: fc.integer({ min: 1, max: 20 }),
      laterMax: fc.integer({ min: 0, max: 5 }),
    }),
    { selector: ({ variantId }) => variantId, minLength: 1 },
  )
  const property = fc.property(wants, shelves, (wanted, stock) => {
    const { picks, later, short } = chooseStock(wanted, stock, locations)
    for (const { variantId, locationId, quantity } of picks) {
      const place = stock.find(
        (row) => row.variantId === variantId && row.locationId === locationId,
      )
      assert.ok(quantity > 0 && quantity <= (place?.available ?? 0))
    }
    for (const { variantId, quantity, laterMax } of wanted) {
      const own = <T extends { variantId: string; quantity: number }>(rows: readonly T[]) =>
        sumOf(rows.filter((row) => row.variantId === variantId).map((row) => row.quantity))
      assert.equal(own(picks) + own(later), quantity)
      const isShort = short.some((row) => row.variantId === variantId)
      assert.equal(isShort, own(later) > laterMax)
    }
  })
  fc.assert(property, { numRuns: 500 })
})

test('of lots the first to expire goes first, and those that keep go last', () => {
  const lots = [
    { lotId: 'keeps', expiresAt: null, available: 5 },
    { lotId: 'late', expiresAt: 20, available: 2 },
    { lotId: 'soon', expiresAt: 10, available: 1 },
    { lotId: 'also-soon', expiresAt: 10, available: 1 },
  ]
  assert.deepEqual(chooseLots(5, lots), [
    { lotId: 'also-soon', quantity: 1 },
    { lotId: 'soon', quantity: 1 },
    { lotId: 'late', quantity: 2 },
    { lotId: 'keeps', quantity: 1 },
  ])
  assert.deepEqual(chooseLots(0, lots), [])
})

test('taking in turn ends where there is no more', () => {
  const sources = [
    { key: 'a', available: 0 },
    { key: 'b', available: 2 },
    { key: 'c', available: -3 },
    { key: 'd', available: 1 },
  ]
  assert.deepEqual(takeInTurn(9, sources), [
    { key: 'b', quantity: 2 },
    { key: 'd', quantity: 1 },
  ])
})

test('those who wait get theirs in their order, each article from its own shelves', () => {
  const line = [
    { orderId: 1, articleId: 'a', wanted: 3 },
    { orderId: 2, articleId: 'b', wanted: 1 },
    { orderId: 3, articleId: 'a', wanted: 3 },
  ]
  const shelves = [
    { articleId: 'a', locationId: 'x', available: 2 },
    { articleId: 'a', locationId: 'y', available: 2 },
  ]
  const told = shareOut(line, shelves).map(({ row, locationId, quantity }) => [
    row.orderId,
    locationId,
    quantity,
  ])
  assert.deepEqual(told, [
    [1, 'x', 2],
    [1, 'y', 1],
    [3, 'y', 1],
  ])
})
