import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp, type OpenShop } from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, unchanged } from './support.ts'

async function openWithAdmin(openShop: OpenShop) {
  const shop = await openShop()
  const { token } = await signUp(shop, { role: 'admin' })
  return {
    shop,
    adjust: (body: object, key?: string) =>
      shop.call('POST', '/api/v1/admin/stock-adjustments', {
        token,
        body,
        ...(key === undefined ? {} : { key }),
      }),
    stock: (reference: string) => shop.call('GET', `/api/v1/admin/stock/${reference}`, { token }),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  }
}

describeOnEveryDatabase('the administration of stock', (openShop) => {
  test('shows what is on hand, reserved and available, by variant and by SKU', async () => {
    await using opened = await openWithAdmin(openShop)
    const { shop, stock } = opened
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 7 })
    const answer = await stock(variantId)
    assert.equal(answer.status, 200, answer.text)
    const [{ location_id, ...level }] = answer.body.data
    assert.match(location_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(level, {
      variant_id: variantId,
      sku,
      location_code: 'main',
      on_hand: 7,
      reserved: 0,
      withheld: 0,
      available: 7,
      is_active: true,
    })
    assert.equal((await stock(sku)).text, answer.text)
    assert.equal((await stock(variantId.toUpperCase())).text, answer.text)
    refused(await stock('NO-SUCH-SKU'), 404, 'NOT_FOUND')
    refused(await stock('77'), 404, 'NOT_FOUND')
  })

  test('books receipts, corrections and returns, each as a movement with its note', async () => {
    await using opened = await openWithAdmin(openShop)
    const { shop, adjust } = opened
    const { variantId } = await addProduct(shop.ctx, { onHand: 7 })
    for (const [kind, quantity, onHand] of [
      ['receipt', 5, 12],
      ['adjustment', -12, 0],
      ['return', 1, 1],
    ] as const) {
      const body = { variant_id: variantId.toUpperCase(), quantity, kind, note: `a ${kind}` }
      const answer = await adjust(body)
      assert.equal(answer.status, 201, answer.text)
      assert.equal(answer.body.data[0].on_hand, onHand)
      assert.equal(answer.body.data[0].available, onHand)
    }
    const movements = await shop.ctx.db.read
      .selectFrom('stock_movements')
      .select(['kind', 'quantity', 'note'])
      .where('note', 'is not', null)
      .execute()
    assert.deepEqual(movements.map(({ kind, quantity, note }) => [kind, quantity, note]).sort(), [
      ['adjustment', -12, 'a adjustment'],
      ['receipt', 5, 'a receipt'],
      ['return', 1, 'a return'],
    ])
    await shop.assertAudit()
  })

  test('never goes below what buyers have reserved', async () => {
    await using opened = await openWithAdmin(openShop)
    const { shop, adjust } = opened
    const product = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, { session: 's' }, { ...product, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('timeout'))).status, 503)
    const body = { variant_id: product.variantId, kind: 'adjustment' }
    await unchanged(shop, async () => {
      const answer = await adjust({ ...body, quantity: -3 })
      const { details } = refused(answer, 409, 'INSUFFICIENT_STOCK')
      assert.equal(details.sku, product.sku)
      assert.equal(details.available, 2)
    })
    const least = await adjust({ ...body, quantity: -2 })
    assert.equal(least.body.data[0].available, 0)
    assert.equal(least.body.data[0].reserved, 3)
    await shop.assertAudit()
  })

  test('refuses what is not an adjustment', async () => {
    await using opened = await openWithAdmin(openShop)
    const { shop, adjust } = opened
    const { variantId } = await addProduct(shop.ctx)
    const body = { variant_id: variantId, quantity: 1, kind: 'receipt' }
    await unchanged(shop, async () => {
      for (const [change, field] of [
        [{ quantity: 0 }, 'quantity'],
        [{ quantity: 1.5 }, 'quantity'],
        [{ quantity: '1' }, 'quantity'],
        [{ quantity: 1_000_000_001 }, 'quantity'],
        [{ kind: 'sale' }, 'kind'],
        [{ variant_id: '1' }, 'variant_id'],
        [{ note: 'a'.repeat(501) }, 'note'],
        [{ reason: 'none' }, 'reason'],
      ] as const) {
        refusedField(await adjust({ ...body, ...change }), field)
      }
      const unknown = { ...body, variant_id: '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c' }
      refused(await adjust(unknown), 404, 'NOT_FOUND')
    })
  })

  test('books once, however often the same key is sent', async () => {
    await using opened = await openWithAdmin(openShop)
    const { shop, adjust, stock } = opened
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 1 })
    const body = { variant_id: variantId, quantity: 4, kind: 'receipt' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => adjust(body, 'k1')))
    for (const { status, text } of answers) {
      assert.equal(status, 201)
      assert.equal(text, answers[0]?.text)
    }
    assert.equal((await stock(sku)).body.data[0].on_hand, 5)
    refused(await adjust({ ...body, quantity: 5 }, 'k1'), 422, 'IDEMPOTENCY_KEY_REUSED')
    await shop.assertAudit()
  })
})
