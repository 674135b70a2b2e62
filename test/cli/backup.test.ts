import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { backupSqlite, type PagesDone } from '../../src/db/backup.ts'
import { insertSetting } from '../../src/db/settings.ts'
import { added, checkOut } from '../api/support.ts'
import { addProduct, type TestShop } from '../support/shop.ts'
import { fillShop, openAt } from './fixture.ts'
import { assertRan, assertRefused, contentsOf, makePlace, type Place } from './support.ts'

const urlOf = (file: string) => `sqlite:${file}`

async function filledPlace(): Promise<Place & { readonly live: string }> {
  const place = await makePlace()
  const live = place.path('shop.db')
  await using shop = await openAt(urlOf(live))
  await fillShop(shop)
  return Object.assign(place, { live })
}

describe('backup', () => {
  test('of a shop that is selling holds one moment of it, complete and checked', async () => {
    await using place = await filledPlace()
    const environment = { DATABASE_URL: urlOf(place.live) }
    await using shop = await openAt(urlOf(place.live))
    const selling = sellUntilStopped(shop)
    const made = await place.cli(['backup', 'copy.db'], environment)
    const sold = await selling.stop()
    assertRan(made)
    assert.match(made.out, /^Backed up and checked: .*copy\.db, \d+\.\d MiB, \d+ products, 1 cust/)
    assert.match(made.err, /copying: 100 %/)
    assert.equal(statSync(place.path('copy.db')).mode & 0o077, 0, 'nobody else may read it')
    assert.deepEqual(
      readdirSync(place.folder).filter((name) => name.startsWith('copy')),
      ['copy.db'],
    )
    await using copy = await openAt(urlOf(place.path('copy.db')))
    await copy.assertAudit()
    const orders = Number((await contentsOf(urlOf(place.path('copy.db'))))['orders']?.length)
    assert.ok(orders >= 4 && orders <= 4 + sold, `${orders} orders, ${sold} were sold meanwhile`)
    await shop.assertAudit()
  })

  test('never overwrites a file, and makes none of what is not there', async () => {
    await using place = await filledPlace()
    writeFileSync(place.path('mine'), 'precious')
    const refused = await place.cli(['backup', 'mine'], { DATABASE_URL: urlOf(place.live) })
    assertRefused(refused, 2, /^mine exists\. Choose another name/)
    assert.equal(readFileSync(place.path('mine'), 'utf8'), 'precious')
    assertRefused(await place.cli(['backup', 'copy.db']), 2, /There is no file .*shop\.db/)
    const memory = await place.cli(['backup', 'copy.db'], { DATABASE_URL: 'sqlite::memory:' })
    assertRefused(memory, 2, /A database in memory ends with its process/)
    assert.deepEqual(
      readdirSync(place.folder).filter((name) => name.startsWith('copy')),
      [],
    )
  })

  test('of a large shop never begins again because somebody buys', async () => {
    await using place = await filledPlace()
    await using shop = await openAt(urlOf(place.live))
    await enlarge(shop)
    const selling = sellUntilStopped(shop)
    const steps: PagesDone[] = []
    const copy = { from: place.live, to: place.path('copy.db') }
    await backupSqlite({ ...copy, onProgress: (pages) => steps.push(pages) })
    assert.ok((await selling.stop()) > 0)
    const done = steps.map((pages) => pages.done)
    assert.ok(done.length > 4, `${done.length} steps`)
    assert.deepEqual(
      done.toSorted((a, b) => a - b),
      done,
    )
    assert.equal(new Set(steps.map(({ total }) => total)).size, 1)
    await using copied = await openAt(urlOf(copy.to))
    await copied.assertAudit()
  })

  test('of a damaged database is refused', async () => {
    await using place = await filledPlace()
    const backup = () => place.cli(['backup', 'copy.db'], { DATABASE_URL: urlOf(place.live) })
    const database = new DatabaseSync(place.live, { enableForeignKeyConstraints: false })
    database.exec('delete from brands')
    database.close()
    assertRefused(
      await backup(),
      2,
      /damaged, and was not copied:\n {2}a row of products refers to no/,
    )
    const bytes = readFileSync(place.live)
    writeFileSync(place.live, bytes.fill(0xaa, bytes.length / 2, bytes.length / 2 + 20_000))
    assertRefused(await backup(), 2, /is damaged, and was not copied/)
    assert.deepEqual(
      readdirSync(place.folder).filter((name) => name.startsWith('copy')),
      [],
    )
  })
})

describe('restore', () => {
  test('brings back what was backed up, and keeps what it replaces', async () => {
    await using place = await filledPlace()
    const environment = { DATABASE_URL: urlOf(place.live) }
    const backedUp = await contentsOf(urlOf(place.live))
    assertRan(await place.cli(['backup', 'copy.db'], environment))
    const bytes = readFileSync(place.path('copy.db'))
    await sellOne(place.live)
    const later = await contentsOf(urlOf(place.live))
    assert.notDeepEqual(later, backedUp)
    const hesitant = await place.cli(['restore', 'copy.db'], environment)
    assertRefused(hesitant, 2, /There is a database at .*shop\.db\. With --force it is kept/)
    assert.deepEqual(await contentsOf(urlOf(place.live)), later, 'nothing has changed')
    const restored = await place.cli(['restore', 'copy.db', '--force'], environment)
    assertRan(restored)
    assert.deepEqual(await contentsOf(urlOf(place.live)), backedUp)
    const [, kept = ''] = /The database that was there is now (.*)\.\n$/.exec(restored.out) ?? []
    assert.deepEqual(await contentsOf(urlOf(kept)), later)
    assert.deepEqual(readFileSync(place.path('copy.db')), bytes, 'the backup is as it was')
    await sellOne(place.live)
  })

  test('into a new place makes the shop that was backed up', async () => {
    await using place = await filledPlace()
    await using elsewhere = await makePlace()
    assertRan(await place.cli(['backup', 'copy.db'], { DATABASE_URL: urlOf(place.live) }))
    const restored = await elsewhere.cli(['restore', place.path('copy.db')])
    assertRan(restored)
    assert.match(restored.out, /^Restored and checked: .*shop\.db, .* 4 orders\.\n$/)
    const file = elsewhere.path('data/shop.db')
    assert.deepEqual(await contentsOf(urlOf(file)), await contentsOf(urlOf(place.live)))
    assertRan(await elsewhere.cli(['audit']))
  })

  test('is refused while a server has the database open', async () => {
    await using place = await filledPlace()
    const environment = { DATABASE_URL: urlOf(place.live) }
    assertRan(await place.cli(['backup', 'copy.db'], environment))
    await using shop = await openAt(urlOf(place.live))
    const refused = await place.cli(['restore', 'copy.db', '--force'], environment)
    assertRefused(refused, 2, /A server has .*shop\.db open\. Stop it, then restore again/)
    await sellIn(shop)
    await shop.assertAudit()
  })

  test('refuses what is not a backup, and what a newer version has made', async () => {
    await using place = await filledPlace()
    const restore = (file: string) => place.cli(['restore', file])
    writeFileSync(place.path('letter'), 'Dear customer, '.repeat(1_000))
    new DatabaseSync(place.path('other.db')).exec('create table notes (words text)')
    copyFileSync(place.live, place.path('newer.db'))
    const newer = new DatabaseSync(place.path('newer.db'))
    newer.exec("insert into kysely_migration values ('9999-future', 'now')")
    newer.close()
    assertRefused(await restore('letter'), 2, /^letter is not a Cartwright database/)
    assertRefused(await restore('other.db'), 2, /^other\.db is not a Cartwright database/)
    assertRefused(await restore('newer.db'), 2, /^newer\.db: .* newer version .*"9999-future"/)
    assertRefused(await restore('nothing.db'), 2, /^There is no file nothing\.db/)
    assert.deepEqual(readdirSync(place.folder).includes('data'), false)
  })

  test('replaces a database that cannot be read any more', async () => {
    await using place = await filledPlace()
    const environment = { DATABASE_URL: urlOf(place.live) }
    assertRan(await place.cli(['backup', 'copy.db'], environment))
    writeFileSync(place.live, 'scrambled'.repeat(10_000))
    assertRan(await place.cli(['restore', 'copy.db', '--force'], environment))
    await sellOne(place.live)
  })
})

async function sellOne(file: string): Promise<void> {
  await using shop = await openAt(urlOf(file))
  await sellIn(shop)
  await shop.assertAudit()
}

async function sellIn(shop: TestShop): Promise<void> {
  const product = await addProduct(shop.ctx)
  await sell(shop, product, `sale-${product.number}`)
}

async function sell(shop: TestShop, product: { variantId: string }, session: string) {
  await added(shop, { session }, product)
  const placed = await checkOut(shop, { session })
  assert.equal(placed.status, 201, placed.text)
}

/** Twenty more megabytes, so that copying takes several steps. */
async function enlarge({ ctx }: TestShop): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    for (const name of 'abcdefghijklmnopqrst') await insertSetting(tx, name, name.repeat(1_000_000))
  })
}

/** Sells one piece after the other; `stop` tells how many. */
function sellUntilStopped(shop: TestShop): { stop(): Promise<number> } {
  const stopping = new AbortController()
  const run = async () => {
    const product = await addProduct(shop.ctx, { onHand: 100_000 })
    let sold = 0
    for (; !stopping.signal.aborted; sold++) await sell(shop, product, `busy-${sold}`)
    return sold
  }
  const running = run()
  return {
    stop() {
      stopping.abort()
      return running
    },
  }
}
