import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { fillOrders } from '../../bench/orders/fill.ts'
import { questions } from '../../bench/orders/questions.ts'
import { recorded, type Statement } from '../../bench/recording.ts'
import { buildApp } from '../../src/app.ts'
import type { Context } from '../../src/context.ts'
import { engines } from '../support/databases.ts'
import { freshToken, openShopOn, signUp, type TestShop } from '../support/shop.ts'

/**
 * SQLite plans without statistics: for a few thousand orders as for a million. The others weigh
 * what is in the tables, and may rightly read a small one as a whole.
 */
const sqlite = engines().find(({ name }) => name === 'sqlite')

const orderCount = 40_000

interface Step {
  readonly detail: string
}

async function planOf({ db }: Context, { sql: text, params }: Statement): Promise<string[]> {
  const rows = (await db.read.runner.all(`explain query plan ${text}`, params)) as Step[]
  return rows.map(({ detail }) => detail)
}

/** Reads a table from its beginning to its end, in no order. */
const isWhole = (detail: string) => /^SCAN (o|q|y|l|t)\b(?!.* USING )/.test(detail)
const sorts = (detail: string) => detail === 'USE TEMP B-TREE FOR ORDER BY'

async function problemsOf(ctx: Context, statements: readonly Statement[]): Promise<string[]> {
  const problems: string[] = []
  for (const statement of statements) {
    const plan = await planOf(ctx, statement)
    // Only the matches of a side that has few of them are sorted.
    const isBounded = /found cross join|json_each/.test(statement.sql)
    const bad = plan.filter((detail) => isWhole(detail) || (!isBounded && sorts(detail)))
    if (bad.length > 0) problems.push([...bad, statement.sql, ...plan].join('\n'))
  }
  return problems
}

if (sqlite && sqlite.missing === undefined) {
  describe(`lists of staff with ${orderCount} orders (sqlite)`, () => {
    let shop: TestShop
    let token: string
    before(async () => {
      const fresh = await sqlite.fresh()
      shop = await openShopOn(fresh.url, {}, async () => fresh[Symbol.asyncDispose]())
      await fillOrders(shop.ctx, orderCount)
      token = await freshToken(shop, await signUp(shop, { role: 'admin' }))
    })
    after(() => shop[Symbol.asyncDispose]())

    async function statementsOf(url: string): Promise<readonly Statement[]> {
      const recording = recorded(shop.ctx)
      const { app } = await buildApp(recording.ctx)
      recording.take()
      const headers = { authorization: `Bearer ${token}` }
      const answer = await app.inject({ method: 'GET', url, headers })
      await app.close()
      assert.equal(answer.statusCode, 200, answer.body)
      return recording.take().statements
    }

    test('read no table as a whole, and sort nothing but a few matches', async () => {
      for (const [name, query] of Object.entries(questions(orderCount))) {
        const url = `/api/v1/admin/orders?${query.replaceAll(' ', '%20')}`
        const statements = await statementsOf(url)
        assert.deepEqual(await problemsOf(shop.ctx, statements), [], name)
        assert.ok(statements.length <= 12, `${name}: ${statements.length} statements`)
      }
      for (const query of ['', 'status=due', 'status=due,failed', 'from=2025-01-01']) {
        const statements = await statementsOf(`/api/v1/admin/payments?${query}`)
        assert.deepEqual(await problemsOf(shop.ctx, statements), [], query)
      }
    })

    test('would not get away without an index', async () => {
      const statements = await statementsOf('/api/v1/admin/orders?sort=total')
      assert.deepEqual(await problemsOf(shop.ctx, statements), [])
      await sql`drop index orders_total`.execute(shop.ctx.db.schema)
      await shop.ctx.db.read.selectFrom('settings').select('name').limit(1).execute()
      const found = await problemsOf(shop.ctx, statements)
      assert.match(found.join(), /USE TEMP B-TREE FOR ORDER BY/)
    })
  })
}
