import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { openCatalogue, productNames } from './catalogue-fixture.ts'
import { refused, refusedField, shared, withoutRequestId } from './support.ts'

const [chef, paring, creme, torch, rake] = productNames

async function list(shop: TestShop, query: string) {
  const answer = await shop.call('GET', `/api/v1/products?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as {
    data: { name: string; number: number; price: { amount: string } }[]
    meta: Record<string, unknown>
    links: Record<string, string>
  }
}

async function names(shop: TestShop, query: string): Promise<string[]> {
  return (await list(shop, query)).data.map(({ name }) => name)
}

describeOnEveryDatabase('a list of products', (openShop) => {
  test('shows everything that is for sale in the order of adding', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { data, meta, links } = await list(catalogue.shop, '')
    assert.deepEqual(
      data.map(({ name }) => name),
      productNames,
    )
    assert.deepEqual(meta, { page: 1, per_page: 20, total: 5, total_pages: 1, next_cursor: null })
    assert.deepEqual(links, { self: '/api/v1/products?' })
  })

  test('shows of each product what a card needs', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { data } = await list(catalogue.shop, 'search=brulee')
    const [product] = data as Record<string, unknown>[]
    const { id, number, ...rest } = product ?? {}
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.deepEqual(rest, {
      slug: 'creme-torch',
      name: creme,
      price: { amount: '29.99', currency: 'USD' },
      price_max: { amount: '29.99', currency: 'USD' },
      brand: { slug: 'opinel', name: 'Opinel' },
      category: { number: 2, slug: 'kitchen', name: 'Kitchen' },
      image: `http://localhost:0/images/products/${String(number)}.svg?v=1`,
      tags: [],
      stock_status: 'low_stock',
      available: 3,
      variant_count: 1,
      links: { self: `/api/v1/products/${String(number)}` },
    })
  })

  test('finds a category by its slug, its number and its id', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop, categories } = catalogue
    const tree = await shop.call('GET', '/api/v1/categories')
    const { number } = tree.body.data[0].children[0] as { number: number }
    for (const reference of ['kitchen', String(number), categories.kitchen]) {
      for (const parameter of ['category', 'category_id']) {
        assert.deepEqual(await names(shop, `${parameter}=${reference}`), [chef, paring, creme])
      }
    }
  })

  test('searched for nothing that could be a word shows everything', async () => {
    await using catalogue = await openCatalogue(openShop)
    assert.deepEqual(await names(catalogue.shop, 'search=%20-%20'), productNames)
  })

  test('sorts what costs the same by age, newest first when descending', async () => {
    await using shop = await openShop()
    for (const name of ['A', 'B', 'C']) await addProduct(shop.ctx, { name, priceMinor: 500 })
    assert.deepEqual(await names(shop, 'sort=price'), ['A', 'B', 'C'])
    assert.deepEqual(await names(shop, 'sort=-price'), ['C', 'B', 'A'])
  })

  test('sorts a search by price when asked to', async () => {
    await using catalogue = await openCatalogue(openShop)
    assert.deepEqual(await names(catalogue.shop, 'search=knife&sort=-price'), [chef, rake, paring])
  })

  test('calls a product out of stock, low from 5 pieces down, and in stock above', async () => {
    await using shop = await openShop()
    for (const onHand of [0, 1, 5, 6]) await addProduct(shop.ctx, { name: `${onHand}`, onHand })
    const { data } = await list(shop, '')
    assert.deepEqual(
      data.map((product) => [product.name, (product as { stock_status?: string }).stock_status]),
      [
        ['0', 'out_of_stock'],
        ['1', 'low_stock'],
        ['5', 'low_stock'],
        ['6', 'in_stock'],
      ],
    )
  })

  test('counts a product that was added a moment ago', async () => {
    await using catalogue = await openCatalogue(openShop)
    assert.equal((await list(catalogue.shop, 'per_page=2')).meta['total'], 5)
    await addProduct(catalogue.shop.ctx)
    assert.equal((await list(catalogue.shop, 'per_page=2')).meta['total'], 6)
  })
})

describeOnEveryDatabase('a choice of products', (openShop) => {
  const catalogue = shared(() => openCatalogue(openShop))

  const filters: readonly (readonly [query: string, expected: readonly string[]])[] = [
    ['category=home', productNames],
    ['category=kitchen', [chef, paring, creme]],
    ['category=knives', [chef, paring]],
    ['category_id=garden', [torch, rake]],
    ['brand=boker', [chef, paring]],
    ['brand=ghost', []],
    ['brand=nobody', []],
    ['min_price=15', [chef, creme, torch, rake]],
    ['min_price=15.01', [chef, creme, rake]],
    ['max_price=15.00', [paring, torch]],
    ['min_price=015&max_price=20', [torch, rake]],
    ['min_price=0&max_price=0', []],
    ['min_price=20&max_price=10', []],
    ['in_stock=true', [chef, creme, torch, rake]],
    ['in_stock=false', [paring]],
    ['availability=in_stock', [chef, creme, torch, rake]],
    ['availability=out_of_stock', [paring]],
    ['attributes[colour]=red', [paring]],
    ['attributes[material]=STEEL', [chef, paring]],
    ['attributes[material]=steel&attributes[colour]=Black', [chef]],
    ['attributes[material]=wood', []],
    ['category=home&brand=boker&in_stock=true&max_price=45', [chef]],
    ['category=garden&min_price=16', [rake]],
    ['category=knives&attributes[colour]=red&search=knife', [paring]],
  ]
  for (const [query, expected] of filters) {
    test(`filtered by ${query} shows ${expected.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await names(catalogue().shop, query), expected)
      const { meta } = await list(catalogue().shop, `${query}&page=2`)
      assert.equal(meta['total'], expected.length)
    })
  }

  const searches: readonly (readonly [words: string, expected: readonly string[]])[] = [
    ['knife', [chef, paring, rake]],
    ['KNIFE', [chef, paring, rake]],
    ['kni', [chef, paring, rake]],
    ['creme', [creme, torch]],
    ['CRÈME brulee', [creme]],
    ['bru', [creme]],
    ['torch garden', [torch]],
    ['garden torch', [torch]],
    ['torch zebra', []],
    ['steel', [rake]],
    ['böker', [chef, paring]],
    ['boker fruit', [paring]],
    ['sharp', [chef]],
    ['nife', []],
    ['knife"; drop table products; --', []],
    ['NEAR(torch* OR rake)', []],
    ['torch***', [creme, torch]],
  ]
  for (const [words, expected] of searches) {
    test(`searched for ${words} shows ${expected.join(', ') || 'nothing'}`, async () => {
      const query = `search=${encodeURIComponent(words)}`
      assert.deepEqual(await names(catalogue().shop, query), expected)
      assert.equal((await list(catalogue().shop, `${query}&page=2`)).meta['total'], expected.length)
    })
  }

  const sorts: readonly (readonly [sort: string, expected: readonly string[]])[] = [
    ['created_at', productNames],
    ['-created_at', [rake, torch, creme, paring, chef]],
    ['price', [paring, torch, rake, creme, chef]],
    ['-price', [chef, creme, rake, torch, paring]],
    ['name', [chef, creme, torch, paring, rake]],
    ['-name', [rake, paring, torch, creme, chef]],
    ['relevance', productNames],
  ]
  for (const [sort, expected] of sorts) {
    test(`sorted by ${sort} is in that order, within a category too`, async () => {
      assert.deepEqual(await names(catalogue().shop, `sort=${sort}`), expected)
      assert.deepEqual(await names(catalogue().shop, `sort=${sort}&category=home`), expected)
    })
  }
})

describeOnEveryDatabase('a list of products refuses', (openShop) => {
  const catalogue = shared(() => openCatalogue(openShop))

  const refusals: readonly (readonly [query: string, field: string])[] = [
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=two', 'page'],
    ['page=1000001', 'page'],
    ['per_page=0', 'per_page'],
    ['per_page=101', 'per_page'],
    ['page=1&page=2', 'page'],
    ['search=a&search=b', 'search'],
    [`search=${'a'.repeat(201)}`, 'search'],
    ['sort=random', 'sort'],
    ['sort=--price', 'sort'],
    ['category=nowhere', 'category'],
    ['category_id=999', 'category_id'],
    ['category=home&category_id=home', 'category_id'],
    ['min_price=-1', 'min_price'],
    ['min_price=1e3', 'min_price'],
    ['min_price=1.999', 'min_price'],
    ['max_price=999999999999999', 'max_price'],
    ['max_price=cheap', 'max_price'],
    ['in_stock=maybe', 'in_stock'],
    ['availability=soon', 'availability'],
    ['colour=red', 'colour'],
    ['attributes=red', 'attributes'],
    ['attributes[Colour]=red', 'attributes[Colour]'],
    ['cursor=abc', 'cursor'],
    [`cursor=${'a'.repeat(501)}`, 'cursor'],
    ['search=%00', 'input'],
  ]
  for (const [query, field] of refusals) {
    test(`${query.slice(0, 60)}, naming ${field}`, async () => {
      refusedField(await catalogue().shop.call('GET', `/api/v1/products?${query}`), field)
    })
  }

  test('more attributes than a shopper could choose', async () => {
    await using shop = await openShop()
    const filters = (count: number) =>
      Array.from({ length: count }, (_, index) => `attributes[a${index}]=x`).join('&')
    assert.deepEqual(await names(shop, filters(10)), [])
    refusedField(await shop.call('GET', `/api/v1/products?${filters(11)}`), 'attributes')
    refusedField(await shop.call('GET', `/api/v1/products?${filters(700)}`), 'attributes')
  })
})

describeOnEveryDatabase('one product', (openShop) => {
  test('is found by its number, its id in any case and its slug, with all its parts', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const bySlug = await shop.call('GET', '/api/v1/products/creme-torch')
    assert.equal(bySlug.status, 200, bySlug.text)
    const { id, number, variants, created_at, updated_at, ...rest } = bySlug.body.data
    for (const reference of [String(number), id, String(id).toUpperCase()]) {
      assert.equal((await shop.call('GET', `/api/v1/products/${reference}`)).text, bySlug.text)
    }
    assert.equal(created_at, updated_at)
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.equal(variants.length, 1)
    assert.deepEqual(variants[0].price, { amount: '29.99', currency: 'USD' })
    assert.equal(variants[0].available, 3)
    assert.deepEqual(rest, {
      slug: 'creme-torch',
      name: creme,
      description: 'For caramel',
      status: 'active',
      price: { amount: '29.99', currency: 'USD' },
      price_max: { amount: '29.99', currency: 'USD' },
      brand: { slug: 'opinel', name: 'Opinel' },
      category: { number: 2, slug: 'kitchen', name: 'Kitchen' },
      images: [
        { url: `http://localhost:0/images/products/${number}.svg?v=1`, alt: 'Crème Brûlée Torch' },
      ],
      tags: [],
      options: [],
      attributes: [],
      stock_status: 'low_stock',
      available: 3,
      version: 1,
    })
  })

  test('that is a draft, archived or absent looks the same: it is not found', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const hidden = await shop.ctx.db.read
      .selectFrom('products')
      .select(['number', 'id', 'slug'])
      .where('status', '<>', 'active')
      .execute()
    assert.equal(hidden.length, 2)
    const absent = await shop.call('GET', '/api/v1/products/no-such-thing')
    refused(absent, 404, 'NOT_FOUND')
    for (const { number, id, slug } of hidden) {
      for (const reference of [number, id, slug]) {
        const answer = await shop.call('GET', `/api/v1/products/${reference}`)
        refused(answer, 404, 'NOT_FOUND')
        assert.equal(withoutRequestId(answer), withoutRequestId(absent))
      }
    }
  })
})
