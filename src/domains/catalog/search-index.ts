import type { Database, Tx } from '../../db/database.ts'
import { listProductsForSale } from './search-queries.ts'
import { listIndexSources } from './write-queries.ts'
import { searchTextOf } from './writes.ts'

const productsAtOnce = 500

/** Puts every product that is for sale into the search index, which must be empty. */
export async function fillSearch(
  database: Database,
  onRows: (done: number) => void,
): Promise<void> {
  let after = 0
  for (let done = 0; ; onRows(done)) {
    const products = await listProductsForSale(database.read, { after, limit: productsAtOnce })
    if (products.length === 0) return
    await database.transaction((tx) => saveSearch(tx, products))
    after = products.at(-1)?.number ?? after
    done += products.length
  }
}

async function saveSearch(tx: Tx, products: readonly { readonly id: string }[]): Promise<void> {
  const ids = JSON.stringify(products.map(({ id }) => ({ id })))
  const sources = await listIndexSources(tx, { ids })
  await tx.dialect.search.saveAll(tx, JSON.stringify(sources.map(searchTextOf)))
}
