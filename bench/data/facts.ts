import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { queryWords } from '../../src/core/words.ts'
import { seededRandom, type Facts } from '../scenarios.ts'
import { onHandOf, type Source } from './source.ts'

const searchCount = 400
const articleCount = 5_000
const wordLengthMin = 3

/** What requests can ask for in a shop that was loaded from `source`. */
export function factsOf(
  source: Source,
  { folder, count }: { folder: string; count: number },
): Facts {
  return {
    productCount: count,
    categories: categoriesOf(folder),
    searches: searchesOf(source, count),
    articles: Array.from({ length: count }, (_, index) => index)
      .filter((index) => onHandOf(index) > 1_000)
      .slice(0, articleCount)
      .map((index) => index + 1),
  }
}

function categoriesOf(folder: string): number[] {
  using database = new DatabaseSync(join(folder, 'shop.db'), { readOnly: true })
  const rows = database
    .prepare('select number from categories where total_product_count >= 40 order by number')
    .all()
  return rows.map((row) => Number(row['number']))
}

/** Words as shoppers type them: every other search is of one word, the rest of two. */
function searchesOf({ products }: Source, count: number): string[] {
  const random = seededRandom(7)
  const searches = new Set<string>()
  for (let tries = 0; searches.size < searchCount && tries < 20 * searchCount; tries++) {
    const product = products[random(Math.min(count, products.length))]
    const words = queryWords(product?.name ?? '').filter(
      (word) => word.length >= wordLengthMin && /^[a-z0-9]+$/.test(word),
    )
    const start = random(words.length)
    const chosen = words.slice(start, start + 1 + (searches.size % 2))
    if (chosen.length > 0) searches.add(chosen.join('+'))
  }
  return [...searches]
}
