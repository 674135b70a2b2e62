import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField, shared, unchanged } from './support.ts'

async function asAdmin(shop: TestShop) {
  const { token } = await signUp(shop, { role: 'admin' })
  return {
    token,
    call: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      shop.call(method, `/api/v1/admin${path}`, {
        token,
        headers,
        ...(body === undefined ? {} : { body }),
      }),
  }
}

const lamp = {
  name: 'Desk Lamp',
  description: 'Bright',
  brand: 'Lumen',
  tags: ['light'],
  attributes: [{ name: 'colour', value: 'Red' }],
  options: [{ name: 'size', values: ['S', 'L'] }],
  variants: [
    { sku: 'LAMP-S', price: '10.00', options: { size: 'S' }, on_hand: 3, gtin: '12345678' },
    { sku: 'LAMP-L', price: '19.5', options: { size: 'L' }, on_hand: 0, weight_grams: 900 },
  ],
}

async function found(shop: TestShop, query: string): Promise<string[]> {
  const answer = await shop.call('GET', `/api/v1/products?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return (answer.body.data as { slug: string }[]).map(({ slug }) => slug)
}

describeOnEveryDatabase('the administration of products', (openShop) => {
  test('is closed to nobody and to customers on every route, whatever they send', async () => {
    await using shop = await openShop()
    const customer = await signUp(shop)
    const { paths } = (await shop.call('GET', '/openapi.json')).body as {
      paths: Record<string, Record<string, unknown>>
    }
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      path.startsWith('/api/v1/admin/') ? Object.keys(operations).map((verb) => [verb, path]) : [],
    )
    assert.ok(routes.length >= 10, `${routes.length} routes`)
    await unchanged(shop, async () => {
      for (const [verb = '', path = ''] of routes) {
        const body = verb === 'get' || verb === 'delete' ? {} : { body: { nonsense: true } }
        const address = path.replace('{id}', '1')
        const nobody = await shop.call(verb.toUpperCase(), address, body)
        refused(nobody, 401, 'UNAUTHENTICATED')
        assert.equal(nobody.headers.get('www-authenticate'), 'Bearer')
        const { token } = customer
        refused(await shop.call(verb.toUpperCase(), address, { ...body, token }), 403, 'FORBIDDEN')
      }
    })
  })

  test('creates a product with its variants and first stock', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    const created = await admin.call('POST', '/products', lamp)
    assert.equal(created.status, 201, created.text)
    const { id, number, variants, images, created_at, updated_at, ...rest } = created.body.data
    assert.equal(images[0].alt, 'Desk Lamp')
    assert.equal(created_at, updated_at)
    assert.deepEqual(rest, {
      slug: 'desk-lamp',
      name: 'Desk Lamp',
      description: 'Bright',
      status: 'active',
      price: { amount: '10.00', currency: 'USD' },
      price_max: { amount: '19.50', currency: 'USD' },
      brand: { slug: 'lumen', name: 'Lumen' },
      category: null,
      tags: ['light'],
      options: [{ name: 'size', values: ['S', 'L'] }],
      attributes: [{ name: 'colour', value: 'Red' }],
      stock_status: 'low_stock',
      available: 3,
      version: 1,
    })
    const [small, large] = variants as Record<string, unknown>[]
    assert.deepEqual(
      { ...small, id: 0 },
      {
        ...{ id: 0, sku: 'LAMP-S', options: { size: 'S' }, gtin: '12345678', weight_grams: null },
        ...{ price: { amount: '10.00', currency: 'USD' }, available: 3, stock_status: 'low_stock' },
      },
    )
    assert.deepEqual(
      { ...large, id: 0 },
      {
        ...{ id: 0, sku: 'LAMP-L', options: { size: 'L' }, gtin: null, weight_grams: 900 },
        ...{ price: { amount: '19.50', currency: 'USD' }, available: 0 },
        stock_status: 'out_of_stock',
      },
    )
    const shown = await shop.call('GET', `/api/v1/products/${number}`)
    assert.deepEqual(shown.body.data, created.body.data)
    for (const query of ['search=desk', 'search=light', 'brand=lumen', 'attributes[colour]=red']) {
      assert.deepEqual(await found(shop, query), ['desk-lamp'])
    }
    assert.equal((await admin.call('GET', `/products/${id}`)).status, 200)
    await shop.assertAudit()
  })

  test('refuses a slug or SKU that is taken, naming the field, and keeps nothing', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    await admin.call('POST', '/products', lamp)
    const other = { ...lamp, brand: 'Newcomer', slug: 'other' }
    const fresh = [{ sku: 'OTHER', price: '1' }]
    await unchanged(shop, async () => {
      const slug = await admin.call('POST', '/products', { ...lamp, variants: fresh })
      assert.equal(refused(slug, 409, 'ALREADY_EXISTS').details.field, 'slug')
      const sku = await admin.call('POST', '/products', other)
      assert.equal(refused(sku, 409, 'ALREADY_EXISTS').details.field, 'sku')
      const twice = { ...other, variants: [...fresh, ...fresh] }
      const both = await admin.call('POST', '/products', twice)
      assert.equal(refused(both, 409, 'ALREADY_EXISTS').details.field, 'sku')
    })
  })

  test('names a product without letters by its id, and one of digits too', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    for (const name of ['???', '1984']) {
      const variants = [{ sku: `N${name.length}`, price: '1' }]
      const { data } = (await admin.call('POST', '/products', { ...lamp, name, variants })).body
      assert.equal(data.slug, data.id)
    }
  })

  test('takes attributes whose values differ only after a line break', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    const attributes = ['a\nb', 'a\nc', 'A\nB'].map((value) => ({ name: 'note', value }))
    const created = await admin.call('POST', '/products', { ...lamp, attributes })
    assert.equal(created.status, 201, created.text)
    assert.deepEqual(await found(shop, 'attributes[note]=a%0Ab'), ['desk-lamp'])
    assert.deepEqual(await found(shop, 'attributes[note]=a'), [])
  })
})

describeOnEveryDatabase('a product is refused with', (openShop) => {
  const opened = shared(async () => {
    const shop = await openShop()
    const dispose = () => shop[Symbol.asyncDispose]()
    return { shop, ...(await asAdmin(shop)), [Symbol.asyncDispose]: dispose }
  })

  const refusals: readonly (readonly [what: string, body: object, field: string])[] = [
    ['no name', { ...lamp, name: undefined }, 'name'],
    ['a blank name', { ...lamp, name: '  ' }, 'name'],
    ['a name that is too long', { ...lamp, name: 'a'.repeat(256) }, 'name'],
    ['a name that is a number', { ...lamp, name: 5 }, 'name'],
    ['a field that is not known', { ...lamp, colour: 'red' }, 'colour'],
    ['no variants', { ...lamp, variants: [] }, 'variants'],
    ['a status that is not known', { ...lamp, status: 'gone' }, 'status'],
    ['a category that is not there', { ...lamp, category: 'nowhere' }, 'category'],
    ['a slug with capitals', { ...lamp, slug: 'Desk' }, 'slug'],
    ['a slug that reads as a number', { ...lamp, slug: '1984' }, 'slug'],
    [
      'a slug that reads as an id',
      { ...lamp, slug: '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c' },
      'slug',
    ],
    ['a brand without a letter', { ...lamp, brand: '!!!' }, 'brand'],
    ['a price below zero', { ...lamp, variants: [{ sku: 'A', price: '-1' }] }, 'variants.0.price'],
    ['a price as a number', { ...lamp, variants: [{ sku: 'A', price: 5 }] }, 'variants.0.price'],
    ['a price with half a cent', { ...lamp, variants: [{ sku: 'A', price: '1.005' }] }, 'price'],
    [
      'a price beyond what can be counted',
      { ...lamp, variants: [{ sku: 'A', price: '999999999999999' }] },
      'price',
    ],
    ['a SKU with a blank', { ...lamp, variants: [{ sku: 'A B', price: '1' }] }, 'variants.0.sku'],
    [
      'stock below zero',
      { ...lamp, variants: [{ sku: 'A', price: '1', on_hand: -1 }] },
      'variants.0.on_hand',
    ],
    ['an image that has no address', { ...lamp, images: [{ url: 'x', alt: '' }] }, 'images.0.url'],
    ...['javascript:alert(1)', 'JAVASCRIPT:alert(1)', 'data:image/svg+xml,<svg/>'].map(
      (url) =>
        [`an image at ${url}`, { ...lamp, images: [{ url, alt: '' }] }, 'images.0.url'] as const,
    ),
    ['U+0000', { ...lamp, description: 'a\u0000b' }, 'input'],
  ]
  for (const [what, body, field] of refusals) {
    test(what, async () => {
      const { shop, call } = opened()
      await unchanged(shop, async () => {
        refusedField(await call('POST', '/products', body), field)
      })
    })
  }
})

describeOnEveryDatabase('changing a product', (openShop) => {
  async function withLamp(shop: TestShop) {
    const admin = await asAdmin(shop)
    const { body } = await admin.call('POST', '/products', lamp)
    const { number, variants } = body.data as { number: number; variants: { id: string }[] }
    return { admin, number, path: `/products/${number}`, variantId: variants[0]?.id ?? '' }
  }

  test('replaces what is sent, leaves the rest and counts the version up', async () => {
    await using shop = await openShop()
    const { admin, path } = await withLamp(shop)
    const before = (await admin.call('GET', path)).body.data
    const change = {
      name: 'Floor Lamp',
      slug: 'floor-lamp',
      description: 'Tall',
      brand: 'Lux',
      tags: [],
      attributes: [{ name: 'colour', value: 'Blue' }],
      images: [{ url: 'https://cdn.example.com/l.png', alt: 'Lamp' }],
    }
    const changed = await admin.call('PATCH', path, change)
    assert.equal(changed.status, 200, changed.text)
    const { data } = changed.body
    assert.deepEqual(
      { ...data, updated_at: before.updated_at },
      { ...before, ...change, brand: { slug: 'lux', name: 'Lux' }, version: 2 },
    )
    for (const query of ['search=floor', 'brand=lux', 'attributes[colour]=blue']) {
      assert.deepEqual(await found(shop, query), ['floor-lamp'])
    }
    for (const query of ['search=desk', 'search=light', 'brand=lumen', 'attributes[colour]=red']) {
      assert.deepEqual(await found(shop, query), [])
    }
    const none = await admin.call('PATCH', path, { brand: null })
    assert.equal(none.body.data.brand, null)
    assert.equal((await admin.call('PATCH', path, {})).body.data.version, 4)
    await shop.assertAudit()
  })

  test('shows a draft once it is active, and an archived one no longer', async () => {
    await using shop = await openShop()
    const { admin, path, number } = await withLamp(shop)
    const everywhere = ['', 'search=lamp', 'brand=lumen', 'attributes[colour]=red']
    const expectShown = async (shown: boolean) => {
      for (const query of everywhere) {
        assert.deepEqual(await found(shop, query), shown ? ['desk-lamp'] : [])
      }
      const { status } = await shop.call('GET', `/api/v1/products/${number}`)
      assert.equal(status, shown ? 200 : 404)
    }
    await expectShown(true)
    const archived = await admin.call('DELETE', path)
    assert.equal(archived.body.data.status, 'archived')
    await expectShown(false)
    assert.equal((await admin.call('GET', path)).body.data.status, 'archived')
    for (const [status, shown] of [
      ['draft', false],
      ['active', true],
      ['active', true],
    ] as const) {
      await admin.call('PATCH', path, { status })
      await expectShown(shown)
    }
    await shop.assertAudit()
  })

  test('happens only at the version that If-Match names', async () => {
    await using shop = await openShop()
    const { admin, path, variantId } = await withLamp(shop)
    const variant = { sku: 'LAMP-M', price: '15' }
    const at = (version: string) => ({ 'if-match': version })
    await unchanged(shop, async () => {
      for (const [method, address, body] of [
        ['PATCH', path, { name: 'X' }],
        ['DELETE', path, undefined],
        ['POST', `${path}/variants`, variant],
        ['PATCH', `/variants/${variantId}`, { price: '1' }],
      ] as const) {
        const stale = await admin.call(method, address, body, at('"7"'))
        assert.equal(refused(stale, 412, 'VERSION_CONFLICT').details.current, 1)
        refusedField(await admin.call(method, address, body, at('7')), 'If-Match')
        refusedField(await admin.call(method, address, body, at('W/"1"')), 'If-Match')
      }
    })
    const etag = (await admin.call('GET', path)).headers.get('etag') ?? ''
    assert.match(etag, /^"1-[\w-]+"$/)
    assert.equal((await admin.call('PATCH', path, { name: 'X' }, at(etag))).body.data.version, 2)
    assert.equal((await admin.call('POST', `${path}/variants`, variant, at('"2"'))).status, 201)
    const price = await admin.call('PATCH', `/variants/${variantId}`, { price: '1' }, at('"3"'))
    assert.equal(price.body.data.version, 4)
    assert.equal((await admin.call('DELETE', path, undefined, at('*'))).body.data.version, 5)
  })

  test('by many at the same version succeeds for one of them', async () => {
    await using shop = await openShop()
    const { admin, path } = await withLamp(shop)
    const tries = Array.from({ length: 10 }, (_, index) =>
      admin.call('PATCH', path, { name: `Lamp ${index}` }, { 'if-match': '"1"' }),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, ...Array<number>(9).fill(412)])
    assert.equal((await admin.call('GET', path)).body.data.version, 2)
    await shop.assertAudit()
  })

  test('refuses what another product has, and what does not exist', async () => {
    await using shop = await openShop()
    const { admin, path, variantId } = await withLamp(shop)
    const other = await addProduct(shop.ctx, { slug: 'other' })
    await unchanged(shop, async () => {
      const slug = await admin.call('PATCH', path, { slug: 'other' })
      assert.equal(refused(slug, 409, 'ALREADY_EXISTS').details.field, 'slug')
      const sku = await admin.call('PATCH', `/variants/${variantId}`, { sku: other.sku })
      assert.equal(refused(sku, 409, 'ALREADY_EXISTS').details.field, 'sku')
      const variant = { sku: other.sku, price: '1' }
      const added = await admin.call('POST', `${path}/variants`, variant)
      assert.equal(refused(added, 409, 'ALREADY_EXISTS').details.field, 'sku')
      refusedField(await admin.call('PATCH', path, { category: '77' }), 'category')
      refusedField(await admin.call('PATCH', path, { slug: '12' }), 'slug')
      refusedField(await admin.call('PATCH', path, { price: '12' }), 'price')
      for (const [method, address] of [
        ['GET', '/products/999'],
        ['PATCH', '/products/none'],
        ['DELETE', '/products/999'],
        ['POST', '/products/999/variants'],
        ['PATCH', '/variants/0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'],
      ] as const) {
        const body = { POST: variant, PATCH: {} }[method as 'POST' | 'PATCH']
        refused(await admin.call(method, address, body), 404, 'NOT_FOUND')
      }
    })
  })
})

describeOnEveryDatabase('the variants of a product', (openShop) => {
  test('come after those it has, and widen its prices', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    const { number } = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 2 })
    const cheap = { sku: 'CHEAP', price: '5', on_hand: 4 }
    await admin.call('POST', `/products/${number}/variants`, cheap)
    const answer = await admin.call('POST', `/products/${number}/variants`, {
      ...{ sku: 'DEAR', price: '50.00', options: { size: 'XL' } },
      ...{ gtin: '4006381333931', weight_grams: 12 },
    })
    assert.equal(answer.status, 201, answer.text)
    const { data } = answer.body
    assert.deepEqual(
      data.variants.map(({ sku, available }: { sku: string; available: number }) => [
        sku,
        available,
      ]),
      [
        [data.variants[0].sku, 2],
        ['CHEAP', 4],
        ['DEAR', 0],
      ],
    )
    assert.deepEqual([data.price.amount, data.price_max.amount], ['5.00', '50.00'])
    assert.equal(data.available, 6)
    assert.equal(data.version, 3)
    await shop.assertAudit()
  })

  test('change one by one, and lists follow the new price at once', async () => {
    await using shop = await openShop()
    const admin = await asAdmin(shop)
    const cheap = await addProduct(shop.ctx, { slug: 'cheap', priceMinor: 1_000 })
    await addProduct(shop.ctx, { slug: 'dear', priceMinor: 2_000 })
    assert.deepEqual(await found(shop, 'sort=price'), ['cheap', 'dear'])
    const path = `/variants/${cheap.variantId}`
    const change = { price: '30', sku: 'NEW', gtin: null, weight_grams: 5, options: { a: 'b' } }
    const { data } = (await admin.call('PATCH', path, change)).body
    const { id, available, stock_status, ...variant } = data.variants[0]
    assert.deepEqual(variant, { ...change, price: { amount: '30.00', currency: 'USD' } })
    assert.equal(id, cheap.variantId)
    assert.deepEqual(await found(shop, 'sort=price'), ['dear', 'cheap'])
    assert.deepEqual(await found(shop, 'min_price=25'), ['cheap'])
    assert.deepEqual(await found(shop, 'max_price=25'), ['dear'])
    await shop.assertAudit()
  })
})
