import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { addProduct, describeOnEveryDatabase, shippingInfo } from '../support/shop.ts'
import {
  add,
  addCategory,
  added,
  bought,
  cartOf,
  checkOut,
  member,
  namesOf,
  refused,
  refusedField,
  sharedShop,
  stockOf,
  unchanged,
} from './support.ts'

describeOnEveryDatabase('contract B: GET /api/products', (openShop) => {
  const shop = sharedShop(openShop)

  test('return paginated list of products', async () => {
    const names = ['Page A', 'Page B', 'Page C']
    for (const name of names) await addProduct(shop().ctx, { name })
    const path = '/api/products?search=page&sort=name&per_page=2'
    const first = await shop().call('GET', path)
    const { next_cursor, ...meta } = first.body.meta
    assert.deepEqual(meta, { page: 1, per_page: 2, total: 3, total_pages: 2 })
    assert.equal(first.body.links.next, `${path}&page=2`)
    const second = await shop().call('GET', first.body.links.next)
    const pages = [...first.body.data, ...second.body.data] as { name: string }[]
    assert.deepEqual(
      pages.map(({ name }) => name),
      names,
    )
    assert.deepEqual(Object.keys(second.body.links), ['self', 'prev'])
    assert.deepEqual(await namesOf(shop(), `${path.slice(13)}&cursor=${next_cursor}`), ['Page C'])
  })

  test('support filtering by category', async () => {
    const parent = await addCategory(shop().ctx, { name: 'Furniture' })
    const child = await addCategory(shop().ctx, { name: 'Chairs', parentId: parent.id })
    await addProduct(shop().ctx, { name: 'Table', categoryId: parent.id })
    await addProduct(shop().ctx, { name: 'Stool', categoryId: child.id })
    const byNumber = await namesOf(shop(), `?category_id=${parent.number}&sort=name`)
    assert.deepEqual(byNumber, ['Stool', 'Table'])
    assert.deepEqual(await namesOf(shop(), '?category=chairs'), ['Stool'])
    assert.deepEqual(await namesOf(shop(), `?category=${child.id}`), ['Stool'])
    refusedField(await shop().call('GET', '/api/products?category_id=99999'), 'category_id')
  })

  test('support filtering by price range', async () => {
    for (const cents of [999, 1_000, 1_001]) {
      await addProduct(shop().ctx, { name: `Pen ${cents}`, priceMinor: cents })
    }
    const search = '?search=pen&sort=price'
    assert.deepEqual(await namesOf(shop(), `${search}&min_price=10`), ['Pen 1000', 'Pen 1001'])
    assert.deepEqual(await namesOf(shop(), `${search}&max_price=10.00`), ['Pen 999', 'Pen 1000'])
    const exactly = await namesOf(shop(), `${search}&min_price=10&max_price=10`)
    assert.deepEqual(exactly, ['Pen 1000'])
    assert.deepEqual(await namesOf(shop(), `${search}&min_price=11&max_price=9`), [])
  })

  test('support filtering by availability', async () => {
    await addProduct(shop().ctx, { name: 'Cup here', onHand: 1 })
    await addProduct(shop().ctx, { name: 'Cup gone', onHand: 0 })
    const search = '?search=cup'
    assert.deepEqual(await namesOf(shop(), `${search}&availability=in_stock`), ['Cup here'])
    assert.deepEqual(await namesOf(shop(), `${search}&availability=out_of_stock`), ['Cup gone'])
    assert.deepEqual(await namesOf(shop(), `${search}&in_stock=false`), ['Cup gone'])
    refusedField(await shop().call('GET', '/api/products?availability=maybe'), 'availability')
  })

  test('include product details, pricing, and stock status', async () => {
    const category = await addCategory(shop().ctx, { name: 'Lamps' })
    const product = await addProduct(shop().ctx, {
      name: 'Oil lamp',
      description: 'Warm light',
      brand: 'Lumen',
      categoryId: category.id,
      priceMinor: 2_990,
      onHand: 3,
    })
    const answer = await shop().call('GET', '/api/products?search=oil&brand=lumen')
    const [found] = answer.body.data
    const { id, name, description, price, stock_quantity, stock_status, in_stock } = found
    assert.deepEqual(
      { id, name, description, price, stock_quantity, stock_status, in_stock },
      {
        id: product.number,
        name: 'Oil lamp',
        description: 'Warm light',
        price: 29.9,
        stock_quantity: 3,
        stock_status: 'low_stock',
        in_stock: true,
      },
    )
    assert.deepEqual(found.brand, { slug: 'lumen', name: 'Lumen' })
    assert.deepEqual(found.category, { id: category.number, slug: 'lamps', name: 'Lamps' })
    assert.match(answer.text, /"price":29\.90,/)
  })
})

describeOnEveryDatabase('contract B: GET /api/products/<id>', (openShop) => {
  const shop = sharedShop(openShop)

  test('return specific product details', async () => {
    const product = await addProduct(shop().ctx, { name: 'Desk' })
    await addProduct(shop().ctx, { name: 'Bed' })
    const { status, body } = await shop().call('GET', `/api/products/${product.number}`)
    assert.deepEqual([status, body.data.id, body.data.name], [200, product.number, 'Desk'])
    refused(await shop().call('GET', '/api/products/999999'), 404, 'NOT_FOUND')
    const draft = await addProduct(shop().ctx, { status: 'draft' })
    refused(await shop().call('GET', `/api/products/${draft.number}`), 404, 'NOT_FOUND')
  })

  test('include full description, images, specifications', async () => {
    const description = 'Solid oak. '.repeat(200)
    const images = [{ url: 'https://cdn.example/oak.jpg', alt: 'Oak desk' }]
    const attributes = [{ name: 'material', value: 'oak' }]
    const given = { name: 'Desk', description, images, attributes }
    const product = await addProduct(shop().ctx, given)
    const { body } = await shop().call('GET', `/api/products/${product.number}`)
    const { specifications, image_url } = body.data
    assert.equal(body.data.description, description)
    assert.deepEqual(body.data.images, images)
    assert.deepEqual([image_url, specifications], [images[0]?.url, attributes])
  })

  test('check inventory availability', async () => {
    const product = await addProduct(shop().ctx, { onHand: 2 })
    const stock = async () => {
      const { body } = await shop().call('GET', `/api/products/${product.number}`)
      const { stock_quantity, in_stock, stock_status } = body.data
      return [stock_quantity, in_stock, stock_status]
    }
    assert.deepEqual(await stock(), [2, true, 'low_stock'])
    await bought(shop(), { session: 'availability' }, { product, quantity: 2 })
    assert.deepEqual(await stock(), [0, false, 'out_of_stock'])
  })
})

describeOnEveryDatabase('contract B: GET /api/categories', (openShop) => {
  const shop = sharedShop(openShop)

  test('return list of product categories, with descriptions and product counts', async () => {
    const parent = await addCategory(shop().ctx, { name: 'Garden', description: 'Outdoors' })
    const child = await addCategory(shop().ctx, { name: 'Tools', parentId: parent.id })
    await addProduct(shop().ctx, { categoryId: parent.id })
    await addProduct(shop().ctx, { categoryId: child.id })
    await addProduct(shop().ctx, { categoryId: child.id, status: 'draft' })
    const answer = await shop().call('GET', '/api/categories')
    assert.equal(answer.status, 200)
    assert.deepEqual(
      answer.body.data.map((category: { uuid: string }) => ({ ...category, uuid: 'any' })),
      [
        {
          id: parent.number,
          uuid: 'any',
          slug: 'garden',
          name: 'Garden',
          description: 'Outdoors',
          parent_id: null,
          product_count: 1,
          total_product_count: 2,
        },
        {
          id: child.number,
          uuid: 'any',
          slug: 'tools',
          name: 'Tools',
          description: 'All of Tools',
          parent_id: parent.number,
          product_count: 1,
          total_product_count: 1,
        },
      ],
    )
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
    assert.equal((await shop().call('GET', '/api/categories', { headers })).status, 304)
  })
})

describeOnEveryDatabase('contract B: cart routes', (openShop) => {
  const shop = sharedShop(openShop)

  test("GET /api/cart: return current user's cart contents", async () => {
    const product = await addProduct(shop().ctx)
    const { token } = await member(shop(), 'contents')
    await added(shop(), { token }, { product, quantity: 2 })
    assert.equal((await cartOf(shop(), { token })).item_count, 2)
    assert.equal((await cartOf(shop(), { session: 'nobody' })).item_count, 0)
  })

  test('GET /api/cart: include item details, quantities, and totals', async () => {
    const who = { session: 'details' }
    const product = await addProduct(shop().ctx, { name: 'Kettle', priceMinor: 1_250, onHand: 8 })
    const { item_id } = await added(shop(), who, { product, quantity: 2 })
    const { items, item_count } = await cartOf(shop(), who)
    const [{ slug: _, image_url, ...item }] = items
    assert.deepEqual(item, {
      item_id,
      cart_item_id: item_id,
      product_id: product.number,
      variant_id: product.variantId,
      sku: product.sku,
      name: 'Kettle',
      options: {},
      price: 12.5,
      quantity: 2,
      subtotal: 25,
      total_price: 25,
      tax: 2.06,
      stock_quantity: 8,
      in_stock: true,
    })
    assert.ok(image_url.includes(`/images/products/${product.number}.svg`))
    assert.deepEqual([items.length, item_count], [1, 2])
  })

  test('GET /api/cart: calculate subtotal, tax, and total amounts', async () => {
    const who = { session: 'totals' }
    const product = await addProduct(shop().ctx, { priceMinor: 1_999 })
    await added(shop(), who, { product, quantity: 2 })
    const { text } = await shop().call('GET', '/api/cart', who)
    assert.match(text, /"subtotal":39\.98,"tax":3\.30,"shipping":5\.00,/)
    assert.match(text, /"discount":0\.00,"total":48\.28,/)
  })

  test('POST /api/cart/add: accept product_id, quantity', async () => {
    const product = await addProduct(shop().ctx)
    const answer = await add(shop(), { session: 'accept' }, { product, quantity: 2 })
    assert.equal(answer.status, 201)
    assert.equal(answer.body.message, 'Item added to cart')
    for (const [field, body] of [
      ['product_id', { quantity: 1 }],
      ['quantity', { product_id: product.number }],
      ['quantity', { product_id: product.number, quantity: '2' }],
      ['quantity', { product_id: product.number, quantity: 0 }],
      ['quantity', { product_id: product.number, quantity: 1.5 }],
      ['product_id', { product_id: -1, quantity: 1 }],
      ['quantitiy', { product_id: product.number, quantity: 1, quantitiy: 2 }],
    ] as const) {
      const options = { session: 'accept', body }
      const refusal = await unchanged(shop(), () => shop().call('POST', '/api/cart/add', options))
      refusedField(refusal, field)
    }
  })

  test('POST /api/cart/add: add item to cart or update quantity if exists', async () => {
    const who = { session: 'twice' }
    const product = await addProduct(shop().ctx)
    const first = await added(shop(), who, { product, quantity: 2 })
    const second = await added(shop(), who, { product, quantity: 3 })
    assert.deepEqual([second.item_id, second.quantity], [first.item_id, 5])
    assert.deepEqual([second.items.length, second.item_count], [1, 5])
  })

  test('POST /api/cart/add: validate product availability and stock', async () => {
    const who = { session: 'stock' }
    const product = await addProduct(shop().ctx, { onHand: 3 })
    await added(shop(), who, { product, quantity: 2 })
    const more = await unchanged(shop(), () => add(shop(), who, { product, quantity: 2 }))
    assert.equal(refused(more, 409, 'INSUFFICIENT_STOCK').details.available, 3)
    const draft = await addProduct(shop().ctx, { status: 'draft' })
    const hidden = await unchanged(shop(), () => add(shop(), who, { product: draft }))
    refused(hidden, 404, 'NOT_FOUND')
    const archived = await addProduct(shop().ctx, { status: 'archived' })
    const gone = await unchanged(shop(), () => add(shop(), who, { product: archived }))
    refused(gone, 422, 'PRODUCT_UNAVAILABLE')
    const absent = await unchanged(shop(), () => add(shop(), who, { product: { number: 99_999 } }))
    refused(absent, 404, 'NOT_FOUND')
  })

  test('POST /api/cart/add: a product with variants gives its first one in stock', async () => {
    const variant = (sku: string, onHand: number) => ({ sku, onHand, priceMinor: minor(500) })
    const variants = [variant('SHIRT-S', 0), variant('SHIRT-M', 4), variant('SHIRT-L', 4)]
    const product = await addProduct(shop().ctx, { variants })
    const first = await added(shop(), { session: 'shirt' }, { product })
    assert.deepEqual([first.items.length, first.items[0].sku], [1, 'SHIRT-M'])
    const { body } = await shop().call('GET', `/api/products/${product.number}`)
    const { id: variant_id } = body.data.variants[2]
    const large = { product_id: product.number, variant_id, quantity: 1 }
    const path = '/api/cart/add'
    const chosen = await shop().call('POST', path, { session: 'shirt', body: large })
    assert.deepEqual([chosen.status, chosen.body.data.items[1].sku], [201, 'SHIRT-L'])
    const other = await addProduct(shop().ctx)
    const wrong = { session: 'shirt', body: { ...large, product_id: other.number } }
    refusedField(await unchanged(shop(), () => shop().call('POST', path, wrong)), 'variant_id')
    const put = (id: number | string) =>
      shop().call('PUT', `/api/cart/items/${id}`, { session: 'shirt', body: { quantity: 3 } })
    const which = await unchanged(shop(), () => put(product.number))
    refused(which, 409, 'AMBIGUOUS_ITEM')
    assert.deepEqual((await put(variant_id)).body.data.total_price, 15)
  })

  test('POST /api/cart/add: return updated cart summary', async () => {
    const who = { session: 'summary' }
    const [lamp, chair] = [await addProduct(shop().ctx), await addProduct(shop().ctx)]
    await added(shop(), who, { product: lamp })
    const { item_count, subtotal, tax, shipping, total, problems } = await added(shop(), who, {
      product: chair,
      quantity: 3,
    })
    assert.deepEqual([item_count, subtotal, tax, shipping, total], [4, 40, 3.3, 5, 48.3])
    assert.deepEqual(problems, [])
  })

  test('PUT /api/cart/update: accept item_id, quantity; return updated cart summary', async () => {
    const who = { session: 'update' }
    const product = await addProduct(shop().ctx, { priceMinor: 700 })
    const { item_id } = await added(shop(), who, { product, quantity: 2 })
    const update = (body: object) => shop().call('PUT', '/api/cart/update', { ...who, body })
    const answer = await update({ item_id, quantity: 5 })
    assert.equal(answer.status, 200)
    const { quantity, total_price, item_count, subtotal } = answer.body.data
    assert.deepEqual([quantity, total_price, item_count, subtotal], [5, 35, 5, 35])
    refusedField(await unchanged(shop(), () => update({ quantity: 1 })), 'item_id')
    refusedField(await unchanged(shop(), () => update({ item_id, quantity: -1 })), 'quantity')
    const gone = await unchanged(shop(), () => update({ item_id: item_id + 999, quantity: 1 }))
    refused(gone, 404, 'NOT_FOUND')
    const removed = await update({ item_id, quantity: 0 })
    assert.deepEqual([removed.status, removed.body.data.items], [200, []])
  })

  test('PUT /api/cart/update: validate stock availability', async () => {
    const who = { session: 'update-stock' }
    const product = await addProduct(shop().ctx, { onHand: 3 })
    const { item_id } = await added(shop(), who, { product })
    const body = { item_id, quantity: 4 }
    const path = '/api/cart/update'
    const answer = await unchanged(shop(), () => shop().call('PUT', path, { ...who, body }))
    refused(answer, 409, 'INSUFFICIENT_STOCK')
  })

  test('DELETE /api/cart/remove/<item_id>: remove specific item, return summary', async () => {
    const who = { session: 'remove' }
    const [lamp, chair] = [await addProduct(shop().ctx), await addProduct(shop().ctx)]
    const { item_id } = await added(shop(), who, { product: lamp })
    await added(shop(), who, { product: chair, quantity: 2 })
    const path = `/api/cart/remove/${item_id}`
    const stranger = await unchanged(shop(), () => shop().call('DELETE', path, { session: 'x' }))
    refused(stranger, 404, 'NOT_FOUND')
    const { status, body } = await shop().call('DELETE', path, who)
    const { items, item_count, subtotal } = body.data
    assert.deepEqual([status, items.length, item_count, subtotal], [200, 1, 2, 20])
    assert.equal(items[0].product_id, chair.number)
    refused(await unchanged(shop(), () => shop().call('DELETE', path, who)), 404, 'NOT_FOUND')
  })

  test('DELETE /api/cart/clear: remove all items, return confirmation response', async () => {
    const who = { session: 'clear' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const { status, body } = await shop().call('DELETE', '/api/cart/clear', who)
    assert.deepEqual([status, body.success, body.message], [200, true, 'Cart cleared'])
    assert.deepEqual([body.data.items, body.data.total], [[], 0])
    assert.deepEqual((await cartOf(shop(), who)).items, [])
  })
})

describeOnEveryDatabase('contract B: POST /api/checkout', (openShop) => {
  const shop = sharedShop(openShop)

  test('accept shipping_info, payment_method, billing_info', async () => {
    const who = { session: 'accept' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const billing = { ...shippingInfo, name: 'Charles Babbage', city: 'Cambridge' }
    const { status, body } = await checkOut(shop(), who, { billing_info: billing })
    assert.equal(status, 201)
    assert.deepEqual(body.data.shipping_address, shippingInfo)
    assert.deepEqual(body.data.billing_address, billing)
    assert.equal(body.data.payment.method, 'test')
  })

  test('accept shipping_info in the words that are usual elsewhere', async () => {
    const who = { session: 'aliases' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const shipping_info = {
      first_name: 'Ada',
      last_name: 'Lovelace',
      street: '12 St James Square',
      line2: 'Floor 2',
      city: 'Springfield',
      state: 'IL',
      zip: '62701',
    }
    const { body } = await checkOut(shop(), who, { shipping_info })
    assert.deepEqual(body.data.shipping_address, {
      name: 'Ada Lovelace',
      address: '12 St James Square',
      address2: 'Floor 2',
      city: 'Springfield',
      state: 'IL',
      postal_code: '62701',
      country: 'US',
    })
    assert.deepEqual(body.data.billing_address, body.data.shipping_address)
  })

  test('refuse an address that lacks a part or says it twice', async () => {
    const who = { session: 'address' }
    await added(shop(), who, { product: await addProduct(shop().ctx) })
    const { name: _, ...nameless } = shippingInfo
    for (const [field, change] of [
      ['shipping_info', { shipping_info: undefined }],
      ['payment_method', { payment_method: undefined }],
      ['shipping_info.name', { shipping_info: nameless }],
      ['shipping_info.zip', { shipping_info: { ...shippingInfo, zip: '1' } }],
      ['shipping_info.country', { shipping_info: { ...shippingInfo, country: 'England' } }],
      ['shipping_info.town', { shipping_info: { ...shippingInfo, town: 'London' } }],
      ['billing_info.city', { billing_info: { ...shippingInfo, city: ' ' } }],
      ['email', { email: 'nobody' }],
    ] as const) {
      refusedField(await unchanged(shop(), () => checkOut(shop(), who, change)), field)
    }
    const anonymous = await unchanged(shop(), () => checkOut(shop(), who, { email: undefined }))
    refused(anonymous, 422, 'EMAIL_REQUIRED')
  })

  test('validate cart contents and inventory', async () => {
    const empty = await unchanged(shop(), () => checkOut(shop(), { session: 'empty' }))
    refused(empty, 422, 'CART_EMPTY')
    const product = await addProduct(shop().ctx, { onHand: 1 })
    await added(shop(), { session: 'late' }, { product })
    await bought(shop(), { session: 'early' }, { product })
    const late = await unchanged(shop(), () => checkOut(shop(), { session: 'late' }))
    refused(late, 409, 'INSUFFICIENT_STOCK')
    const { problems } = await cartOf(shop(), { session: 'late' })
    const [{ code, product_id, requested, available }] = problems
    assert.deepEqual(
      [code, product_id, requested, available],
      ['INSUFFICIENT_STOCK', product.number, 1, 0],
    )
  })

  test('calculate final pricing with taxes and shipping', async () => {
    const who = { session: 'pricing' }
    const product = await addProduct(shop().ctx, { priceMinor: 1_999 })
    await added(shop(), who, { product, quantity: 2 })
    const { text } = await checkOut(shop(), who, { shipping_method: 'express' })
    assert.match(text, /"subtotal":39\.98,"discount_amount":0\.00,"shipping_amount":15\.00,/)
    assert.match(text, /"tax_amount":3\.30,"tax_inclusive":false,"total_amount":58\.28,/)
  })

  test('create order record; return order confirmation', async () => {
    const product = await addProduct(shop().ctx)
    const order = await bought(shop(), { session: 'record' }, { product })
    assert.deepEqual([order.status, order.email], ['paid', 'ada@example.com'])
    assert.ok(Number.isInteger(order.id) && order.order_number === order.id)
    const read = await shop().call('GET', `/api/orders/${order.id}?token=${order.token}`)
    const { token: _, ...confirmed } = order
    assert.deepEqual([read.status, read.body.data], [200, confirmed])
  })

  test('update inventory quantities', async () => {
    const product = await addProduct(shop().ctx, { onHand: 10 })
    await bought(shop(), { session: 'inventory' }, { product, quantity: 3 })
    assert.deepEqual(await stockOf(shop().ctx, product.variantId), { on_hand: 7, reserved: 0 })
  })
})
