import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillShop } from '../../bench/data/load.ts'
import { readDemo } from '../../bench/data/source.ts'
import type { Context } from '../../src/context.ts'
import { minor } from '../../src/core/money.ts'
import type { PlaceKey } from '../../src/core/paging.ts'
import {
  listProductRows,
  productSorts,
  type Listing,
  type ListRow,
  type ProductFilter,
} from '../../src/domains/catalog/listing-queries.ts'
import { describeOnEveryDatabase } from '../support/shop.ts'

const category = { categoryNumber: 1 }
const prices = { priceMin: minor(2_000), priceMax: minor(9_000) }

const filters: readonly ProductFilter[] = [
  category,
  prices,
  { ...category, ...prices },
  { ...category, inStock: true },
  { ...category, ...prices, inStock: false },
  { words: ['b'] },
  { words: ['b'], ...category },
  { words: ['b'], ...category, ...prices, inStock: true },
  { attributes: [{ name: 'pieces', value: 'set' }] },
  {
    attributes: [
      { name: 'pieces', value: 'set' },
      { name: 'for', value: 'women' },
    ],
  },
]

type Query = Omit<Listing, 'paging' | 'manyMatch'>

/** Two pages one after the other, looked up and sorted, or walked. */
async function pages(ctx: Context, query: Query, manyMatch: boolean): Promise<ListRow[]> {
  const read = (after: readonly PlaceKey[] | undefined) =>
    listProductRows(ctx.db.read, { ...query, manyMatch, paging: { page: 1, perPage: 7, after } })
  const first = await read(undefined)
  const last = first.at(-1)
  if (!last) return []
  const place = [last.key0, last.key1].filter((key) => key !== undefined)
  return [...first, ...(await read(place))]
}

describeOnEveryDatabase('lists', (openShop) => {
  test('are the same whether their products are looked up or met on the way', async () => {
    await using shop = await openShop()
    await fillShop(shop.ctx, readDemo(), { count: 400, progress: () => undefined })
    for (const filter of filters) {
      for (const sort of productSorts) {
        const found = await pages(shop.ctx, { filter, sort }, false)
        assert.deepEqual(await pages(shop.ctx, { filter, sort }, true), found)
        assert.ok(found.length > 0, JSON.stringify(filter))
        const numbers = found.map(({ number }) => number)
        assert.equal(new Set(numbers).size, numbers.length)
      }
    }
  })
})
