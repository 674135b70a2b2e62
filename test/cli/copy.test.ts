import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { countRows } from '../../src/db/copy-rows.ts'
import { copyShop, CopyDiffersError } from '../../src/db/copy.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { insertSetting } from '../../src/db/settings.ts'
import { openSnapshot } from '../../src/db/snapshot.ts'
import { fillSearch } from '../../src/domains/catalog/search-index.ts'
import { added, checkOut, linesOf } from '../api/support.ts'
import { engines, reportMissing, type Engine, type FreshUrl } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { fillShop, oddText, openAt, type Filled } from './fixture.ts'
import { assertRan, assertRefused, contentsOf, makePlace } from './support.ts'

const available = engines().filter(({ missing }) => missing === undefined)
for (const { name, missing } of engines()) if (missing !== undefined) reportMissing(name, missing)

/** A source on the first engine, then a database on every other, and again one on the first. */
async function chain(): Promise<AsyncDisposableStack & { urls: string[] }> {
  const stack = Object.assign(new AsyncDisposableStack(), { urls: [] as string[] })
  for (const engine of [...available, ...available.slice(0, 1)]) {
    stack.urls.push(stack.use(await engine.fresh({ empty: true })).url)
  }
  return stack
}

describe('copying a shop', () => {
  test('goes round all databases and comes back as it was; every copy sells on', async () => {
    await using place = await makePlace()
    await using databases = await chain()
    const [first = '', ...others] = databases.urls
    const filled = await fillAt(first)
    const before = await contentsOf(first)
    assert.equal(before['orders']?.length, 4)
    assert.equal(before['stock']?.length, 302)
    assert.equal(before['product_attributes']?.length, 302)
    let from = first
    for (const to of others) {
      const copied = await place.cli(['copy', '--from', from, '--to', to])
      assertRan(copied)
      assert.match(copied.out, /same +orders +4 rows {2}[0-9a-f]{12} {2}next number 1005\n/)
      assert.match(copied.out, /same +cart_lines +6 rows {2}[0-9a-f]{12} {2}next number 8\n/)
      assert.doesNotMatch(copied.out + copied.err, /DIFFERENT|written to meanwhile|Not copied/)
      assert.deepEqual(await contentsOf(to), before)
      from = to
    }
    assert.deepEqual(await contentsOf(first), before, 'the source is as it was')
    for (const url of others) await assertSells(url, filled)
  })

  for (const engine of available) describe(`from ${engine.name}`, () => suite(engine))
})

async function fillAt(url: string): Promise<Filled> {
  await using shop = await openAt(url)
  const filled = await fillShop(shop)
  await shop.assertAudit()
  return filled
}

/** Whoever was shopping goes on, and what is new gets the next numbers. */
async function assertSells(url: string, { product, email, password, key, paid }: Filled) {
  await using shop = await openAt(url)
  await shop.assertAudit()
  const repeated = await checkOut(shop, { session: 'paid' }, { key })
  assert.equal(repeated.text, paid.text, 'the answer to a key is kept')
  const found = await shop.call('GET', '/api/v1/products?search=elan+zebra')
  assert.deepEqual(
    (found.body.data as { number: number }[]).map(({ number }) => number),
    [product.number],
  )
  const hidden = await shop.call('GET', '/api/v1/products?search=forgotten')
  assert.deepEqual(hidden.body.data, [])
  const signedIn = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
  assert.equal(signedIn.status, 201, signedIn.text)
  assert.equal((await linesOf(shop, { session: 'browsing' })).length, 1)
  await added(shop, { session: 'browsing' }, { ...product, quantity: 2 })
  const placed = await checkOut(shop, { session: 'browsing' })
  assert.equal(placed.status, 201, placed.text)
  assert.equal(placed.body.data.number, 1005)
  const line = await added(shop, { session: 'new' }, product)
  assert.ok(line.body.data.lines[0].number > 7, 'the number of a line that is gone stays unused')
  await shop.assertAudit()
}

function suite(engine: Engine): void {
  test('refuses a target that holds anything, and leaves it alone', async () => {
    await using place = await makePlace()
    await using source = await filledSource(engine)
    await using target = await engine.fresh()
    await writeSetting(target.url, 'mine')
    const before = await contentsOf(target.url)
    const ran = await place.cli(['copy', '--to', target.url], { DATABASE_URL: source.url })
    assertRefused(ran, 2, /The target is not empty: "settings" has rows\. Create a new database/)
    assert.deepEqual(await contentsOf(target.url), before)
  })

  test('refuses a source that is not a shop, or not one of this version', async () => {
    await using place = await makePlace()
    await using source = await engine.fresh({ empty: true })
    const to = `sqlite:${place.path('copy.db')}`
    const copy = ['copy', '--from', source.url, '--to', to]
    assertRefused(await place.cli(copy), 2, /^The source (cannot be opened: There is no|is not a)/)
    await using database = await openDatabase(source.url)
    await migrate(database)
    await sql`insert into kysely_migration (name, timestamp) values ('9999-future', 'now')`.execute(
      database.schema,
    )
    assertRefused(await place.cli(copy), 1, /newer version \(it has "9999-future"\)/)
    assertRefused(await place.cli([...copy.slice(0, 4), source.url]), 2, /are the same database/)
    assert.equal(existsSync(place.path('copy.db')), false, 'refused before anything was made')
  })

  test('a target that differs is reported, and no server starts on it', async () => {
    await using place = await makePlace()
    await using source = await filledSource(engine)
    await using target = await engine.fresh({ empty: true })
    const copying = copyShop({
      from: source.url,
      to: target.url,
      onProgress: () => undefined,
      fillSearch: (database) =>
        database.transaction(async (tx) => {
          await tx.updateTable('settings').set({ value: 'spoilt' }).execute()
        }),
    })
    await assert.rejects(copying, (error) => {
      assert.ok(error instanceof CopyDiffersError)
      const different = error.tables.filter(({ same }) => !same).map(({ table }) => table)
      assert.deepEqual(different, ['settings', 'product_search'])
      return true
    })
    const served = await place.cli(['serve'], { DATABASE_URL: target.url, PORT: '0' })
    assertRefused(served, 1, /"copy of another shop" was interrupted/)
  })

  test('copies one moment, and says so if the source went on', async () => {
    await using place = await makePlace()
    await using source = await filledSource(engine)
    await using snapshot = await openSnapshot(source.url)
    const before = await countRows(snapshot.db, 'settings')
    const { outdated, tables } = await copyShop({
      from: source.url,
      to: `sqlite:${place.path('copy.db')}`,
      onProgress: () => undefined,
      async fillSearch(...given) {
        await writeSetting(source.url, 'too late')
        await fillSearch(...given)
      },
    })
    assert.deepEqual(outdated, ['settings'])
    assert.ok(tables.every(({ same }) => same))
    assert.equal(await countRows(snapshot.db, 'settings'), before, 'a snapshot stays as it was')
  })
}

async function filledSource(engine: Engine): Promise<FreshUrl> {
  const fresh = await engine.fresh()
  await using shop = await openAt(fresh.url)
  await addProduct(shop.ctx, { description: oddText })
  await writeSetting(fresh.url, 'first')
  return fresh
}

async function writeSetting(url: string, name: string): Promise<void> {
  await using database = await openDatabase(url)
  await database.transaction((tx) => insertSetting(tx, name, 'kept'))
}
