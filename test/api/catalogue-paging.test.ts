import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { openCatalogue, productNames } from './catalogue-fixture.ts'
import { refusedField } from './support.ts'

interface Listed {
  readonly data: readonly { readonly name: string; readonly number: number }[]
  readonly meta: {
    readonly page: number
    readonly total: number
    readonly total_pages: number
    readonly next_cursor: string | null
  }
  readonly links: Readonly<Record<string, string>>
}

async function read(shop: TestShop, address: string): Promise<Listed> {
  const answer = await shop.call('GET', address)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as Listed
}

const list = (shop: TestShop, query: string) => read(shop, `/api/v1/products?${query}`)
const namesOf = ({ data }: Pick<Listed, 'data'>) => data.map(({ name }) => name)

/** Follows `next_cursor` to the end; `between` happens after each page. */
async function walk(
  shop: TestShop,
  query: string,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<Listed['data']> {
  const seen: Listed['data'][number][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const at = cursor === '' ? '' : `&cursor=${cursor}`
    const page: Listed = await list(shop, query + at)
    seen.push(...page.data)
    cursor = page.meta.next_cursor
    await between()
  }
  return seen
}

const sorts = ['created_at', '-created_at', 'price', '-price', 'name', '-name', 'relevance']

/** Twelve products of which several share a price and several a name. */
async function fill(shop: TestShop): Promise<void> {
  for (let index = 0; index < 12; index++) {
    await addProduct(shop.ctx, {
      name: `Torch ${index % 4}`,
      description: index % 3 === 0 ? 'A lamp' : 'A light',
      priceMinor: 500 + 100 * (index % 3),
    })
  }
}

async function wholeList(shop: TestShop, query: string): Promise<Listed['data']> {
  return (await list(shop, `${query}&per_page=100`)).data
}

describeOnEveryDatabase('paging by number', (openShop) => {
  test('cuts a list into pages and links them', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const pages = await Promise.all(
      [1, 2, 3, 4].map((page) => list(shop, `per_page=2&page=${page}&sort=name`)),
    )
    assert.deepEqual(pages.map(namesOf), [
      ['Chef Knife', 'Crème Brûlée Torch'],
      ['Garden Torch', 'Paring Knife'],
      ['Rake'],
      [],
    ])
    for (const [index, { meta }] of pages.entries()) {
      const { next_cursor, ...rest } = meta
      assert.deepEqual(rest, { page: index + 1, per_page: 2, total: 5, total_pages: 3 })
      assert.equal(next_cursor === null, index >= 2)
    }
    const address = (page: number) => `/api/v1/products?per_page=2&page=${page}&sort=name`
    assert.deepEqual(
      pages.map(({ links }) => links),
      [
        { self: address(1), next: address(2) },
        { self: address(2), next: address(3), prev: address(1) },
        { self: address(3), prev: address(2) },
        { self: address(4), prev: address(3) },
      ],
    )
  })

  test('has links that keep every filter, question marks and accents too', async () => {
    await using shop = await openShop()
    for (const name of ['Qui?', 'Qui vive?']) await addProduct(shop.ctx, { name })
    const query = `search=${encodeURIComponent('quí')}?&max_price=10&per_page=1`
    const first = await list(shop, query)
    const second = await read(shop, first.links['next'] ?? '')
    assert.deepEqual([namesOf(first), namesOf(second)], [['Qui?'], ['Qui vive?']])
    assert.equal(second.meta.total, 2)
    const next = new URLSearchParams((first.links['next'] ?? '').replace(/^[^?]*\?/, ''))
    assert.deepEqual(Object.fromEntries(next), {
      search: 'quí?',
      max_price: '10',
      per_page: '1',
      page: '2',
    })
  })

  test('takes up to 100 products a page, and 20 if nothing is said', async () => {
    await using shop = await openShop()
    for (let count = 0; count < 21; count++) await addProduct(shop.ctx)
    assert.equal((await list(shop, '')).data.length, 20)
    const whole = await list(shop, 'per_page=100')
    assert.equal(whole.data.length, 21)
    assert.equal(whole.meta.total_pages, 1)
    assert.equal((await list(shop, 'page=1000000&per_page=100')).data.length, 0)
  })
})

describeOnEveryDatabase('walking by cursor', (openShop) => {
  for (const sort of sorts) {
    test(`sorted by ${sort} shows everything exactly once, in the order of the list`, async () => {
      await using shop = await openShop()
      await fill(shop)
      const query = `sort=${sort}&search=torch`
      const expected = await wholeList(shop, query)
      assert.equal(expected.length, 12)
      for (const size of [1, 5, 12, 13]) {
        assert.deepEqual(await walk(shop, `${query}&per_page=${size}`), expected)
      }
    })

    test(`sorted by ${sort} shows everything once while products are added`, async () => {
      await using shop = await openShop()
      await fill(shop)
      const query = `sort=${sort}&search=torch`
      const known = (await wholeList(shop, query)).map(({ number }) => number)
      let count = 0
      const addOne = async () => {
        count += 1
        if (count <= 4) await addProduct(shop.ctx, { name: `Torch ${count}` })
      }
      const walked = await walk(shop, `${query}&per_page=3`, addOne)
      const seen = walked.map(({ number }) => number)
      assert.equal(new Set(seen).size, seen.length)
      const seenOfKnown = seen.filter((number) => known.includes(number))
      assert.deepEqual(seenOfKnown, known)
    })
  }

  test('goes through a category with filters', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    for (const sort of sorts) {
      const query = `category=home&in_stock=true&min_price=15&sort=${sort}`
      const expected = await wholeList(shop, query)
      assert.equal(expected.length, 4)
      assert.deepEqual(await walk(shop, `${query}&per_page=1`), expected)
    }
  })

  test('knows the total of the whole list and the end of it', async () => {
    await using catalogue = await openCatalogue(openShop)
    const first = await list(catalogue.shop, 'per_page=4')
    const rest = await list(catalogue.shop, `per_page=4&cursor=${first.meta.next_cursor}`)
    assert.deepEqual(namesOf(rest), productNames.slice(4))
    assert.equal(rest.meta.total, 5)
    assert.equal(rest.meta.next_cursor, null)
    assert.deepEqual(Object.keys(rest.links), ['self'])
  })

  test('refuses a cursor of another sort or one that nobody was given', async () => {
    await using catalogue = await openCatalogue(openShop)
    const { shop } = catalogue
    const cursor = async (query: string) =>
      String((await list(shop, `${query}&per_page=1`)).meta.next_cursor)
    const given = (text: string) => Buffer.from(text).toString('base64url')
    const refusals: readonly (readonly [query: string, cursor: string])[] = [
      ['sort=price', await cursor('sort=name')],
      ['sort=name', await cursor('sort=-price')],
      ['sort=created_at', await cursor('sort=price')],
      ['sort=-price', await cursor('sort=created_at')],
      ['search=knife', await cursor('')],
      ['', await cursor('search=knife')],
      ['', given('"text"')],
      ['', given('{"number":1}')],
      ['', given('[]')],
      ['', given('[1.5]')],
      ['', given('[null]')],
      ['', given('[9007199254740993]')],
      ['sort=price', given('[1,2,3]')],
      ['sort=price', given('[1,2,3,4]')],
      ['sort=name', given('["a\\u0000",1]')],
      ['', ''],
      ['', '%F0%9F%98%80'],
    ]
    for (const [query, at] of refusals) {
      const answer = await shop.call('GET', `/api/v1/products?${query}&cursor=${at}`)
      refusedField(answer, 'cursor')
    }
  })
})
