import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import { openCatalogue } from './catalogue-fixture.ts'
import { refused, refusedField, shared } from './support.ts'

interface Node {
  readonly name: string
  readonly product_count: number
  readonly total_product_count: number
  readonly children: readonly Node[]
}

type Counted = [name: string, own: number, total: number, children: Counted[]]

const countsOf = (node: Node): Counted => [
  node.name,
  node.product_count,
  node.total_product_count,
  node.children.map(countsOf),
]

describeOnEveryDatabase('the categories', (openShop) => {
  test('are a tree in which each counts its own products and those below it', async () => {
    await using catalogue = await openCatalogue(openShop)
    const answer = await catalogue.shop.call('GET', '/api/v1/categories')
    assert.equal(answer.status, 200)
    assert.deepEqual((answer.body.data as Node[]).map(countsOf), [
      [
        'Home',
        0,
        5,
        [
          ['Kitchen', 1, 3, [['Knives', 2, 2, []]]],
          ['Garden', 2, 2, []],
        ],
      ],
    ])
    await catalogue.shop.assertAudit()
  })

  test('are none in a shop that has none', async () => {
    await using shop = await openShop()
    const answer = await shop.call('GET', '/api/v1/categories')
    assert.deepEqual(answer.body.data, [])
  })

  test('are found one by one by number, id and slug', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop, categories } = catalogue
    const answer = await shop.call('GET', '/api/v1/categories/kitchen')
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body.data, {
      id: categories.kitchen,
      number: 2,
      slug: 'kitchen',
      name: 'Kitchen',
      description: 'All for Kitchen',
      parent_id: categories.home,
      product_count: 1,
      total_product_count: 3,
      version: 1,
    })
    for (const reference of ['2', categories.kitchen, categories.kitchen.toUpperCase()]) {
      assert.equal((await shop.call('GET', `/api/v1/categories/${reference}`)).text, answer.text)
    }
    refused(await shop.call('GET', '/api/v1/categories/attic'), 404, 'NOT_FOUND')
    refused(await shop.call('GET', '/api/v1/categories/999'), 404, 'NOT_FOUND')
  })
})

describeOnEveryDatabase('the brands', (openShop) => {
  test('are listed by name, each once', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { data } = (await catalogue.shop.call('GET', '/api/v1/brands')).body as {
      data: { slug: string; name: string }[]
    }
    assert.deepEqual(
      data.map(({ slug, name }) => [slug, name]),
      [
        ['boker', 'Böker'],
        ['ghost', 'Ghost'],
        ['opinel', 'Opinel'],
      ],
    )
  })
})

describeOnEveryDatabase('an answer about the catalogue', (openShop) => {
  test('is sent again as soon as what it shows has changed', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const etag = (await shop.call('GET', '/api/v1/products')).headers.get('etag') ?? ''
    await addProduct(shop.ctx)
    const again = await shop.call('GET', '/api/v1/products', { headers: { 'if-none-match': etag } })
    assert.equal(again.status, 200)
    assert.equal(again.body.data.length, 6)
  })
})

describeOnEveryDatabase('an answer about the catalogue', (openShop) => {
  const catalogue = shared(() => openCatalogue(openShop))

  const addresses = [
    '/api/v1/products',
    '/api/v1/products?search=knife&per_page=1',
    '/api/v1/products/creme-torch',
    '/api/v1/categories',
    '/api/v1/categories/kitchen',
    '/api/v1/brands',
  ]
  for (const address of addresses) {
    test(`to ${address} is not sent again to whoever has it`, async () => {
      const { shop } = catalogue()
      const first = await shop.call('GET', address)
      const etag = first.headers.get('etag') ?? ''
      assert.match(etag, /^"[\w-]+"$/)
      assert.equal(first.headers.get('cache-control'), 'no-cache')
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await shop.call('GET', address, { headers: { 'if-none-match': known } })
        assert.equal(again.status, 304)
        assert.equal(again.text, '')
        assert.equal(again.headers.get('etag'), etag)
      }
      const stale = await shop.call('GET', address, { headers: { 'if-none-match': '"other"' } })
      assert.equal(stale.status, 200)
      assert.equal(stale.text, first.text)
    })
  }
})

describeOnEveryDatabase('the picture of a product', (openShop) => {
  test('is an SVG that names it, and is kept for a year', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const product = await shop.call('GET', '/api/v1/products/creme-torch')
    const [{ url }] = product.body.data.images as [{ url: string }]
    const picture = await shop.call('GET', url.replace('http://localhost:0', ''))
    assert.equal(picture.status, 200)
    assert.equal(picture.headers.get('content-type'), 'image/svg+xml')
    assert.equal(picture.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.match(picture.text, /^<svg .*<title>Crème Brûlée Torch<\/title>/s)
    assert.match(picture.text, />KITCHEN</)
  })

  test('is there for a product without a category', async () => {
    await using shop = await openShop()
    const { number } = await addProduct(shop.ctx, { name: 'Lonely' })
    const picture = await shop.call('GET', `/images/products/${number}.svg`)
    assert.match(picture.text, /<title>Lonely<\/title>/)
  })

  test('is the one that the shop gave it, if there is one', async () => {
    await using shop = await openShop()
    const images = [{ url: 'https://cdn.example.com/a.jpg', alt: 'From the side' }]
    const { number } = await addProduct(shop.ctx, { images })
    const { data } = (await shop.call('GET', `/api/v1/products/${number}`)).body
    assert.deepEqual(data.images, images)
    const listed = await shop.call('GET', '/api/v1/products')
    assert.equal(listed.body.data[0].image, 'https://cdn.example.com/a.jpg')
  })

  test('does not exist for what is not a product, nor for a draft, whose name is not public', async () => {
    await using shop = await openShop()
    const draft = await addProduct(shop.ctx, { status: 'draft' })
    const archived = await addProduct(shop.ctx, { status: 'archived' })
    refused(await shop.call('GET', '/images/products/999.svg'), 404, 'NOT_FOUND')
    refused(await shop.call('GET', `/images/products/${draft.number}.svg`), 404, 'NOT_FOUND')
    // Orders and carts still show what is no longer for sale.
    assert.equal((await shop.call('GET', `/images/products/${archived.number}.svg`)).status, 200)
    for (const file of ['1', '1.png', '0.svg', '..%2F1.svg', 'a.svg']) {
      refusedField(await shop.call('GET', `/images/products/${file}`), 'file')
    }
  })
})
