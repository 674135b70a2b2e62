import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Database } from './database.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'

/** Saves the words of products again and again, which makes FTS5 mark what it had as deleted. */
function saveWords(database: Database, round: number): Promise<void> {
  const rows = Array.from({ length: 5 }, (_, number) => ({
    number: number + 1,
    name: `lamp ${round}`,
    body: `word${round} light`,
  }))
  return database.transaction((tx) => tx.dialect.search.saveAll(tx, JSON.stringify(rows)))
}

test('writes go on when FTS5 has used row ids that no number can hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'search-'))
  try {
    await using database = await openDatabase(`sqlite:${join(folder, 'shop.db')}`)
    await migrate(database)
    for (let round = 0; round < 40; round++) {
      await saveWords(database, round)
      await Promise.all([saveWords(database, round), saveWords(database, round)])
    }
    const { search } = database.dialect
    const found = await database.read.runner.all(
      'select rowid as number from product_search where product_search match ?',
      [search.matchText(['word39'])],
    )
    assert.equal(found.length, 5)
    const stale = await database.read.runner.all(
      'select rowid as number from product_search where product_search match ?',
      [search.matchText(['word3', 'light'])],
    )
    assert.equal(stale.length, 5, 'word39 begins with word3, and nothing else is left of it')
  } finally {
    await rm(folder, { recursive: true })
  }
})
