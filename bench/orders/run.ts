import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { writeCursor } from '../../src/core/paging.ts'
import { firstTokens, startSession } from '../../src/domains/access/sessions.ts'
import { register } from '../../src/domains/customer/customers.ts'
import type { App } from '../../src/http/app.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { fillOrders, firstDay, spanMs } from './fill.ts'

const help = `Measures the lists of staff in a large shop against a small one, on SQLite.

  node bench/orders/run.ts [--orders 1000000] [--small 10000] [--rounds 15]
`

interface Shop extends AsyncDisposable {
  readonly app: App
  readonly headers: Readonly<Record<string, string>>
  readonly count: number
  readonly fillMs: number
}

async function openShop(count: number): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), 'cartwright-orders-'))
  const raw = { ...readSettings({}), DATA_DIR: folder, DEMO_DATA: 'false', RATE_LIMIT: 'off' }
  const ctx = await createContext({
    config: configOf({ ...raw, MAIL_DRIVER: 'none' }),
    secrets: { jwt: 'j'.repeat(43), cookie: 'c'.repeat(43) },
    log: createLog('silent'),
  })
  await prepareShop(ctx)
  const started = performance.now()
  await fillOrders(ctx, count)
  const fillMs = performance.now() - started
  const { app } = await buildApp(ctx)
  return {
    app,
    headers: { authorization: `Bearer ${await staffToken(ctx)}` },
    count,
    fillMs,
    async [Symbol.asyncDispose]() {
      await app.close()
      await ctx[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

async function staffToken(ctx: Context): Promise<string> {
  const owner = await register(ctx, { email: 'a@example.com', password: undefined, role: 'admin' })
  const client = { ip: '127.0.0.1', userAgent: 'bench', requestId: 'bench' }
  const session = { owner, method: 'password' as const, client }
  const id = await ctx.db.transaction((tx) => startSession(ctx, tx, session))
  return (await firstTokens(ctx, session, id)).accessToken
}

/** The same questions to both shops; what they find is of the same kind in each. */
function questions(count: number): Readonly<Record<string, string>> {
  const at = (share: number) => firstDay + Math.floor(share * count) * Math.floor(spanMs / count)
  const number = (share: number) => 1_000 + Math.floor(share * count)
  const cursor = (share: number) => writeCursor([at(share), number(share)])
  const day = (share: number) => new Date(at(share)).toISOString().slice(0, 10)
  const someone = Math.floor(count / 40)
  return {
    'first page': '',
    'a page in the middle, by cursor': `cursor=${cursor(0.5)}`,
    'the last page, by cursor': `cursor=${cursor(0.001)}`,
    'status=cancelled (one in 50)': 'status=cancelled',
    'status=placed (one in 500), oldest first': 'status=placed&sort=created_at',
    'status=delivered (none)': 'status=delivered',
    'two statuses': 'status=placed,cancelled',
    'payment_status=due (one in 500)': 'payment_status=due',
    'dearest first': 'sort=-total',
    'dearest first, cancelled': 'sort=-total&status=cancelled',
    'a range of totals (one in 1,000)': 'min_total=200&max_total=200.20',
    'a week in the middle': `from=${day(0.5)}&to=${day(0.5064)}`,
    'a week, dearest first': `from=${day(0.5)}&to=${day(0.5064)}&sort=-total`,
    'tag=gift (one in 20)': 'tag=gift',
    'tag=fragile (one in 2,000)': 'tag=fragile',
    'an article in every tenth order': 'sku=ART-0',
    'an article in few orders': 'sku=ART-990',
    'shipping_method=express (one in 100)': 'shipping_method=express',
    'express, cancelled (none)': 'shipping_method=express&status=cancelled',
    'an e-mail address': `email=customer-${someone}@example.com`,
    'search by a name': `search=person ${someone}`,
    'search by an e-mail address': `search=customer-${someone}@`,
    'search by a number': `search=${number(0.5)}`,
    'search for nobody': 'search=nobody',
  }
}

async function measure(shop: Shop, query: string, rounds: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    const url = `/api/v1/admin/orders?${query.replaceAll(' ', '%20')}`
    const { statusCode, body } = await shop.app.inject({
      method: 'GET',
      url,
      headers: shop.headers,
    })
    if (statusCode !== 200) throw new Error(`${url}: ${body}`)
    times.push(performance.now() - started)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0
}

/** Orders a second, and the most memory that the export took beside what was there before. */
async function measureExport(shop: Shop): Promise<{ rate: number; memoryMb: number }> {
  const url = await shop.app.listen({ host: '127.0.0.1', port: 0 })
  const before = process.memoryUsage().rss
  let [most, lines] = [before, -1]
  const started = performance.now()
  const response = await fetch(`${url}/api/v1/admin/orders/export`, { headers: shop.headers })
  for await (const chunk of response.body ?? []) {
    for (const byte of chunk as Uint8Array) if (byte === 10) lines += 1
    most = Math.max(most, process.memoryUsage().rss)
  }
  if (lines !== shop.count) throw new Error(`${lines} lines for ${shop.count} orders`)
  const seconds = (performance.now() - started) / 1_000
  return { rate: shop.count / seconds, memoryMb: (most - before) / 2 ** 20 }
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '1000000' },
      small: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '15' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  await using small = await openShop(Number(values.small))
  await using large = await openShop(Number(values.orders))
  const say = (text: string) => process.stdout.write(`${text}\n`)
  say(`filled in ${(large.fillMs / 1_000).toFixed(0)} s\n`)
  say(`| what | ${small.count} orders, ms | ${large.count} orders, ms | ratio |`)
  say('| --- | ---: | ---: | ---: |')
  const inLarge = questions(large.count)
  for (const [name, query] of Object.entries(questions(small.count))) {
    const rounds = Number(values.rounds)
    const [few, many] = [
      await measure(small, query, rounds),
      await measure(large, inLarge[name] ?? '', rounds),
    ]
    say(`| ${name} | ${few.toFixed(1)} | ${many.toFixed(1)} | ${(many / few).toFixed(1)} |`)
  }
  for (const shop of [small, large]) {
    const { rate, memoryMb } = await measureExport(shop)
    say(`\nexport of ${shop.count}: ${rate.toFixed(0)} orders/s, ${memoryMb.toFixed(0)} MB more`)
  }
}

await run()
