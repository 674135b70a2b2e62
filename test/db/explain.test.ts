import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql, type Compilable } from 'kysely'
import { fillShop } from '../../bench/data/load.ts'
import { multiplyShop } from '../../bench/data/multiply.ts'
import { readDemo } from '../../bench/data/source.ts'
import {
  findingsOf,
  problemsOf,
  statementsOfHotRoutes,
  type Finding,
  type Seen,
} from '../../bench/explain.ts'
import type { Context } from '../../src/context.ts'
import { engines, reportMissing, type Engine } from '../support/databases.ts'
import { openShopOn, type TestShop } from '../support/shop.ts'

const peopleCount = 3_000

/** Who signs in, and where they live: of the empty tables of a new shop every plan is right. */
async function addPeople({ db, newId }: Context): Promise<void> {
  const people = Array.from({ length: peopleCount }, (_, index) => ({
    id: newId(),
    email: `${index}@people.example.com`,
  }))
  const at = { created_at: 1, updated_at: 1 }
  const customers = people.map(({ id, email }) => ({
    ...{ id, email, email_key: email, username: null, username_key: null, first_name: null },
    ...{ last_name: null, postal_address: null, password_hash: '!', role: 'customer' },
    ...{ email_verified_at: null, password_changed_at: null, disabled_at: null, ...at },
  }))
  const sessions = people.map(({ id: customer_id }) => ({
    ...{ id: newId(), customer_id, method: 'password' as const, refresh_hash: '' },
    ...{ user_agent: '', ip: '', rotated_at: 1, created_at: 1, last_used_at: 1, expires_at: 2 },
    ...{ ended_at: null, end_reason: null },
  }))
  const factors = people.map(({ id: customer_id }) => ({
    ...{ customer_id, sealed_secret: '', last_step: 0, created_at: 1, confirmed_at: null },
  }))
  const addresses = people.map(({ id: customer_id }) => ({
    ...{ id: newId(), customer_id, address: '{}', ...at },
  }))
  const defaults = addresses.map(({ id: address_id, customer_id }) => ({
    ...{ customer_id, address_id, purpose: 'shipping' as const },
  }))
  await db.transaction(async (tx) => {
    for (let from = 0; from < peopleCount; from += 500) {
      const part = <T>(rows: readonly T[]) => rows.slice(from, from + 500)
      await tx.insertInto('customers').values(part(customers)).execute()
      await tx.insertInto('sessions').values(part(sessions)).execute()
      await tx.insertInto('second_factors').values(part(factors)).execute()
      await tx.insertInto('customer_addresses').values(part(addresses)).execute()
      await tx.insertInto('customer_default_addresses').values(part(defaults)).execute()
    }
  })
}

/** Articles on back-order, in bundles and with serial numbers, as many as of anything else. */
async function addDepth({ db }: Context): Promise<void> {
  await db.transaction(async (tx) => {
    const run = (statement: string) => tx.runner.run(statement, [])
    await run(`insert into backorder_terms (variant_id, limit_quantity)
      select id, 5 from variants limit 20000`)
    await run(`insert into bundle_parts (variant_id, part_id, quantity)
      select v.id, (select w.id from variants w join products q on q.id = w.product_id
        where q.number = 1 order by w.position limit 1), 2
      from variants v join products p on p.id = v.product_id where p.number > 1 limit 20000`)
    await run(`insert into units (id, variant_id, serial, serial_key, state, location_id,
        created_at, updated_at)
      select v.id, v.id, v.sku, v.sku, 'available', l.id, 1, 1
      from variants v join locations l on l.is_default = 1 limit 20000`)
    await run(`insert into unit_events (unit_id, version, kind, state, serial, location_id, actor,
        created_at)
      select id, 1, 'received', state, serial, location_id, 'nobody', 1 from units`)
  })
}

/** Plans depend on how many rows there are: small tables are read as a whole, and rightly so. */
const productCount = Number(process.env['EXPLAIN_PRODUCTS'] ?? 200_000)

for (const engine of engines()) {
  describe(`what shoppers do all day with ${productCount} products (${engine.name})`, () => {
    if (engine.missing === undefined) suite(engine)
    else reportMissing(engine.name, engine.missing)
  })
}

function suite(engine: Engine): void {
  let shop: TestShop
  let seen: Seen[]
  before(async () => {
    const fresh = await engine.fresh()
    const settings = { DB_STATEMENT_TIMEOUT_MS: '300000' }
    shop = await openShopOn(fresh.url, { settings }, async () => fresh[Symbol.asyncDispose]())
    const source = readDemo()
    const count = Math.min(productCount, source.products.length)
    await fillShop(shop.ctx, source, { count, progress: () => undefined })
    await multiplyShop(shop.ctx.db, productCount)
    await addPeople(shop.ctx)
    await addDepth(shop.ctx)
    if (engine.name !== 'mysql') await sql`analyze`.execute(shop.ctx.db.schema)
    seen = await statementsOfHotRoutes(shop.ctx)
  })
  after(() => shop[Symbol.asyncDispose]())

  test('reads no table as a whole and sorts nothing that grows with the shop', async () => {
    assert.deepEqual((await findingsOf(shop.ctx, seen)).map(textOf), [])
    const requests = new Set(seen.map(({ request }) => request)).size
    const statements = new Set(seen.map((statement) => statement.sql)).size
    assert.ok(requests > 90 && statements > 100, `${statements} statements of ${requests} requests`)
  })

  test('would not get away with reading a whole table, or a whole index', async () => {
    const { read } = shop.ctx.db
    const description = read.selectFrom('products').select('id').where('description', '=', '-')
    const count = read.selectFrom('products').select((all) => all.fn.countAll().as('count'))
    const update = read.updateTable('orders').set({ email: '-' }).where('email', '=', '-')
    const deletion = read.deleteFrom('carts').where('currency', '=', '-')
    for (const query of [description, count, update, deletion]) {
      assert.match((await problems(shop.ctx, query)).join(), /^reads a whole table: /)
    }
  })

  test('would not get away with sorting what is not bounded, unless it was searched for', async () => {
    const products = shop.ctx.db.read.selectFrom('products').select('id')
    const sorting = products.where('status', '=', 'active').orderBy('version').limit(20)
    assert.match((await problems(shop.ctx, sorting)).join(), /sorts an unbounded set/)
    assert.doesNotMatch((await problems(shop.ctx, sorting, true)).join(), /sorts/)
    const variants = shop.ctx.db.read.selectFrom('variants').select('id')
    const bounded = variants.where('product_id', '=', shop.ctx.newId()).orderBy('sku')
    assert.deepEqual(await problems(shop.ctx, bounded), [])
  })

  test('would not get away without an index', async () => {
    const lists = seen.filter(({ request }) => request.includes('?sort=price'))
    assert.deepEqual(await findingsOf(shop.ctx, lists), [])
    const of = engine.name === 'mysql' ? sql` on products` : sql``
    await sql`drop index products_price${of}`.execute(shop.ctx.db.schema)
    const found = await findingsOf(shop.ctx, lists)
    assert.match(found.map(textOf).join(), /^GET .*\?sort=price.* sorts an unbounded set/)
  })
}

async function problems(ctx: Context, query: Compilable, sorts = false): Promise<string[]> {
  const { sql: text, parameters: params } = query.compile()
  const found = await problemsOf(ctx, { sql: text, params, sorts })
  return found.map(({ problem }) => problem)
}

const textOf = ({ request, problem, sql: text, plan }: Finding) =>
  [`${request}: ${problem}`, text.replaceAll(/\s+/g, ' '), ...plan].join('\n')
