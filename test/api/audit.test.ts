import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql, type RawBuilder } from 'kysely'
import { audit } from '../../src/domains/audit/audit.ts'
import { createLocation } from '../../src/domains/inventory/locations.ts'
import { sendTransfer } from '../../src/domains/inventory/transfers.ts'
import { createCategory } from '../../src/domains/catalog/categories.ts'
import {
  addProduct,
  describeOnEveryDatabase,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'
import { added, checkOut, outcome } from './support.ts'

/** A shop in which one cart was declined and then paid, and another waits for its payment. */
async function openTraded(openShop: OpenShop): Promise<TestShop> {
  const shop = await openShop()
  const home = { name: 'Home', description: '', parentId: null }
  const categoryId = await createCategory(shop.ctx, home)
  const product = await addProduct(shop.ctx, { onHand: 10, categoryId })
  await added(shop, { session: 'paid' }, { ...product, quantity: 2 })
  await checkOut(shop, { session: 'paid' }, { ...outcome('decline'), key: 'a' })
  assert.equal((await checkOut(shop, { session: 'paid' }, { key: 'b' })).status, 201)
  await added(shop, { session: 'waiting' }, { ...product, quantity: 3 })
  assert.equal((await checkOut(shop, { session: 'waiting' }, outcome('timeout'))).status, 503)
  await sendAway(shop, product.variantId)
  await shop.assertAudit()
  return shop
}

/** A piece that is on its way to another location. */
async function sendAway({ ctx }: TestShop, variantId: string): Promise<void> {
  const north = { code: 'north', name: 'North', priority: 1, isActive: true }
  const { id: toId } = await createLocation(ctx, north)
  const main = await ctx.db.read
    .selectFrom('locations')
    .select('id')
    .where('code', '=', 'main')
    .executeTakeFirstOrThrow()
  const transfer = { fromId: main.id, toId, note: undefined, lines: [{ variantId, quantity: 1 }] }
  await ctx.db.transaction((tx) => sendTransfer(ctx, tx, transfer))
}

const run = (shop: TestShop, statement: RawBuilder<unknown>) =>
  shop.ctx.db.transaction(async (tx) => void (await statement.execute(tx)))

/** What breaks each promise of the ledger, behind the back of the shop. */
const damages: readonly (readonly [
  rule: string,
  damage: RawBuilder<unknown>,
  /** What has to be there first. */
  before?: RawBuilder<unknown>,
])[] = [
  ['what is on hand is the sum of its movements', sql`update stock set on_hand = on_hand + 1`],
  [
    'what is reserved is the sum of the active holds',
    sql`update stock set reserved = reserved - 1`,
  ],
  [
    'a cart becomes at most one order that counts',
    sql`update orders set status = 'paid' where status = 'cancelled'`,
  ],
  [
    'an order that counts keeps its cart to itself',
    sql`update orders set live_cart_id = null where status = 'paid'`,
  ],
  [
    'an idempotency key leads to one order',
    sql`update idempotency_keys set order_id = (select id from orders where status = 'paid')`,
  ],
  [
    'a paid order has captures of all of its total',
    sql`update payments set captured_minor = captured_minor - 1 where status = 'captured'`,
  ],
  [
    'a payment is decided exactly when its order is',
    sql`update payments set status = 'due' where status = 'pending'`,
  ],
  [
    'no money is kept for an order that does not count',
    sql`update payments set captured_minor = amount_minor, authorised_minor = amount_minor
      where status = 'failed'`,
  ],
  [
    'what is to be paid for an order is its total',
    sql`update payments set amount_minor = amount_minor + 1`,
  ],
  ['an order counts its payments', sql`update orders set payment_count = 2`],
  [
    'what goes back of a payment, and what came of it, is what was done to it',
    sql`update payments set refunded_minor = 1 where status = 'captured'`,
  ],
  [
    'no event of a payment provider has given up being handled',
    sql`insert into payment_events (id, provider, event_id, type, content, status, attempts,
        available_at, received_at)
      select id, 'test', 'one', 'x', '{}', 'failed', 32, 0, 0 from orders
      where status = 'paid'`,
  ],
  [
    'the lines of an order add up to its totals',
    sql`update order_lines set subtotal_minor = price_minor * (quantity + 1),
      quantity = quantity + 1`,
  ],
  [
    'an order holds, has sold or has given back exactly what it is for',
    sql`update stock_holds set status = 'released' where status = 'sold'`,
  ],
  [
    'what was sold left the warehouse once, and came back at most once',
    sql`update stock_holds set returned = 1 where status = 'sold'`,
  ],
  [
    'nothing left the warehouse for an order that has not bought it',
    sql`delete from stock_holds where status = 'sold'`,
  ],
  [
    'an order has nothing that it did not buy',
    sql`delete from order_lines where order_id in (select id from orders where status = 'paid')`,
  ],
  ['a shelf sells exactly while its location does', sql`update stock set is_active = 0`],
  ['there is one default location, and it sells', sql`update locations set is_active = 0`],
  [
    'nobody waits for what cannot be on back-order',
    sql`update stock_holds set waiting = 1 where status = 'sold'`,
  ],
  [
    'what is on back-order is what orders wait for, within its limit',
    sql`insert into backorder_terms (variant_id, limit_quantity, backordered)
      select id, 9, 1 from variants`,
  ],
  ['a shelf of lots holds what its lots hold', sql`update variants set supply = 'lots'`],
  [
    'a lot has what its movements say, and reserves what orders hold of it',
    sql`insert into stock_lots (id, variant_id, location_id, code, on_hand, created_at)
      select variant_id, variant_id, location_id, 'L', 1, 0 from stock`,
  ],
  [
    'the lots that an order has are what it has of the article',
    sql`update stock_holds set has_lots = 1 where status = 'sold'`,
  ],
  [
    'what is on its way left one place and reached the other',
    sql`update stock_transfer_lines set received = 1`,
  ],
  [
    'a finished cart is free for nobody, an unfinished one has no order that counts',
    sql`update carts set status = 'open' where status = 'completed'`,
  ],
  [
    'an order that counts has been announced',
    sql`update orders set status = 'paid' where status = 'cancelled'`,
  ],
  [
    'what is packed and shipped of a line is what is in its parcels',
    sql`update order_lines set fulfilled_quantity = 1 where quantity = 2`,
  ],
  [
    'what is cancelled of a line is what its cancellations say',
    sql`update order_lines set cancelled_quantity = 1 where quantity = 2`,
  ],
  [
    'what comes and came back of a line is what its returns say',
    sql`update order_lines set fulfilled_quantity = 2, shipped_quantity = 2, returned_quantity = 1
      where quantity = 2`,
  ],
  [
    'all pieces of a line that went back are worth what was paid for them',
    sql`insert into cancellation_lines (cancellation_id, line_id, quantity, amount_minor)
      select c.id, l.id, 1, l.total_minor + 1
      from cancellations c join order_lines l on l.order_id = c.order_id`,
    sql`insert into cancellations
        (id, order_id, reason, amount_minor, shipping_minor, created_at)
      select id, id, 'x', 0, 0, 0 from orders where status = 'paid'`,
  ],
  [
    'an order is worth its total less what its cancellations and returns gave back',
    sql`insert into cancellations
        (id, order_id, reason, amount_minor, shipping_minor, created_at)
      select id, id, 'x', 1, 0, 0 from orders where status = 'paid'`,
  ],
  [
    'the state of an order is that of its pieces',
    sql`update orders set status = 'shipped' where status = 'paid'`,
  ],
  [
    'a delivered order has no parcel under way',
    sql`update orders set status = 'delivered' where status = 'paid'`,
    sql`insert into fulfilments (id, order_id, position, status, created_at)
      select id, id, 1, 'shipped', 0 from orders where status = 'paid'`,
  ],
  [
    'an order that was paid has as many gift cards as it bought and did not cancel',
    sql`update orders set gift_card_count = 1 where status = 'paid'`,
    sql`update order_lines set kind = 'gift_card' where quantity = 2`,
  ],
  [
    'an order that somebody cancelled says so on its timeline',
    sql`update order_lines set cancelled_quantity = quantity
      where order_id in (select id from orders where status = 'cancelled')`,
  ],
  ['no event has given up being delivered', sql`update outbox set status = 'failed'`],
  [
    'no event has given up being delivered',
    sql`insert into deliveries (event_id, subscriber, status, attempts, available_at, created_at)
      select id, 'mail', 'failed', 32, 0, 0 from outbox`,
  ],
  [
    'category counts are the products in them',
    sql`update categories set total_product_count = total_product_count + 1`,
  ],
]

/** What the database itself does not let happen. */
const impossible: readonly (readonly [what: string, damage: RawBuilder<unknown>])[] = [
  ['to reserve more than there is', sql`update stock set reserved = on_hand + 1`],
  ['to have less than nothing', sql`update stock set on_hand = -1, reserved = -1`],
  ['to change a total', sql`update orders set total_minor = total_minor + 1`],
  [
    'to refund more than was captured',
    sql`update payments set refunded_minor = captured_minor + 1`,
  ],
  [
    'to capture more than was authorised',
    sql`update payments set captured_minor = authorised_minor + 1`,
  ],
  [
    'to be on the way back with more than came',
    sql`update payments set refunding_minor = captured_minor - refunded_minor + 1`,
  ],
  [
    'to authorise more than was asked',
    sql`update payments set authorised_minor = amount_minor + 1`,
  ],
  ['to rewrite a movement of stock', sql`update stock_movements set quantity = quantity + 1`],
  ['to forget a movement of stock', sql`delete from stock_movements`],
  ['to rewrite what happened to an order', sql`update order_events set type = 'x'`],
  ['to forget what happened to an order', sql`delete from order_events`],
  ['to forget an order', sql`delete from orders`],
  [
    'a piece that is cancelled and packed',
    sql`update order_lines
      set cancelled_quantity = 1, fulfilled_quantity = quantity`,
  ],
  ['to ship what is in no parcel', sql`update order_lines set shipped_quantity = 1`],
  ['to take back what never left', sql`update order_lines set returned_quantity = 1`],
  [
    'to give back more than an order cost',
    sql`update orders
      set given_back_minor = total_minor + 1`,
  ],
  ['a line of nothing', sql`update order_lines set quantity = 0, subtotal_minor = 0`],
  [
    'two orders that count for one cart',
    sql`update orders set live_cart_id = cart_id where status = 'cancelled'`,
  ],
]

describeOnEveryDatabase('the audit', (openShop) => {
  for (const [rule, damage, before] of damages) {
    test(`notices that it is not true that ${rule}`, async () => {
      await using shop = await openTraded(openShop)
      if (before) await run(shop, before)
      await run(shop, damage)
      const told: [string, boolean][] = []
      const violations = await audit(shop.ctx, (name, violated) => told.push([name, violated]))
      const violation = violations.find((candidate) => candidate.rule === rule)
      assert.ok(violation, violations.map((candidate) => candidate.rule).join())
      assert.ok(violation.rows.length > 0)
      assert.deepEqual(
        told.filter(([, violated]) => violated).map(([name]) => name),
        violations.map((candidate) => candidate.rule),
      )
      await assert.rejects(shop.assertAudit())
    })
  }

  test('shows the first five places', async () => {
    await using shop = await openShop()
    for (let count = 0; count < 6; count++) await addProduct(shop.ctx)
    await run(shop, sql`update stock set on_hand = on_hand + 1`)
    const [violation] = await audit(shop.ctx)
    assert.equal(violation?.rows.length, 5)
  })
})

describeOnEveryDatabase('the database refuses', (openShop) => {
  test('what the ledger could never explain', async () => {
    await using shop = await openTraded(openShop)
    for (const [what, damage] of impossible) {
      await assert.rejects(run(shop, damage), what)
    }
    await shop.assertAudit()
  })
})
