import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../api/support.ts'
import { inParallel } from '../race/support.ts'
import { describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { add, member, order, orderOf, says, saysWrong, stocked, variantOf } from './e-support.ts'
import { sharedShop, stockOf, unchanged } from './support.ts'

describeOnEveryDatabase('contract E: /carts', (openShop) => {
  const shop = sharedShop(openShop)
  const mine = (token: string) => shop().call('GET', '/carts/my-cart', { token })
  const remove = (token: string, id: number | string) =>
    shop().call('DELETE', `/carts/remove-item/${id}`, { token })

  test('GET /my-cart: 200 with the descriptions in it; empty for a new user', async () => {
    const { token: _, serials, ...lampInCart } = await stocked(shop(), 2)
    assert.equal(serials.length, 2)
    const token = await member(shop())
    assert.deepEqual([(await mine(token)).status, (await mine(token)).body], [200, []])
    await add(shop(), token, lampInCart.id)
    await add(shop(), token, lampInCart.id)
    const answer = await mine(token)
    assert.deepEqual([answer.status, answer.body], [200, [lampInCart]])
    assert.match(answer.text, /"price":29\.90/)
  })

  test('POST /add-item/<desc_id>: 200 "Item … added/updated in cart", one more each time', async () => {
    const { id, name } = await stocked(shop(), 2)
    const token = await member(shop())
    for (const quantity of [1, 2]) {
      says(await add(shop(), token, id), 200, `Item ${name} added/updated in cart`)
      const cart = await shop().call('GET', '/api/v1/cart', { token })
      assert.equal(cart.body.data.item_count, quantity)
    }
    for (const unknown of ['999999', 'x']) {
      says(await add(shop(), token, unknown), 404, 'Product description not found')
    }
  })

  test('POST /add-item/<desc_id>: 409 for more than there are units', async () => {
    const { id } = await stocked(shop(), 1)
    const token = await member(shop())
    assert.equal((await add(shop(), token, id)).status, 200)
    const answer = await unchanged(shop(), () => add(shop(), token, id))
    assert.deepEqual([answer.status, Object.keys(answer.body)], [409, ['message']])
    assert.match(answer.body.message, /^Only 1 of .+ left\.$/)
  })

  test('POST /add-item/<desc_id>: with an empty body that is called JSON, too', async () => {
    const { id, name } = await stocked(shop(), 1)
    const token = await member(shop())
    const headers = { 'content-type': 'application/json' }
    const answer = await shop().call('POST', `/carts/add-item/${id}/`, { token, headers, raw: '' })
    says(answer, 200, `Item ${name} added/updated in cart`)
  })

  test('DELETE /remove-item/<desc_id>: 200 while some are left, 204 with the last, then 404', async () => {
    const { id, name } = await stocked(shop(), 2)
    const token = await member(shop())
    says(await remove(token, id), 404, 'Item not in cart')
    await add(shop(), token, id)
    await add(shop(), token, id)
    says(await remove(token, id), 200, `Quantity of ${name} decreased in cart`)
    const last = await remove(token, id)
    assert.deepEqual([last.status, last.text], [204, ''])
    for (const missing of [id, 999_999, 'x']) {
      says(await remove(token, missing), 404, 'Item not in cart')
    }
    assert.deepEqual((await mine(token)).body, [])
  })

  test('pieces taken out at once are all taken out', async () => {
    const { id } = await stocked(shop(), 8)
    const token = await member(shop())
    for (let piece = 0; piece < 8; piece++) await add(shop(), token, id)
    const answers = await Promise.all(Array.from({ length: 8 }, () => remove(token, id)))
    const statuses = answers.map(({ status }) => status).toSorted((one, other) => one - other)
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 200, 204])
    assert.deepEqual((await mine(token)).body, [])
  })

  test('every route needs a token', async () => {
    const { id } = await stocked(shop(), 1)
    const requests = [
      ['GET', '/carts/my-cart'],
      ['POST', `/carts/add-item/${id}`],
      ['DELETE', `/carts/remove-item/${id}`],
      ['POST', '/orders/create'],
    ] as const
    for (const [method, path] of requests) {
      says(await shop().call(method, path), 401, 'Authorization token is missing!')
      says(await shop().call(method, path, { token: 'a.b.c' }), 401, 'Invalid token!')
    }
  })
})

describeOnEveryDatabase('contract E: /orders/create', (openShop) => {
  const shop = sharedShop(openShop)

  test('201 "Order … placed successfully!"; it takes the units and empties the cart', async () => {
    const { id, serials } = await stocked(shop(), 3)
    const token = await member(shop(), { first_name: 'Ada', last_name: 'Lovelace' })
    await add(shop(), token, id)
    await add(shop(), token, id)
    const answer = await order(shop(), token)
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual(Object.keys(answer.body), ['message'])
    const placed = await orderOf(shop(), token, answer)
    assert.deepEqual(
      [placed.status, placed.payment.method, placed.payment.status, placed.subtotal.amount],
      ['placed', 'manual', 'due', '59.80'],
    )
    assert.deepEqual(placed.shipping_address, {
      name: 'Ada Lovelace',
      address: '12 St James Sq',
      city: 'London',
      country: 'US',
    })
    const named = placed.lines[0].units as { serial_number: string }[]
    assert.deepEqual(
      named.map(({ serial_number }) => serial_number),
      serials.slice(0, 2),
    )
    const cart = await shop().call('GET', '/carts/my-cart', { token })
    assert.deepEqual(cart.body, [])
    const variant = await variantOf(shop(), id)
    assert.deepEqual({ ...(await stockOf(shop().ctx, variant)) }, { on_hand: 1, reserved: 0 })
  })

  test('400 "Cart is empty, cannot create order"', async () => {
    for (const given of [{}, { address: undefined }]) {
      const token = await member(shop(), given)
      const answer = await unchanged(shop(), () => order(shop(), token))
      says(answer, 400, 'Cart is empty, cannot create order')
    }
  })

  test('400 that names the address, for an account that has none', async () => {
    const { id } = await stocked(shop(), 1)
    for (const given of [{ address: undefined }, { address: ' ' }]) {
      const token = await member(shop(), given)
      await add(shop(), token, id)
      saysWrong(await unchanged(shop(), () => order(shop(), token)), 'address')
    }
  })

  test('the default address of the address book goes first', async () => {
    const { id } = await stocked(shop(), 1)
    const token = await member(shop())
    const address = { name: 'Ada', address: '1 Ockham Park', city: 'Ockham', country: 'GB' }
    const body = { ...address, postal_code: 'GU23 6NQ', default_shipping: true }
    const saved = await shop().call('POST', '/api/v1/customers/me/addresses', { token, body })
    assert.equal(saved.status, 201, saved.text)
    await add(shop(), token, id)
    const placed = await orderOf(shop(), token, await order(shop(), token))
    assert.deepEqual(placed.shipping_address, { ...address, postal_code: 'GU23 6NQ' })
  })

  test('409 when the price is not the one that was shown; the next try accepts it', async () => {
    const { id, token: admin } = await stocked(shop(), 1)
    const token = await member(shop())
    await add(shop(), token, id)
    const body = { price: 31.5 }
    await shop().call('PUT', `/product-descriptions/${id}`, { token: admin, body })
    const refused = await order(shop(), token)
    assert.equal(refused.status, 409)
    assert.match(refused.body.message, /^The price of .+ changed from 29\.90 to 31\.50\.$/)
    const placed = await orderOf(shop(), token, await order(shop(), token))
    assert.equal(placed.subtotal.amount, '31.50')
  })

  test('an Idempotency-Key places one order', async () => {
    const { id } = await stocked(shop(), 2)
    const token = await member(shop())
    await add(shop(), token, id)
    const first = await order(shop(), token, 'order-once')
    assert.equal(first.status, 201, first.text)
    await add(shop(), token, id)
    const again = await order(shop(), token, 'order-once')
    assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [first.text, 'true'])
    assert.equal((await shop().call('GET', '/carts/my-cart', { token })).body.length, 1)
  })
})

describeOnEveryDatabase('contract E: a token', (openShop) => {
  test('is good for an hour at every route: after it 403 "Token has expired!"', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { id } = await stocked(shop, 1)
    const token = await member(shop)
    assert.equal((await add(shop, token, id)).status, 200)
    clock.advance(60 * 60_000)
    says(await add(shop, token, id), 403, 'Token has expired!')
    says(await order(shop, token), 403, 'Token has expired!')
    says(await shop.call('GET', '/carts/my-cart', { token }), 403, 'Token has expired!')
  })
})

describeOnEveryDatabase('contract E: a race', (openShop) => {
  test('two buyers want the last unit: one gets it, the other is told', async () => {
    await using shop = await openShop()
    const { id, serials } = await stocked(shop, 1)
    const tokens = [await member(shop), await member(shop)]
    for (const token of tokens) assert.equal((await add(shop, token, id)).status, 200)
    const answers = await Promise.all(tokens.map((token) => order(shop, token)))
    const [won, lost] = answers.toSorted((one, other) => one.status - other.status)
    assert.deepEqual([won?.status, lost?.status], [201, 409])
    assert.match(String(lost?.body.message), /^Only 0 of .+ left\.$/)
    const winner = tokens[answers.findIndex(({ status }) => status === 201)] ?? ''
    const placed = await orderOf(
      shop,
      winner,
      answers.find(({ status }) => status === 201)!,
    )
    assert.deepEqual(placed.lines[0].units, [{ serial_number: serials[0], is_returned: false }])
    await shop.assertAudit()
  })

  test('fifty orders at once over twenty units: twenty sold, each serial on one order', async () => {
    await using shop = await openShop()
    const { id, serials } = await stocked(shop, 20)
    const buyers = await inParallel(50, 10, async () => {
      const { token } = await signUp(shop)
      const body = { address: '12 St James Sq, London' }
      await shop.call('PUT', '/users/profile', { token, body })
      assert.equal((await add(shop, token, id)).status, 200)
      return token
    })
    const answers = await Promise.all(buyers.map((token) => order(shop, token)))
    const byStatus = Object.groupBy(answers, ({ status }) => status)
    assert.deepEqual([byStatus[201]?.length, byStatus[409]?.length], [20, 30])
    const rows = await shop.ctx.db.read
      .selectFrom('units')
      .select(['serial', 'order_id', 'state'])
      .execute()
    assert.deepEqual(new Set(rows.map(({ serial }) => serial)), new Set(serials))
    assert.ok(rows.every(({ state }) => state === 'sold'))
    assert.equal(new Set(rows.map(({ order_id }) => order_id)).size, 20)
    await shop.assertAudit()
  })
})
