import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import {
  add,
  described,
  lamp,
  member,
  order,
  orderOf,
  says,
  saysWrong,
  staff,
  stocked,
  variantOf,
} from './e-support.ts'
import { sharedShop, stockOf, unchanged } from './support.ts'

describeOnEveryDatabase('contract E: /product-descriptions', (openShop) => {
  const shop = sharedShop(openShop)
  const get = (path: string) => shop().call('GET', `/product-descriptions${path}`)

  test('POST /: 201 with the description; the price has the very digits of the currency', async () => {
    const token = await staff(shop())
    const body = lamp('Digits')
    const answer = await shop().call('POST', '/product-descriptions/', { token, body })
    assert.equal(answer.status, 201)
    const { id, ...rest } = answer.body
    assert.deepEqual(rest, body)
    assert.ok(Number.isInteger(id))
    assert.match(answer.text, /"price":29\.90[,}]/)
  })

  test('GET / and GET: 200 with a list of all, with and without the slash', async () => {
    const made = await described(shop(), await staff(shop()))
    for (const path of ['', '/']) {
      const answer = await get(path)
      assert.deepEqual([answer.status, answer.body[0]], [200, made])
    }
  })

  test('GET /: a long list has pages, which the Link header names', async () => {
    const token = await staff(shop())
    for (let index = 0; index < 3; index++) await described(shop(), token)
    const first = await get('/?per_page=2')
    assert.equal(first.body.length, 2)
    const [, next = ''] = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '') ?? []
    const second = await shop().call('GET', next)
    assert.equal(second.status, 200)
    assert.notDeepEqual(second.body[0], first.body[0])
    assert.match(second.headers.get('link') ?? '', /rel="prev"/)
    saysWrong(await get('/?limit=2'), 'limit')
  })

  test('GET /<id>: 200, or 404 "Product description not found"', async () => {
    const made = await described(shop(), await staff(shop()))
    const found = await get(`/${made.id}`)
    assert.deepEqual([found.status, found.body], [200, made])
    for (const id of ['999999', '0', '-1', 'lamp', '1.5', '9'.repeat(40)]) {
      says(await get(`/${id}`), 404, 'Product description not found')
    }
  })

  test('POST /: 400 with the field that is wrong, and nothing made', async () => {
    const token = await staff(shop())
    const wrong: readonly (readonly [object, string])[] = [
      [{ name: undefined }, 'name'],
      [{ name: '' }, 'name'],
      [{ name: 'x'.repeat(256) }, 'name'],
      [{ name: 7 }, 'name'],
      [{ description: undefined }, 'description'],
      [{ description: 'x'.repeat(1_001) }, 'description'],
      [{ price: undefined }, 'price'],
      [{ price: -1 }, 'price'],
      [{ price: 'cheap' }, 'price'],
      [{ price: 1.005 }, 'price'],
      [{ price: 1e300 }, 'price'],
      [{ price: null }, 'price'],
      [{ stock: 5 }, 'stock'],
    ]
    for (const [change, field] of wrong) {
      const body = { ...lamp('Wrong'), ...change }
      const answer = await unchanged(shop(), () =>
        shop().call('POST', '/product-descriptions/', { token, body }),
      )
      saysWrong(answer, field)
    }
    const exact = { ...lamp('As text'), price: '0.30' }
    const made = await shop().call('POST', '/product-descriptions/', { token, body: exact })
    assert.deepEqual([made.status, made.body.price], [201, 0.3])
  })

  test('POST / and PUT: a name is there once', async () => {
    const token = await staff(shop())
    await described(shop(), token, 'Only One')
    const other = await described(shop(), token)
    const body = lamp('only one')
    const again = await unchanged(shop(), () =>
      shop().call('POST', '/product-descriptions/', { token, body }),
    )
    says(again, 400, { name: ['is taken'] })
    const path = `/product-descriptions/${other.id}`
    const change = { name: 'Only One', price: 1 }
    const renamed = await unchanged(shop(), () => shop().call('PUT', path, { token, body: change }))
    says(renamed, 400, { name: ['is taken'] })
  })

  test('PUT /<id>: 200 with the description; what is not sent stays', async () => {
    const token = await staff(shop())
    const made = await described(shop(), token)
    const put = (body: object, id: number | string = made.id) =>
      shop().call('PUT', `/product-descriptions/${id}`, { token, body })
    const cheaper = await put({ price: 24.99 })
    assert.deepEqual([cheaper.status, cheaper.body], [200, { ...made, price: 24.99 }])
    const name = `${made.name} II`
    const renamed = await put({ name, description: 'Cold light', price: 25 })
    const now = { id: made.id, name, description: 'Cold light', price: 25 }
    assert.deepEqual([renamed.status, renamed.body], [200, now])
    assert.deepEqual((await put({})).body, now)
    saysWrong(await unchanged(shop(), () => put({ name: 'Half', price: -5 })), 'price')
    saysWrong(await unchanged(shop(), () => put({ name: 'Half', price: 1.999 })), 'price')
    says(await put({ price: 1 }, 999_999), 404, 'Product description not found')
    assert.deepEqual((await get(`/${made.id}`)).body, now)
  })

  test('DELETE /<id>: 204 without a body; then 404, and its name is free', async () => {
    const { id, name, token, serials } = await stocked(shop(), 1)
    const buyer = await member(shop())
    await add(shop(), buyer, id)
    const placed = await order(shop(), buyer)
    const remove = () => shop().call('DELETE', `/product-descriptions/${id}`, { token })
    const gone = await remove()
    assert.deepEqual([gone.status, gone.text], [204, ''])
    says(await remove(), 404, 'Product description not found')
    says(await get(`/${id}`), 404, 'Product description not found')
    says(await add(shop(), buyer, id), 404, 'Product description not found')
    const { lines } = await orderOf(shop(), buyer, placed)
    assert.deepEqual([lines[0].name, lines[0].units[0].serial_number], [name, serials[0]])
    assert.notEqual((await described(shop(), token, name)).id, id)
  })

  test('writing needs the permission, not just any account', async () => {
    const { id } = await stocked(shop(), 0)
    const token = await member(shop())
    const body = lamp('Intruder')
    const requests = [
      ['POST', '/product-descriptions/', body],
      ['PUT', `/product-descriptions/${id}`, { price: 0 }],
      ['DELETE', `/product-descriptions/${id}`, undefined],
      ['POST', `/products/create/${id}`, undefined],
    ] as const
    for (const [method, path, sent] of requests) {
      const call = (who: object) =>
        unchanged(shop(), () =>
          shop().call(method, path, { ...who, ...(sent ? { body: sent } : {}) }),
        )
      says(await call({}), 401, 'Authorization token is missing!')
      says(await call({ token }), 403, 'You are not allowed to do this.')
      says(await call({ token: 'a.b.c' }), 401, 'Invalid token!')
    }
  })

  test('an Idempotency-Key has a description made once', async () => {
    const token = await staff(shop())
    const make = () =>
      shop().call('POST', '/product-descriptions/', { token, key: 'once', body: lamp('Once') })
    const [first, again] = [await make(), await make()]
    assert.deepEqual([first.status, again.status, again.text], [201, 201, first.text])
  })
})

describeOnEveryDatabase('contract E: /products/create/<desc_id>', (openShop) => {
  const shop = sharedShop(openShop)

  test('201 with message, serial number and description; it is on the shelf', async () => {
    const token = await staff(shop())
    const { id } = await described(shop(), token)
    const answer = await shop().call('POST', `/products/create/${id}`, { token })
    const { serial_number, ...rest } = answer.body
    assert.deepEqual([answer.status, rest], [201, { message: 'Product item created', desc_id: id }])
    assert.match(
      serial_number,
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const unit = await shop().call('GET', `/api/v1/admin/units/${serial_number}`, { token })
    assert.deepEqual([unit.body.data.state, unit.body.data.product.number], ['available', id])
    const variant = await variantOf(shop(), id)
    assert.deepEqual({ ...(await stockOf(shop().ctx, variant)) }, { on_hand: 1, reserved: 0 })
  })

  test('404 "Product description not found"', async () => {
    const token = await staff(shop())
    for (const id of ['999999', 'x']) {
      const answer = await shop().call('POST', `/products/create/${id}`, { token })
      says(answer, 404, 'Product description not found')
    }
  })

  test('pieces that were only counted before get serial numbers too', async () => {
    const token = await staff(shop())
    const counted = await addProduct(shop().ctx, { onHand: 3 })
    const make = (number: number) => shop().call('POST', `/products/create/${number}`, { token })
    assert.equal((await make(counted.number)).status, 201)
    const path = `/api/v1/admin/units?variant_id=${counted.variantId}`
    assert.equal((await shop().call('GET', path, { token })).body.data.length, 4)
    const many = await addProduct(shop().ctx, { onHand: 1_001 })
    const refused = await unchanged(shop(), () => make(many.number))
    assert.deepEqual([refused.status, Object.keys(refused.body)], [409, ['message']])
  })

  test('an Idempotency-Key makes one unit', async () => {
    const { id, token } = await stocked(shop(), 0)
    const make = () => shop().call('POST', `/products/create/${id}`, { token, key: `unit-${id}` })
    const answers = await Promise.all([make(), make(), make()])
    const numbers = answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => body.serial_number)
    assert.equal(new Set(numbers).size, 1)
    const variant = await variantOf(shop(), id)
    assert.equal((await stockOf(shop().ctx, variant)).on_hand, 1)
  })
})
