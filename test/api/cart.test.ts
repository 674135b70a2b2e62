import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import {
  add,
  added,
  cartOf,
  checkOut,
  linesOf,
  outcome,
  refused,
  refusedField,
  unchanged,
  type Who,
} from './support.ts'

const guest: Who = { session: 'guest' }

/** The name and value of the cookie that an answer sets. */
function cookieOf({ headers }: { headers: Headers }): string {
  const [cookie = ''] = headers.getSetCookie()
  return cookie.split(';')[0] ?? ''
}

const withCookie = (cookie: string): Who => ({ headers: { cookie } })

describeOnEveryDatabase('whose cart it is', (openShop) => {
  test('is nobody’s for a stranger, who gets an empty one and no cookie', async () => {
    await using shop = await openShop()
    const answer = await shop.call('GET', '/api/v1/cart')
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    const zero = { amount: '0.00', currency: 'USD' }
    assert.deepEqual(answer.body.data, {
      id: null,
      version: 0,
      status: 'open',
      currency: 'USD',
      lines: [],
      item_count: 0,
      subtotal: zero,
      tax: zero,
      shipping_estimate: zero,
      discount: zero,
      total: zero,
      shipping_options: [],
      tax_inclusive: false,
      ...{ taxes: [], coupons: [], discounts: [], gifts: [], destination: null, vat_id: null },
      problems: [],
      expires_at: null,
    })
    assert.deepEqual(answer.body.links, {
      self: '/api/v1/cart',
      items: '/api/v1/cart/items',
      checkout: '/api/v1/checkout',
    })
  })

  test('is told by a cookie that a stranger gets with the first thing added', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const first = await added(shop, {}, product)
    const [cookie = ''] = first.headers.getSetCookie()
    assert.match(
      cookie,
      /^cart_session=[\w-]{24}\.[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    const who = withCookie(cookieOf(first))
    const second = await added(shop, who, product)
    assert.deepEqual(second.headers.getSetCookie(), [])
    assert.deepEqual(await linesOf(shop, who), [[product.sku, 2]])
    assert.deepEqual(await linesOf(shop, {}), [])
    const other = await added(shop, {}, product)
    assert.notEqual(cookieOf(other), cookieOf(first))
    assert.deepEqual(await linesOf(shop, who), [[product.sku, 2]])
  })

  test('is told over HTTPS only where the shop is reached by HTTPS', async () => {
    for (const [settings, secure] of [
      [{ PUBLIC_URL: 'https://shop.example.com' }, true],
      [{ PUBLIC_URL: 'https://shop.example.com', COOKIE_SECURE: 'false' }, false],
      [{ COOKIE_SECURE: 'true' }, true],
    ] as const) {
      await using shop = await openShop({ settings })
      const { variantId, sku } = await addProduct(shop.ctx)
      const answer = await added(shop, {}, { variantId })
      const [cookie = ''] = answer.headers.getSetCookie()
      assert.equal(cookie.includes('; Secure'), secure)
      assert.equal(cookie.startsWith('__Host-cart_session='), secure)
      assert.deepEqual(await linesOf(shop, withCookie(cookieOf(answer))), [[sku, 1]])
    }
  })

  test('is not told by a cookie that somebody made up', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const cookie = cookieOf(await added(shop, {}, product))
    const [, id = '', signature = ''] = /=([^.]+)\.(.+)$/.exec(cookie) ?? []
    const last = signature.endsWith('A') ? 'Q' : 'A'
    const forged = [
      id,
      `${id}.`,
      `.${signature}`,
      `${id}.${signature.slice(0, -1)}${last}`,
      `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}.${signature}`,
      `${signature}.${id}`,
      '%FF',
      '',
    ]
    for (const value of forged) {
      const who = withCookie(`cart_session=${value}`)
      assert.deepEqual(await linesOf(shop, who), [], value)
      const fresh = cookieOf(await added(shop, who, product))
      assert.match(fresh, /^cart_session=[\w-]{24}\./)
      assert.notEqual(fresh, cookie)
    }
    assert.deepEqual(await linesOf(shop, { session: id }), [])
    assert.deepEqual(await linesOf(shop, { session: `cookie:${id}` }), [])
    assert.deepEqual(await linesOf(shop, withCookie(cookie)), [[product.sku, 1]])
  })

  test('is told by the Session-ID header, which goes before the cookie', async () => {
    await using shop = await openShop()
    const [one, two] = [await addProduct(shop.ctx), await addProduct(shop.ctx)]
    const cookie = cookieOf(await added(shop, {}, one))
    const answer = await added(shop, { session: 'named', ...withCookie(cookie) }, two)
    assert.deepEqual(answer.headers.getSetCookie(), [])
    assert.deepEqual(await linesOf(shop, { session: 'named' }), [[two.sku, 1]])
    assert.deepEqual(await linesOf(shop, { session: 'Named' }), [])
    assert.deepEqual(await linesOf(shop, withCookie(cookie)), [[one.sku, 1]])
  })

  test('is not told by a Session-ID that is no printable word', async () => {
    await using shop = await openShop()
    const longest = 's'.repeat(255)
    await added(shop, { session: longest }, await addProduct(shop.ctx))
    assert.equal((await linesOf(shop, { session: longest })).length, 1)
    for (const session of ['s'.repeat(256), 'a b', 'é', '']) {
      refusedField(await shop.call('GET', '/api/v1/cart', { session }), 'Session-ID')
    }
  })

  test('is the account’s for whoever is signed in, on every device', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx)
    const { token, email, password } = await signUp(shop)
    await added(shop, { token }, product)
    const second = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    const other = { token: second.body.data.access_token as string }
    await added(shop, other, product)
    assert.deepEqual(await linesOf(shop, { token }), [[product.sku, 2]])
    assert.deepEqual(await linesOf(shop, { token: (await signUp(shop)).token }), [])
  })
})

describeOnEveryDatabase('adding to the cart', (openShop) => {
  test('adds to the line that is there, and shows the whole cart', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { name: 'Lamp', slug: 'lamp', priceMinor: 1_999 })
    const first = await added(shop, guest, { ...product, quantity: 2 })
    const second = await added(shop, guest, { ...product, quantity: 3 })
    const { data } = second.body
    assert.equal(data.line_id, first.body.data.line_id)
    assert.equal(data.version, first.body.data.version + 1)
    assert.equal(data.item_count, 5)
    const [line, ...others] = data.lines
    assert.deepEqual(others, [])
    const { number, ...rest } = line
    assert.equal(number > 0, true)
    assert.deepEqual(rest, {
      id: data.line_id,
      quantity: 5,
      price: { amount: '19.99', currency: 'USD' },
      compare_at_price: null,
      discount: { amount: '0.00', currency: 'USD' },
      subtotal: { amount: '99.95', currency: 'USD' },
      tax: { amount: '8.25', currency: 'USD' },
      total: { amount: '108.20', currency: 'USD' },
      available: 10,
      variant: { id: product.variantId, sku: product.sku, options: {} },
      product: {
        id: product.id,
        number: product.number,
        slug: 'lamp',
        name: 'Lamp',
        image: `http://localhost:0/images/products/${product.number}.svg?v=1`,
      },
    })
    await shop.assertAudit()
  })

  test('takes the variant, or the product that has only one, by id and by number', async () => {
    await using shop = await openShop()
    const { id, number, variantId, sku } = await addProduct(shop.ctx)
    for (const article of [
      { variant_id: variantId },
      { variant_id: variantId.toUpperCase() },
      { product_id: id },
      { product_id: id.toUpperCase() },
      { product_id: number },
    ]) {
      const body = { ...article, quantity: 1 }
      const answer = await shop.call('POST', '/api/v1/cart/items', { ...guest, body })
      assert.equal(answer.status, 201, answer.text)
    }
    assert.deepEqual(await linesOf(shop, guest), [[sku, 5]])
  })

  test('asks which variant is meant when there are several', async () => {
    await using shop = await openShop()
    const variants = ['S', 'L'].map((size) => ({
      sku: `T-${size}`,
      priceMinor: minor(100),
      onHand: 1,
    }))
    const { number, variantId } = await addProduct(shop.ctx, { variants })
    await unchanged(shop, async () => {
      const body = { product_id: number, quantity: 1 }
      const answer = await shop.call('POST', '/api/v1/cart/items', { ...guest, body })
      refused(answer, 422, 'VARIANT_REQUIRED')
    })
    await added(shop, guest, { variantId })
    assert.deepEqual(await linesOf(shop, guest), [['T-S', 1]])
  })

  test('refuses what is not for sale and what does not exist', async () => {
    await using shop = await openShop()
    const draft = await addProduct(shop.ctx, { status: 'draft' })
    const archived = await addProduct(shop.ctx, { status: 'archived' })
    await unchanged(shop, async () => {
      refused(await add(shop, guest, draft), 404, 'NOT_FOUND')
      const answer = await add(shop, guest, archived)
      assert.equal(refused(answer, 422, 'PRODUCT_UNAVAILABLE').details.sku, archived.sku)
      const nothing = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'
      for (const article of [
        { variant_id: nothing },
        { product_id: nothing },
        { product_id: 999 },
        { product_id: draft.variantId },
      ]) {
        const body = { ...article, quantity: 1 }
        const answer = await shop.call('POST', '/api/v1/cart/items', { ...guest, body })
        refused(answer, 404, 'NOT_FOUND')
      }
    })
  })

  test('refuses a body that does not say exactly what and how many', async () => {
    await using shop = await openShop()
    const { variantId: variant_id, number } = await addProduct(shop.ctx)
    await unchanged(shop, async () => {
      for (const [body, field] of [
        [{ variant_id }, 'quantity'],
        [{ variant_id, quantity: 0 }, 'quantity'],
        [{ variant_id, quantity: -1 }, 'quantity'],
        [{ variant_id, quantity: 1.5 }, 'quantity'],
        [{ variant_id, quantity: '2' }, 'quantity'],
        [{ variant_id, quantity: null }, 'quantity'],
        [{ variant_id, quantity: 1_000_001 }, 'quantity'],
        [{ variant_id, quantitiy: 1 }, 'quantity'],
        [{ variant_id, quantity: 1, price: '0.01' }, 'price'],
        [{ quantity: 1 }, 'variant_id'],
        [{ variant_id, product_id: number, quantity: 1 }, 'product_id'],
        [{ variant_id: '12', quantity: 1 }, 'variant_id'],
        [{ product_id: 0, quantity: 1 }, 'product_id'],
        [{ product_id: '12', quantity: 1 }, 'product_id'],
        [[], 'body'],
        ['text', 'body'],
      ] as const) {
        refusedField(await shop.call('POST', '/api/v1/cart/items', { ...guest, body }), field)
      }
    })
  })

  test('refuses more than there is, counting what is in the cart already', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, guest, { ...product, quantity: 3 })
    await unchanged(shop, async () => {
      const { details } = refused(
        await add(shop, guest, { ...product, quantity: 3 }),
        409,
        'INSUFFICIENT_STOCK',
      )
      assert.deepEqual(details, {
        sku: product.sku,
        available: 5,
        items: [{ sku: product.sku, variant_id: product.variantId, available: 5, requested: 6 }],
        hint: 'Lower the quantity or remove the item.',
      })
    })
    await added(shop, guest, { ...product, quantity: 2 })
  })

  test('refuses what others have reserved', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, guest, { ...product, quantity: 4 })
    assert.equal((await checkOut(shop, guest, outcome('timeout'))).status, 503)
    const other = { session: 'other' }
    const { details } = refused(
      await add(shop, other, { ...product, quantity: 2 }),
      409,
      'INSUFFICIENT_STOCK',
    )
    assert.equal(details.available, 1)
    await added(shop, other, product)
    await shop.assertAudit()
  })

  test('refuses amounts that cannot be counted exactly', async () => {
    await using shop = await openShop()
    const dear = { priceMinor: 9_000_000_000_000_000, onHand: 5 }
    const product = await addProduct(shop.ctx, dear)
    await unchanged(shop, async () => {
      refused(await add(shop, guest, { ...product, quantity: 2 }), 422, 'AMOUNT_TOO_LARGE')
    })
  })
})

describeOnEveryDatabase('changing the cart', (openShop) => {
  async function withTwoLines(shop: TestShop) {
    const one = await addProduct(shop.ctx, { onHand: 5 })
    const two = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, guest, { ...one, quantity: 2 })
    await added(shop, guest, { ...two, quantity: 3 })
    const { lines } = (await cartOf(shop, guest)) as { lines: { id: string; number: number }[] }
    return { one, two, first: lines[0]!, second: lines[1]! }
  }

  const set = (shop: TestShop, id: string | number, quantity: number) =>
    shop.call('PUT', `/api/v1/cart/items/${id}`, { ...guest, body: { quantity } })

  test('sets the quantity of a line named by id or number', async () => {
    await using shop = await openShop()
    const { one, two, first, second } = await withTwoLines(shop)
    const answer = await set(shop, first.id.toUpperCase(), 5)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.body.data.item_count, 8)
    assert.equal(answer.headers.get('etag'), `"${answer.body.data.version}"`)
    await set(shop, second.number, 1)
    assert.deepEqual(await linesOf(shop, guest), [
      [one.sku, 5],
      [two.sku, 1],
    ])
    await shop.assertAudit()
  })

  test('removes a line by the quantity 0 or by deleting it', async () => {
    await using shop = await openShop()
    const { two, first, second } = await withTwoLines(shop)
    const removed = await set(shop, first.number, 0)
    assert.equal(removed.body.message, 'Item removed')
    assert.deepEqual(await linesOf(shop, guest), [[two.sku, 3]])
    refused(await set(shop, first.number, 1), 404, 'NOT_FOUND')
    const path = `/api/v1/cart/items/${second.id}`
    const deleted = await shop.call('DELETE', path, { ...guest })
    assert.equal(deleted.status, 200)
    assert.deepEqual(deleted.body.data.lines, [])
    assert.equal(deleted.body.data.total.amount, '0.00')
    refused(await shop.call('DELETE', path, { ...guest }), 404, 'NOT_FOUND')
  })

  test('clears it, again and again, and without a cart too', async () => {
    await using shop = await openShop()
    await withTwoLines(shop)
    for (const who of [guest, guest, { session: 'nobody' }]) {
      const cleared = await shop.call('DELETE', '/api/v1/cart', { ...who })
      assert.equal(cleared.status, 200, cleared.text)
      assert.deepEqual(cleared.body.data.lines, [])
    }
    const { version, id } = await cartOf(shop, guest)
    assert.notEqual(id, null)
    assert.equal(version, 5)
  })

  test('refuses more than there is, and quantities that are none', async () => {
    await using shop = await openShop()
    const { one, first } = await withTwoLines(shop)
    await unchanged(shop, async () => {
      const { details } = refused(await set(shop, first.id, 6), 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual(details.items, [
        { sku: one.sku, variant_id: one.variantId, available: 5, requested: 6 },
      ])
      for (const quantity of [-1, 0.5, 1_000_001, '2' as unknown as number]) {
        refusedField(await set(shop, first.id, quantity), 'quantity')
      }
      refusedField(await set(shop, 'first', 1), 'id')
      refusedField(await set(shop, 0, 1), 'id')
    })
  })

  test('never touches the lines of somebody else', async () => {
    await using shop = await openShop()
    const { first, one } = await withTwoLines(shop)
    const other: Who = { session: 'other' }
    await unchanged(shop, async () => {
      const path = `/api/v1/cart/items/${first.id}`
      const body = { quantity: 1 }
      refused(await shop.call('PUT', path, { ...other, body }), 404, 'NOT_FOUND')
      refused(await shop.call('DELETE', path, { ...other }), 404, 'NOT_FOUND')
    })
    await added(shop, other, one)
    await unchanged(shop, async () => {
      for (const line of [first.id, first.number]) {
        const path = `/api/v1/cart/items/${line}`
        refused(await shop.call('DELETE', path, { ...other }), 404, 'NOT_FOUND')
      }
    })
  })
})
