import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, checkoutBody, describeOnEveryDatabase } from '../support/shop.ts'

describeOnEveryDatabase('a whole purchase', (openShop) => {
  test('a guest adds a product, checks out and reads the order with its token', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { priceMinor: 1_999, onHand: 3 })
    const session = 'guest-1'
    const added = await shop.call('POST', '/api/v1/cart/items', {
      session,
      body: { product_id: product.number, quantity: 2 },
    })
    assert.equal(added.status, 201)
    assert.equal(added.body.data.subtotal.amount, '39.98')
    const placed = await shop.call('POST', '/api/v1/checkout', { session, body: checkoutBody })
    assert.equal(placed.status, 201, placed.text)
    assert.equal(placed.body.data.status, 'paid')
    assert.equal(placed.body.data.total.amount, '48.28')
    const { number, token } = placed.body.data as { number: number; token: string }
    const read = await shop.call('GET', `/api/v1/orders/${number}?token=${token}`)
    assert.equal(read.status, 200)
    assert.equal((await shop.call('GET', `/api/v1/orders/${number}`)).status, 404)
    await shop.assertAudit()
  })
})
