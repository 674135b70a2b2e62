import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProvider } from '../provider/provider.ts'
import { addProduct } from '../support/shop.ts'
import { startApi } from './processes-shop.ts'
import { randomFrom } from './random.ts'
import {
  assertKept,
  readiness,
  startLoad,
  withOffice,
  type LoadRig,
  type LoadTally,
} from './restart-load.ts'
import { startDurable, type DurableServer } from './restart-server.ts'

export interface RestartOptions {
  readonly engine: { readonly name: 'postgres' | 'mysql' }
  readonly rounds: number
  readonly seed: number
  /** Buyers at once. */
  readonly width?: number
  readonly onRound?: (tally: RestartTally) => void
}

export interface RestartTally extends LoadTally {
  rounds: number
  kills: number
  stops: number
}

interface Rig extends LoadRig {
  readonly server: DurableServer
  readonly tally: RestartTally
}

const ampleStock = 1_000_000
const downMs = 400

/** Ends the database under load and starts it again, over and over; then counts the orders. */
export async function restartRounds(options: RestartOptions): Promise<RestartTally> {
  await using server = await startDurable(options.engine.name)
  await using provider = await startProvider()
  await using api = await startApi({
    DATABASE_URL: server.url,
    PAYMENT_METHODS: 'http,manual',
    PAYMENT_HTTP_URL: provider.url,
    RECONCILE_AFTER_SECONDS: '1',
    DB_POOL_WAIT_MS: '1000',
    LOG_LEVEL: 'fatal',
  })
  await api.ready()
  const variantId = await withOffice(
    server.url,
    async (ctx) => (await addProduct(ctx, { onHand: ampleStock })).variantId,
  )
  const tally = { rounds: 0, kills: 0, stops: 0, acknowledged: 0, askedAgain: 0, told: {} }
  const { seed, width = 8 } = options
  const databaseUrl = server.url
  const random = randomFrom(seed)
  const rig = { server, databaseUrl, provider, api, random, width, tally, variantId }
  const load = startLoad(rig)
  try {
    while (tally.rounds < options.rounds) {
      await Promise.race([restart(rig), load.failed])
      tally.rounds += 1
      options.onRound?.(tally)
    }
  } finally {
    load.stop()
  }
  await assertKept(rig, await load.finished)
  return tally
}

async function restart({ server, api, random, tally, width }: Rig): Promise<void> {
  // Not before the load is on again.
  const enough = tally.acknowledged + 2 * width
  while (tally.acknowledged < enough) await sleep(20)
  await sleep(random.integer(0, 300))
  if (random.chance(0.7)) {
    await server.kill()
    tally.kills += 1
  } else {
    await server.stop()
    tally.stops += 1
  }
  // Readiness may take as long as one wait for a connection to notice.
  while ((await readiness(api)) !== 503) await sleep(20)
  await sleep(downMs)
  assert.equal(await readiness(api), 503)
  await server.start()
  while ((await readiness(api)) !== 200) await sleep(20)
}
