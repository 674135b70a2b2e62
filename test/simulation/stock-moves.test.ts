import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ShopError } from '../../src/core/errors.ts'
import { adjustStock, setLevel } from '../../src/domains/inventory/adjustments.ts'
import { fillBackorders } from '../../src/domains/inventory/arrivals.ts'
import { changeLocation, createLocation } from '../../src/domains/inventory/locations.ts'
import { withholdExpired } from '../../src/domains/inventory/lots.ts'
import { restock } from '../../src/domains/inventory/returns.ts'
import {
  countStock,
  openStockTake,
  postStockTake,
} from '../../src/domains/inventory/stock-takes.ts'
import { changeSupply } from '../../src/domains/inventory/supply.ts'
import {
  cancelTransfer,
  receiveTransfer,
  sendTransfer,
} from '../../src/domains/inventory/transfers.ts'
import { expireDue } from '../../src/domains/checkout/reconcile.ts'
import type { Tx } from '../../src/db/database.ts'
import { add, checkOut, outcome, testClock, type TestClock } from '../api/support.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'

/** An article of each kind, at three places. */
interface World {
  readonly shop: TestShop
  readonly clock: TestClock
  readonly articles: readonly string[]
  readonly places: readonly string[]
  readonly orders: string[]
  readonly transfers: string[]
  count: number
}

const kinds = ['plain', 'owed', 'lots', 'set'] as const
type Kind = (typeof kinds)[number]

async function openWorld(openShop: OpenShop): Promise<World> {
  const clock = testClock()
  const shop = await openShop({ clock })
  const { ctx } = shop
  const [plain, owed, lots, set] = await Promise.all([
    addProduct(ctx, { onHand: 8 }),
    addProduct(ctx, { onHand: 3 }),
    addProduct(ctx, { onHand: 0 }),
    addProduct(ctx, { onHand: 0 }),
  ])
  assert.ok(plain && owed && lots && set)
  const change = (id: string, facts: Parameters<typeof changeSupply>[2]['change']) =>
    ctx.db.transaction((tx) => changeSupply(ctx, tx, { id, change: facts }))
  await change(owed.variantId, { backOrders: { limit: 6, promisedAt: null } })
  await change(lots.variantId, { tracksLots: true })
  const parts = [
    { variantId: plain.variantId, quantity: 2 },
    { variantId: lots.variantId, quantity: 1 },
  ]
  await change(set.variantId, { parts })
  const { id: main } = await ctx.db.read
    .selectFrom('locations')
    .select('id')
    .executeTakeFirstOrThrow()
  const places = [main]
  for (const [priority, code] of ['north', 'south'].entries()) {
    const { id } = await createLocation(ctx, { code, name: code, priority, isActive: true })
    places.push(id)
  }
  const articles = [plain, owed, lots, set].map(({ variantId }) => variantId)
  return { shop, clock, articles, places, orders: [], transfers: [], count: 0 }
}

type Step = (world: World) => Promise<unknown>

const kind = fc.constantFrom(...kinds)
const place = fc.integer({ min: 0, max: 2 })
const few = fc.integer({ min: 1, max: 5 })
const lotCode = fc.constantFrom('A', 'B', 'C')

const articleOf = ({ articles }: World, name: Kind): string => articles[kinds.indexOf(name)] ?? ''
const placeOf = ({ places }: World, index: number): string => places[index] ?? ''

const inTx = <T>({ shop }: World, work: (tx: Tx) => Promise<T>) => shop.ctx.db.transaction(work)

/** A lot expires when its letter says: A soon, B later, C never. */
function lotFor(name: Kind, code: string) {
  if (name !== 'lots') return undefined
  const start = Date.UTC(2026, 10, 21, 10, 30)
  const expiresAt = code === 'C' ? null : start + (code === 'A' ? 20 : 60) * 60_000
  return { code, expiresAt }
}

const booking = fc
  .record({ kind, place, code: lotCode, quantity: fc.integer({ min: -4, max: 6 }) })
  .map(({ kind: name, place: at, code, quantity }): Step => {
    return (world) =>
      inTx(world, (tx) =>
        adjustStock(world.shop.ctx, tx, {
          ...{ variantId: articleOf(world, name), locationId: placeOf(world, at) },
          quantity: quantity === 0 ? 1 : quantity,
          kind: 'adjustment',
          lot: lotFor(name, code),
        }),
      )
  })

const setting = fc
  .record({ kind, place, onHand: few, expected: few })
  .map(({ kind: name, place: at, onHand, expected }): Step => {
    return (world) =>
      inTx(world, (tx) =>
        setLevel(world.shop.ctx, tx, {
          ...{ variantId: articleOf(world, name), locationId: placeOf(world, at) },
          ...{ onHand, expected, reason: undefined, note: undefined },
        }),
      )
  })

const buying = fc
  .record({
    items: fc.array(fc.record({ kind, quantity: few }), { minLength: 1, maxLength: 3 }),
    pays: fc.constantFrom('approve', 'approve', 'decline', 'timeout'),
  })
  .map(({ items, pays }): Step => {
    return async (world) => {
      const { shop } = world
      const who = { session: `s-${++world.count}` }
      for (const { kind: name, quantity } of items) {
        await add(shop, who, { variantId: articleOf(world, name), quantity })
      }
      const answer = await checkOut(shop, who, outcome(pays))
      assert.ok(answer.status < 500 || pays === 'timeout', answer.text)
      if (answer.status === 201) world.orders.push(answer.body.data.id as string)
    }
  })

const returning = fc
  .record({
    kind,
    quantity: few,
    index: fc.nat(),
    how: fc.constantFrom('return' as const, 'cancellation' as const),
    place: fc.option(place, { nil: undefined }),
  })
  .map(({ kind: name, quantity, index, how, place: at }): Step => {
    return async (world) => {
      const orderId = world.orders[index % Math.max(world.orders.length, 1)]
      if (orderId === undefined) return
      await inTx(world, (tx) =>
        restock(world.shop.ctx, tx, {
          ...{ orderId, kind: how },
          items: [{ variantId: articleOf(world, name), quantity }],
          locationId: at === undefined ? undefined : placeOf(world, at),
        }),
      )
    }
  })

const sending = fc
  .record({ kind, from: place, to: place, quantity: few })
  .map(({ kind: name, from, to, quantity }): Step => {
    return async (world) => {
      const lines = [{ variantId: articleOf(world, name), quantity }]
      const { transfer } = await inTx(world, (tx) =>
        sendTransfer(world.shop.ctx, tx, {
          ...{ fromId: placeOf(world, from), toId: placeOf(world, to), note: undefined, lines },
        }),
      )
      world.transfers.push(transfer.id)
    }
  })

const arriving = fc
  .record({ index: fc.nat(), how: fc.constantFrom('one', 'all', 'none') })
  .map(({ index, how }): Step => {
    return async (world) => {
      const id = world.transfers[index % Math.max(world.transfers.length, 1)]
      if (id === undefined) return
      const { ctx } = world.shop
      const receipt = how === 'one' ? [{ position: 0, quantity: 1 }] : undefined
      await inTx(world, (tx) =>
        how === 'none' ? cancelTransfer(ctx, tx, id) : receiveTransfer(ctx, tx, { id, receipt }),
      )
    }
  })

const counting = fc
  .record({ place, kind, code: lotCode, counted: fc.integer({ min: 0, max: 9 }) })
  .map(({ place: at, kind: name, code, counted }): Step => {
    return async (world) => {
      const { ctx } = world.shop
      const opening = { locationId: placeOf(world, at), note: undefined }
      const { take } = await inTx(world, (tx) => openStockTake(ctx, tx, opening))
      const lotCodeOf = name === 'lots' ? code : undefined
      const counts = [{ variantId: articleOf(world, name), lotCode: lotCodeOf, counted }]
      await inTx(world, (tx) => countStock(ctx, tx, { id: take.id, counts }))
      await inTx(world, (tx) => postStockTake(ctx, tx, take.id))
    }
  })

const switching = fc
  .record({ place: fc.integer({ min: 1, max: 2 }), isActive: fc.boolean() })
  .map(({ place: at, isActive }): Step => {
    return (world) =>
      changeLocation(world.shop.ctx, { id: placeOf(world, at), version: undefined }, { isActive })
  })

const passing = fc.integer({ min: 1, max: 20 }).map((minutes): Step => {
  return async ({ shop, clock }) => {
    clock.advance(minutes * 60_000)
    await withholdExpired(shop.ctx)
    await expireDue(shop.ctx)
    await fillBackorders(shop.ctx)
  }
})

const step = fc.oneof(
  { weight: 4, arbitrary: booking },
  { weight: 1, arbitrary: setting },
  { weight: 5, arbitrary: buying },
  { weight: 3, arbitrary: returning },
  { weight: 2, arbitrary: sending },
  { weight: 2, arbitrary: arriving },
  { weight: 1, arbitrary: counting },
  { weight: 1, arbitrary: switching },
  { weight: 1, arbitrary: passing },
)

describeOnEveryDatabase('whatever happens to stock, in whichever order,', (openShop) => {
  test('the books agree after every step', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 25, maxLength: 40 }),
      async (steps) => {
        const world = await openWorld(openShop)
        await using shop = world.shop
        for (const act of steps) {
          await act(world).catch((error: unknown) => {
            if (!(error instanceof ShopError)) throw error
          })
          await shop.assertAudit()
        }
      },
    )
    await fc.assert(property, { numRuns: 6 })
  })
})
