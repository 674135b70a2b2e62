import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, added, checkOut, orderStatuses, outcome } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { assertStock, inParallel, tally } from './support.ts'

const width = 32
const session = (name: string | number) => ({ session: `buyer-${name}` })

/** Everybody has the article in the cart before the first one pays. */
async function rush(
  shop: TestShop,
  { buyers, variantId, payment }: { buyers: number; variantId: string; payment: object },
) {
  await inParallel(buyers, width, (buyer) => added(shop, session(buyer), { variantId }))
  return inParallel(buyers, width, (buyer) => checkOut(shop, session(buyer), { ...payment }))
}

describeOnEveryDatabase('a rush on scarce articles', (openShop) => {
  for (const method of ['test', 'manual']) {
    test(`500 buyers of 50 pieces who pay by ${method} get exactly 50 orders`, async () => {
      await using shop = await openShop()
      const { variantId } = await addProduct(shop.ctx, { onHand: 50 })
      const payment = { payment_method: method }
      const answers = await rush(shop, { buyers: 500, variantId, payment })
      assert.deepEqual(tally(answers), { 201: 50, '409 INSUFFICIENT_STOCK': 450 })
      await assertStock(shop, variantId, { on_hand: 0, reserved: 0 })
      assert.equal((await orderStatuses(shop.ctx)).length, 50)
      await shop.assertAudit()
    })
  }

  test('pieces held by payments that are declined go to those who can pay', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 10 })
    const declined = rush(shop, { buyers: 50, variantId, payment: outcome('decline') })
    const allowed = ['409 INSUFFICIENT_STOCK', '422 PAYMENT_DECLINED']
    for (const name of Object.keys(tally(await declined))) assert.ok(allowed.includes(name), name)
    await assertStock(shop, variantId, { on_hand: 10, reserved: 0 })
    const paying = await inParallel(50, width, (buyer) => checkOut(shop, session(buyer)))
    assert.deepEqual(tally(paying), { 201: 10, '409 INSUFFICIENT_STOCK': 40 })
    await shop.assertAudit()
  })

  test('two articles shared by orders that name them in opposite order sell to the last', async () => {
    await using shop = await openShop()
    const first = await addProduct(shop.ctx, { onHand: 60 })
    const second = await addProduct(shop.ctx, { onHand: 40 })
    await inParallel(200, width, async (buyer) => {
      const order = buyer % 2 === 0 ? [first, second] : [second, first]
      for (const { variantId } of order) await added(shop, session(buyer), { variantId })
    })
    const answers = await inParallel(200, width, (buyer) => checkOut(shop, session(buyer)))
    assert.deepEqual(tally(answers), { 201: 40, '409 INSUFFICIENT_STOCK': 160 })
    await assertStock(shop, first.variantId, { on_hand: 20, reserved: 0 })
    await assertStock(shop, second.variantId, { on_hand: 0, reserved: 0 })
    await shop.assertAudit()
  })

  test('an article put into the cart in two goes counts as the sum of both', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 100 })
    await inParallel(50, width, async (buyer) => {
      const goes = [1, 3].map((quantity) => added(shop, session(buyer), { variantId, quantity }))
      await Promise.all(goes)
    })
    const answers = await inParallel(50, width, (buyer) => checkOut(shop, session(buyer)))
    assert.deepEqual(tally(answers), { 201: 25, '409 INSUFFICIENT_STOCK': 25 })
    await assertStock(shop, variantId, { on_hand: 0, reserved: 0 })
    await shop.assertAudit()
  })

  test('a cart that asks for more than there is after a merge is refused', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 5 })
    const customer = await signUp(shop)
    await added(shop, { token: customer.token }, { variantId, quantity: 3 })
    await added(shop, session('guest'), { variantId, quantity: 3 })
    const both = { ...session('guest'), token: customer.token }
    const answers = await inParallel(10, 10, () => checkOut(shop, both))
    assert.deepEqual(tally(answers), { '409 INSUFFICIENT_STOCK': 10 })
    await assertStock(shop, variantId, { on_hand: 5, reserved: 0 })
    await shop.assertAudit()
  })

  test('stock that staff take out while it sells is never sold as well', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 60 })
    const { token } = await signUp(shop, { role: 'admin' })
    await inParallel(60, width, (buyer) => added(shop, session(buyer), { variantId }))
    const takeOne = () => {
      const body = { variant_id: variantId, quantity: -1, kind: 'adjustment' }
      return shop.call('POST', '/api/v1/admin/stock-adjustments', { token, body })
    }
    const answers = await inParallel(120, width, (turn) =>
      turn % 2 === 0 ? checkOut(shop, session(turn / 2)) : takeOne(),
    )
    assert.deepEqual(tally(answers), { 201: 60, '409 INSUFFICIENT_STOCK': 60 })
    await assertStock(shop, variantId, { on_hand: 0, reserved: 0 })
    await shop.assertAudit()
  })

  test('parallel adds to one cart never ask for more than there is', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 7 })
    const answers = await inParallel(50, 50, () => add(shop, session('one'), { variantId }))
    assert.deepEqual(tally(answers), { 201: 7, '409 INSUFFICIENT_STOCK': 43 })
    await shop.assertAudit()
  })
})
