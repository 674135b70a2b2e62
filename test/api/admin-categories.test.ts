import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, signUp, type OpenShop, type TestShop } from '../support/shop.ts'
import { openCatalogue } from './catalogue-fixture.ts'
import { refused, refusedField, shared, unchanged } from './support.ts'

interface CategoryData {
  readonly slug: string
  readonly product_count: number
  readonly total_product_count: number
  readonly children: readonly CategoryData[]
}

/** Own and total counts by slug. */
async function counts(shop: TestShop): Promise<Record<string, [number, number]>> {
  const { data } = (await shop.call('GET', '/api/v1/categories')).body as { data: CategoryData[] }
  const flat = (nodes: readonly CategoryData[]): CategoryData[] =>
    nodes.flatMap((node) => [node, ...flat(node.children)])
  return Object.fromEntries(
    flat(data).map((node) => [node.slug, [node.product_count, node.total_product_count]]),
  )
}

async function openWithAdmin(openShop: OpenShop) {
  const catalogue = await openCatalogue(openShop)
  const { token } = await signUp(catalogue.shop, { role: 'admin' })
  return {
    ...catalogue,
    admin: (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      catalogue.shop.call(method, `/api/v1/admin${path}`, {
        token,
        headers,
        ...(body === undefined ? {} : { body }),
      }),
  }
}

const names = async (shop: TestShop, query: string) => {
  const { data } = (await shop.call('GET', `/api/v1/products?${query}`)).body
  return (data as { name: string }[]).map(({ name }) => name)
}

describeOnEveryDatabase('the administration of categories', (openShop) => {
  test('creates a category under a parent named by slug, number or id', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin, categories } = catalogue
    for (const [index, parent] of ['kitchen', '2', categories.kitchen].entries()) {
      const name = `Pots & Pans ${index}`
      const created = await admin('POST', '/categories', { name, description: 'Steel', parent })
      assert.equal(created.status, 201, created.text)
      const { id, number, ...rest } = created.body.data
      assert.equal(number, 5 + index)
      assert.deepEqual(rest, {
        slug: `pots-pans-${index}`,
        name,
        description: 'Steel',
        parent_id: categories.kitchen,
        product_count: 0,
        total_product_count: 0,
        version: 1,
      })
      assert.equal((await shop.call('GET', `/api/v1/categories/${id}`)).status, 200)
    }
  })

  test('puts siblings in the order of their positions', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    await admin('POST', '/categories', { name: 'Last', description: '', position: 9 })
    await admin('POST', '/categories', { name: 'Middle', description: '', position: 5 })
    await admin('PATCH', '/categories/home', { position: 7 })
    const { data } = (await shop.call('GET', '/api/v1/categories')).body as { data: CategoryData[] }
    assert.deepEqual(
      data.map(({ slug }) => slug),
      ['middle', 'home', 'last'],
    )
  })

  test('moves the counts and the lists along with a category', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin, categories } = catalogue
    const moved = await admin('PATCH', '/categories/knives', { parent: 'garden' })
    assert.equal(moved.status, 200, moved.text)
    assert.equal(moved.body.data.parent_id, categories.garden)
    assert.deepEqual(await counts(shop), {
      home: [0, 5],
      kitchen: [1, 1],
      garden: [2, 4],
      knives: [2, 2],
    })
    assert.deepEqual(await names(shop, 'category=kitchen'), ['Crème Brûlée Torch'])
    assert.equal((await names(shop, 'category=garden')).length, 4)
    await shop.assertAudit()
    const root = await admin('PATCH', '/categories/kitchen', { parent: null })
    assert.equal(root.body.data.parent_id, null)
    assert.deepEqual((await counts(shop))['home'], [0, 4])
    await shop.assertAudit()
  })

  test('moves the counts along with a product, and drops them with one that is archived', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    const before = await counts(shop)
    await admin('PATCH', '/products/creme-torch', { category: 'knives' })
    assert.deepEqual(await counts(shop), { ...before, kitchen: [0, 3], knives: [3, 3] })
    await admin('DELETE', '/products/creme-torch')
    assert.deepEqual(await counts(shop), {
      home: [0, 4],
      kitchen: [0, 2],
      garden: [2, 2],
      knives: [2, 2],
    })
    await admin('PATCH', '/products/draft-knife', { status: 'active' })
    assert.deepEqual((await counts(shop))['home'], [0, 5])
    await admin('PATCH', '/products/draft-knife', { category: null })
    assert.deepEqual((await counts(shop))['home'], [0, 4])
    await shop.assertAudit()
  })

  test('takes a product into the place to which its category has moved, though it was a draft then', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    await admin('PATCH', '/categories/knives', { parent: 'garden' })
    await admin('PATCH', '/products/draft-knife', { status: 'active' })
    assert.deepEqual(await counts(shop), {
      home: [0, 6],
      kitchen: [1, 1],
      garden: [2, 5],
      knives: [3, 3],
    })
    await shop.assertAudit()
  })

  test('changes at the version that If-Match names, and only there', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    const etag = (await shop.call('GET', '/api/v1/categories/kitchen')).headers.get('etag') ?? ''
    const rename = { name: 'Cooking', slug: 'cooking', description: 'Hot' }
    const renamed = await admin('PATCH', '/categories/kitchen', rename, { 'if-match': etag })
    assert.equal(renamed.status, 200, renamed.text)
    const { name, slug, description, version } = renamed.body.data
    assert.deepEqual({ name, slug, description }, rename)
    assert.equal(version, 2)
    await unchanged(shop, async () => {
      for (const body of [{ name: 'Other' }, { name: 'Other', parent: null }]) {
        const stale = await admin('PATCH', '/categories/cooking', body, { 'if-match': etag })
        assert.equal(refused(stale, 412, 'VERSION_CONFLICT').details.current, 2)
      }
    })
    assert.deepEqual(await names(shop, 'category=cooking&search=creme'), ['Crème Brûlée Torch'])
  })

  test('takes changes that come at once without a version one after another', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, position) =>
        admin('PATCH', '/categories/kitchen', { position, parent: position % 2 ? 'home' : null }),
      ),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array<number>(8).fill(200),
    )
    const { data } = (await shop.call('GET', '/api/v1/categories/kitchen')).body
    assert.equal(data.version, 9)
    await shop.assertAudit()
  })

  test('refuses a slug that is taken, naming the field', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    await unchanged(shop, async () => {
      const second = await admin('POST', '/categories', { name: 'Home', description: '' })
      assert.equal(refused(second, 409, 'ALREADY_EXISTS').details.field, 'slug')
      const renamed = await admin('PATCH', '/categories/garden', { slug: 'home' })
      assert.equal(refused(renamed, 409, 'ALREADY_EXISTS').details.field, 'slug')
    })
  })

  test('deletes a category that is empty, and no other', async () => {
    await using catalogue = await openWithAdmin(openShop)
    const { shop, admin } = catalogue
    await unchanged(shop, async () => {
      // Home has children; knives has products, of which one is a draft and one is archived.
      refused(await admin('DELETE', '/categories/home'), 409, 'IN_USE')
      refused(await admin('DELETE', '/categories/knives'), 409, 'IN_USE')
      refused(await admin('DELETE', '/categories/attic'), 404, 'NOT_FOUND')
    })
    await admin('POST', '/categories', { name: '2024', description: '', parent: 'home' })
    const { data } = (await shop.call('GET', '/api/v1/categories/5')).body
    assert.equal(data.slug, data.id)
    const deleted = await admin('DELETE', '/categories/5')
    assert.equal(deleted.status, 200, deleted.text)
    assert.equal(deleted.body.data, null)
    refused(await shop.call('GET', '/api/v1/categories/5'), 404, 'NOT_FOUND')
    refused(await admin('DELETE', '/categories/5'), 404, 'NOT_FOUND')
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a category is refused', (openShop) => {
  const opened = shared(() => openWithAdmin(openShop))

  const refusals: readonly (readonly [what: string, path: string, body: object, field: string])[] =
    [
      ['a parent that is not there', '/categories/home', { parent: 'nowhere' }, 'parent'],
      ['itself as its parent', '/categories/home', { parent: 'home' }, 'parent_id'],
      ['a parent that is below it', '/categories/home', { parent: 'knives' }, 'parent_id'],
      ['a blank name', '/categories/home', { name: ' ' }, 'name'],
      ['a slug of digits', '/categories/home', { slug: '12' }, 'slug'],
      ['a position below zero', '/categories/home', { position: -1 }, 'position'],
      ['a field that is not known', '/categories/home', { colour: 'red' }, 'colour'],
    ]
  for (const [what, path, body, field] of refusals) {
    test(what, async () => {
      const { shop, admin } = opened()
      await unchanged(shop, async () => {
        refusedField(await admin('PATCH', path, body), field)
      })
    })
  }
})
