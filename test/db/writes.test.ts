import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { sql } from 'kysely'
import { bulkInsert, bulkUpdate } from '../../src/db/bulk.ts'
import type { Database, Tx } from '../../src/db/database.ts'
import { UnsafeNumberError } from '../../src/db/errors.ts'
import { forEachDatabase } from '../support/databases.ts'
import { insertProduct, insertStock, runSql, stockOf, writeSetting } from './fixtures.ts'

forEachDatabase((name, openFresh) => {
  test('many rows go in with one statement, in their order, and the count is theirs', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const rows = ['b', 'a', 'c'].map((slug) => categoryRow(slug))
    const { changes } = await database.transaction((tx) => insertCategories(tx, rows))
    assert.equal(changes, 3)
    const found = await database.read
      .selectFrom('categories')
      .select(['number', 'slug', 'parent_id', 'description'])
      .orderBy('number')
      .execute()
    assert.deepEqual(
      found.map((row) => ({ ...row })),
      ['b', 'a', 'c'].map((slug, index) => ({
        number: index + 1,
        slug,
        parent_id: null,
        description: awkwardText,
      })),
    )
  })

  test('JSON comes back as the text that went in, with its keys in their order', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const payload = '{"size":"M","color":"Rød","a":[1,  2],"quote":"\\"\\\\"}'
    const row = {
      id: randomUUIDv7(),
      topic: 'test',
      payload,
      status: 'pending',
      available_at: 1,
      created_at: 1,
    }
    await database.transaction(async (tx) => {
      await insertEvents(tx, [row])
      await tx
        .insertInto('outbox')
        .values({ ...row, id: randomUUIDv7(), status: 'pending', delivered_at: null })
        .execute()
    })
    const found = await database.read.selectFrom('outbox').select('payload').execute()
    assert.deepEqual(
      found.map((event) => event.payload),
      [payload, payload],
    )
  })

  test('an update of many rows counts the rows its guard let through', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const keys = await insertStock(database, [5, 5, 5])
    const demand = keys.map((key, index) => ({ ...key, quantity: index === 1 ? 6 : 2 }))
    const { changes } = await database.transaction((tx) => reserve(tx, demand))
    assert.equal(changes, 2)
    const reserved = await Promise.all(keys.map((key) => stockOf(database.read, key)))
    assert.deepEqual(
      reserved.map((row) => row.reserved),
      [2, 0, 2],
    )
  })

  test('a row that an update leaves as it was counts as changed', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const [key] = await insertStock(database, [5])
    assert.ok(key)
    const both = await database.transaction(async (tx) => {
      const bulk = await reserve(tx, [{ ...key, quantity: 0 }])
      const single = await tx
        .updateTable('stock')
        .set({ on_hand: 5 })
        .where('variant_id', '=', key.variant_id)
        .executeTakeFirst()
      return [bulk.changes, Number(single.numUpdatedRows)]
    })
    assert.deepEqual(both, [1, 1])
  })

  test('insertOnce keeps the first row and says who wrote it', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const write = (value: string) =>
      database.transaction((tx) => tx.dialect.insertOnce(tx, 'settings', { name: 'a', value }))
    assert.equal(await write('first'), true)
    assert.equal(await write('second'), false)
    const twice = await database.transaction(async (tx) => {
      const row = { name: 'b', value: '1' }
      const first = await tx.dialect.insertOnce(tx, 'settings', row)
      return [first, await tx.dialect.insertOnce(tx, 'settings', row)]
    })
    assert.deepEqual(twice, [true, false])
    const { value } = await database.read
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'a')
      .executeTakeFirstOrThrow()
    assert.equal(value, 'first')
  })

  test('of twenty parallel insertOnce of one key exactly one wins', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    let attempts = 0
    const writes = Array.from({ length: 20 }, (_, index) =>
      database.transaction(async (tx) => {
        attempts += 1
        const row = { name: 'lock', value: String(index) }
        const won = await tx.dialect.insertOnce(tx, 'settings', row)
        await lockSetting(tx, 'lock')
        return won
      }),
    )
    assert.equal((await Promise.all(writes)).filter((won) => won).length, 1)
    assert.equal(attempts, 20)
  })

  test('insertOnce hides no other error', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const orphan = { variant_id: randomUUIDv7(), location_id: randomUUIDv7() }
    const stock = { ...orphan, product_id: randomUUIDv7(), on_hand: 1, reserved: 0 }
    await assert.rejects(
      database.transaction((tx) => tx.dialect.insertOnce(tx, 'stock', stock)),
      (error) => database.dialect.readFault(error).kind === 'foreign_key',
    )
  })

  test('numbers count from where the table says, and orders from 1001', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const numbers = await database.transaction(async (tx) => [
      await tx.dialect.insertNumbered(tx, 'categories', categoryRow('a')),
      await tx.dialect.insertNumbered(tx, 'categories', categoryRow('b')),
      await insertOrder(tx),
      await insertOrder(tx),
    ])
    assert.deepEqual(numbers, [1, 2, 1001, 1002])
  })

  test('what is append-only can be added to, but neither changed nor deleted', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const [key] = await insertStock(database, [1])
    assert.ok(key)
    await database.transaction((tx) =>
      tx
        .insertInto('stock_movements')
        .values({ ...key, id: randomUUIDv7(), ...movement })
        .execute(),
    )
    for (const statement of [
      'update stock_movements set quantity = 2',
      'delete from stock_movements',
    ]) {
      await assert.rejects(
        database.transaction((tx) => runSql(tx, statement)),
        /stock_movements is append-only/,
      )
    }
    const [row] = await database.read.selectFrom('stock_movements').select('quantity').execute()
    assert.equal(row?.quantity, 1)
  })

  test('integers are exact up to 2^53 - 1, in columns and in sums', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const largest = Number.MAX_SAFE_INTEGER
    await database.transaction(async (tx) => {
      await insertCategories(tx, [{ ...categoryRow('a'), position: largest }])
      await tx.dialect.insertNumbered(tx, 'categories', {
        ...categoryRow('b'),
        position: 1 - largest,
      })
    })
    const { sum, count } = await sumPositions(database)
    assert.deepEqual({ sum, count }, { sum: 1, count: 2 })
    const { position } = await database.read
      .selectFrom('categories')
      .select('position')
      .where('slug', '=', 'a')
      .executeTakeFirstOrThrow()
    assert.equal(position, largest)
  })

  test('an integer that JavaScript cannot hold is refused, never rounded', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await database.transaction(async (tx) => {
      await insertCategories(tx, [categoryRow('a')])
      await runSql(tx, 'update categories set position = 9007199254740993')
    })
    const read = () => database.read.selectFrom('categories').select('position').execute()
    await assert.rejects(read(), isUnsafe)
    await assert.rejects(sumPositions(database), isUnsafe)
    await database.transaction((tx) => assert.rejects(setPosition(tx, 2 ** 53), isUnsafe))
    assert.equal((await database.read.selectFrom('categories').select('slug').execute()).length, 1)
  })

  test('a parameter that is missing is refused, never taken for null', async () => {
    await using fresh = await openFresh()
    const write = fresh.database.transaction((tx) =>
      insertEvents(tx, []).then(() => writeSetting(tx, 'a', undefined as unknown as string)),
    )
    await assert.rejects(write)
  })

  test('text is compared by code point, trailing spaces included', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const names = ['a', 'a ', 'A', 'ä', 'Z', 'ﬀ', '😀', 'z']
    await database.transaction(async (tx) => {
      for (const setting of names) await writeSetting(tx, setting, '')
    })
    const rows = await database.read.selectFrom('settings').select('name').orderBy('name').execute()
    assert.deepEqual(
      rows.map((row) => row.name),
      ['A', 'Z', 'a', 'a ', 'z', 'ä', 'ﬀ', '😀'],
    )
  })

  test(`${name} limits and offsets by parameters`, async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await database.transaction((tx) => insertCategories(tx, ['a', 'b', 'c'].map(categoryRow)))
    const page = await database.read
      .selectFrom('categories')
      .select('slug')
      .orderBy('slug')
      .limit(1)
      .offset(1)
      .execute()
    assert.deepEqual(
      page.map(({ slug }) => slug),
      ['b'],
    )
  })
})

const awkwardText = 'Quotes \' " `, backslash \\, line\nbreak, ünïcode 漢字 😀'

function categoryRow(slug: string) {
  return {
    id: randomUUIDv7(),
    parent_id: null,
    slug,
    name: slug,
    description: awkwardText,
    position: 0,
    created_at: 1,
    updated_at: 1,
  }
}

const insertCategories = bulkInsert<ReturnType<typeof categoryRow>>('categories', {
  id: 'uuid',
  parent_id: 'uuid',
  slug: 'text',
  name: 'text',
  description: 'text',
  position: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
})

const insertEvents = bulkInsert('outbox', {
  id: 'uuid',
  topic: 'text',
  payload: 'json',
  status: 'text',
  available_at: 'integer',
  created_at: 'integer',
})

const reserve = bulkUpdate<{ variant_id: string; location_id: string; quantity: number }>({
  table: 'stock',
  columns: { variant_id: 'uuid', location_id: 'uuid', quantity: 'integer' },
  set: sql`reserved = stock.reserved + d.quantity`,
  where: sql<boolean>`stock.variant_id = d.variant_id and stock.location_id = d.location_id
    and stock.on_hand - stock.reserved >= d.quantity`,
})

const movement = {
  quantity: 1,
  kind: 'receipt',
  order_id: null,
  note: null,
  created_at: 1,
} as const

async function lockSetting(tx: Tx, setting: string): Promise<void> {
  const query = tx.selectFrom('settings').select('name').where('name', '=', setting)
  await (tx.dialect.can.rowLocks ? query.forUpdate() : query).execute()
}

async function insertOrder(tx: Tx): Promise<number> {
  await insertProduct(tx, randomUUIDv7())
  const cart_id = randomUUIDv7()
  const times = { created_at: 1, updated_at: 1 }
  await tx
    .insertInto('carts')
    .values({
      id: cart_id,
      session_key: null,
      customer_id: null,
      status: 'completed',
      currency: 'EUR',
      expires_at: 1,
      ...times,
    })
    .execute()
  return tx.dialect.insertNumbered(tx, 'orders', {
    id: randomUUIDv7(),
    cart_id,
    live_cart_id: cart_id,
    customer_id: null,
    email: 'a@example.com',
    status: 'paid',
    currency: 'EUR',
    subtotal_minor: 100,
    discount_minor: 0,
    shipping_minor: 0,
    tax_minor: 0,
    tax_inclusive: 0,
    total_minor: 100,
    item_count: 1,
    shipping_method: 'standard',
    shipping_name: 'Standard',
    shipping_address: '{}',
    billing_address: '{}',
    ...times,
  })
}

async function sumPositions({ read }: Database): Promise<{ sum: number; count: number }> {
  return read
    .selectFrom('categories')
    .select([sql<number>`coalesce(sum(position), 0)`.as('sum'), sql<number>`count(*)`.as('count')])
    .executeTakeFirstOrThrow()
}

async function setPosition(tx: Tx, position: number): Promise<void> {
  await tx.updateTable('categories').set({ position }).execute()
}

/** node:sqlite has an error of its own for it. */
function isUnsafe(error: unknown): boolean {
  if (error instanceof UnsafeNumberError) return true
  return error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE'
}
