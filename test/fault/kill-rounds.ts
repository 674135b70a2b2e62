import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import { startProvider, type Provider, type ProviderKind } from '../provider/provider.ts'
import { stripeWebhookSecret } from '../provider/stripe/signature.ts'
import type { Engine } from '../support/databases.ts'
import { freePort, makeFolder } from '../support/server-process.ts'
import { addProduct } from '../support/shop.ts'
import { buy, newAttempt, type Attempt } from './buyer.ts'
import {
  askAgain,
  assertAudit,
  assertKept,
  assertMatch,
  assertNotOversold,
  pendingCount,
  soldSince,
  untilSettled,
} from './checks.ts'
import { randomFrom, type Random } from './random.ts'
import { assertMoney } from './provider-checks.ts'
import { patientMs, settingsFor } from './provider.ts'
import { ShopProcess, type ProcessOptions } from './shop-process.ts'

export interface KillOptions {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  /** Clients at once. */
  readonly width: number
  /** Who charges; left out: the shop itself, for trying things out. */
  readonly provider?: ProviderKind
  readonly onRound?: (tally: KillTally) => void
}

/** What happened, to know that the rounds were worth something. */
export interface KillTally {
  rounds: number
  kills: number
  /** Orders a client was told of before the crash. */
  acknowledged: number
  /** Checkouts that were on their way when the process died. */
  interrupted: number
  /** Payments the crash left pending, for the reconciler. */
  leftPending: number
  /** Clients that asked again, with their key, until they knew. */
  askedAgain: number
  orders: number
}

const roundsPerFolder = 50
const ampleStock = 1_000_000

/** Kills the server in mid-checkout, starts it again, and checks every promise; over and over. */
export async function killRounds(options: KillOptions): Promise<KillTally> {
  const tally: KillTally = {
    rounds: 0,
    kills: 0,
    acknowledged: 0,
    interrupted: 0,
    leftPending: 0,
    askedAgain: 0,
    orders: 0,
  }
  const random = randomFrom(options.seed)
  while (tally.rounds < options.rounds) {
    const count = Math.min(roundsPerFolder, options.rounds - tally.rounds)
    await killInOneFolder(options, { random, tally, count })
  }
  return tally
}

interface Progress {
  readonly random: Random
  readonly tally: KillTally
  readonly count: number
}

async function killInOneFolder(options: KillOptions, progress: Progress): Promise<void> {
  const { tally, count } = progress
  const folder = await makeFolder('fault')
  const fresh = await options.engine.fresh()
  const data = join(folder, 'data')
  await mkdir(data)
  await using charging = options.provider && (await startProvider(options.provider))
  const settings = charging ? settingsOf(charging) : {}
  const place = { folder: data, port: await freePort(), databaseUrl: fresh.url, settings }
  const rig = {
    charging,
    ...options,
    ...progress,
    place,
    server: new ShopProcess(place),
  }
  try {
    await rig.server.ready()
    for (let index = 0; index < count; index++) {
      await runRound(rig).catch((error: unknown) => {
        const again = `--seed ${options.seed} --rounds ${tally.rounds + 1}`
        const message = `round ${tally.rounds + 1} failed (again with ${again})\n${rig.server.log()}`
        throw new Error(message, { cause: error })
      })
      tally.rounds += 1
      options.onRound?.(tally)
    }
  } finally {
    await rig.server.kill()
    await fresh[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Invoices too, and events that tell of what happened while nobody was there. */
const settingsOf = (provider: Provider) => ({
  ...settingsFor(provider, patientMs),
  PAYMENT_METHODS: `${provider.kind},manual`,
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: stripeWebhookSecret,
})

interface Rig extends KillOptions, Progress {
  readonly charging: Provider | undefined
  readonly place: ProcessOptions
  server: ShopProcess
}

async function runRound(rig: Rig): Promise<void> {
  const { random, tally } = rig
  const before = await withContext(rig, (ctx) => seedRound(ctx, random))
  await misbehave(rig)
  const attempts = await loadAndKill(rig, before.variantIds)
  await rig.charging?.behave({})
  tally.acknowledged += attempts.filter(({ told }) => told.kind === 'placed').length
  tally.interrupted += attempts.filter(({ told }) => told.kind === 'unknown').length
  if (random.chance(0.1)) await killWhileStarting(rig)
  rig.server = new ShopProcess(rig.place)
  await rig.server.ready()
  await withContext(rig, async (ctx) => {
    tally.leftPending += await pendingCount(ctx)
    await assertKept(rig.server.url, attempts)
    tally.askedAgain += await askAgain(rig.server.url, attempts)
    await untilSettled(ctx)
    const sold = await soldSince(ctx, before.lastNumber)
    tally.orders += sold.length
    assertMatch(attempts, sold)
    if (rig.charging) await assertMoney({ shop: { ctx }, provider: rig.charging })
    await assertNotOversold(ctx, before.scarce)
    await assertAudit(ctx)
  })
}

/** Some answers are lost on the way too, and some events come before them. */
async function misbehave({ charging, random, server }: Rig): Promise<void> {
  const seed = random.integer(1, 1_000_000_000)
  await charging?.behave({
    seeded: { seed, share: 0.1, faults: ['500-after', 'reset-after', 'slow', 'decline'] },
    slowMs: 100,
    webhooks: {
      ...{ url: `${server.url}/api/v1/payments/stripe/events`, seed },
      ...{ copies: 2, delayMaxMs: 200 },
    },
  })
}

async function seedRound(ctx: Context, random: Random) {
  const initially = random.integer(1, 40)
  const scarce = await addProduct(ctx, { onHand: initially, priceMinor: random.integer(1, 9_999) })
  const ample = await addProduct(ctx, { onHand: ampleStock, priceMinor: random.integer(1, 9_999) })
  const last = await ctx.db.read
    .selectFrom('orders')
    .select('number')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return {
    variantIds: [scarce.variantId, ample.variantId, ample.variantId] as const,
    scarce: { variantId: scarce.variantId, initially },
    lastNumber: last?.number ?? 0,
  }
}

/** Buyers go on until the server dies under them. Returns everything they tried. */
async function loadAndKill(
  { random, tally, width, server, provider }: Rig,
  variantIds: readonly [string, ...string[]],
): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  let isOver = false
  const client = async (index: number) => {
    for (let turn = 0; !isOver; turn++) {
      const name = `r${tally.rounds}-c${index}-${turn}`
      const attempt = newAttempt(random, { name, variantIds, provider })
      attempts.push(attempt)
      await buy(server.url, attempt)
    }
  }
  const clients = Promise.all(Array.from({ length: width }, (_, index) => client(index)))
  await sleep(random.integer(20, 400))
  while (!attempts.some(({ told }) => told.kind === 'sent')) await sleep(1)
  isOver = true
  await server.kill()
  tally.kills += 1
  await clients
  return attempts
}

/** A crash during the recovery from a crash. */
async function killWhileStarting({ random, tally, place }: Rig): Promise<void> {
  const server = new ShopProcess(place)
  await sleep(random.integer(100, 1_200))
  await server.kill()
  tally.kills += 1
}

/** Looks into the database beside the server, and lets go of it before the next kill. */
async function withContext<T>({ place }: Rig, work: (ctx: Context) => Promise<T>): Promise<T> {
  const raw = { ...readSettings({}), DATABASE_URL: place.databaseUrl }
  await using ctx = await createContext({
    config: configOf(raw),
    secrets: { jwt: 'j'.repeat(43), cookie: 'c'.repeat(43) },
    log: createLog('silent'),
  })
  return await work(ctx)
}
