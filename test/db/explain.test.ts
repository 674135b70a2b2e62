import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fillShop, openContext } from '../../bench/data/load.ts'
import { readDemo } from '../../bench/data/source.ts'
import { explainHotRoutes, problemsOf } from '../../bench/explain.ts'
import { prepareShop } from '../../src/shop.ts'

// SQLite plans without statistics here, so a small shop has the plans of a large one.
describe('what shoppers do all day', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cartwright-explain-'))
    await using ctx = await openContext(folder)
    await prepareShop(ctx)
    await fillShop(ctx, readDemo(), { count: 100, progress: () => undefined })
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('reads no table as a whole and sorts nothing that grows with the shop', async () => {
    const { requests, statements, findings } = await explainHotRoutes(folder)
    assert.deepEqual(findings, [])
    assert.ok(requests > 100 && statements > 80, `${statements} statements of ${requests} requests`)
  })

  test('would not get away with either', () => {
    using database = new DatabaseSync(join(folder, 'shop.db'), { readOnly: true })
    const problems = (sql: string, sorts = false) =>
      problemsOf(database, { sql, sorts }).map(({ problem }) => problem)
    assert.deepEqual(problems("select id from products p where description = ''"), [
      'reads a whole table: SCAN p',
    ])
    const sorting = "select id from products p where status = 'active' order by version limit 20"
    assert.match(
      problems(sorting).join(),
      /^sorts an unbounded set: .* of SEARCH p .*\(status=\?\)$/,
    )
    assert.deepEqual(problems(sorting, true), [])
    assert.deepEqual(problems('select id from variants where product_id = ? order by sku'), [])
  })
})
