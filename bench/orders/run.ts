import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { firstTokens, startSession } from '../../src/domains/access/sessions.ts'
import { register } from '../../src/domains/customer/customers.ts'
import type { App } from '../../src/http/app.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { fillOrders } from './fill.ts'
import { questions } from './questions.ts'

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
