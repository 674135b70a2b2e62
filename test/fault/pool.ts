import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { add, checkOut } from '../api/support.ts'
import { tally as countAnswers } from '../race/support.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct, openShopOn, type Answer, type TestShop } from '../support/shop.ts'
import { startSlowProxy, type SlowProxy } from './pool-proxy.ts'

export interface PoolOptions {
  readonly engine: Engine
  readonly rounds: number
  /** Clients at once, each with a connection of its own. */
  readonly connections?: number
  readonly onRound?: (tally: PoolTally) => void
}

export interface PoolTally {
  rounds: number
  /** Answers while the database was slow. */
  readonly told: Record<string, number>
  /** The longest that anybody waited for an answer then. */
  longestMs: number
}

interface Rig {
  readonly shop: TestShop
  readonly proxy: SlowProxy
  readonly variantId: string
}

const poolSize = 5
const poolWaitMs = 500
const statementTimeoutMs = 1_000

/** A database that becomes slow, or silent, under more clients than it has connections. */
export async function poolRounds({
  engine,
  rounds,
  connections = 200,
  onRound = () => undefined,
}: PoolOptions): Promise<PoolTally> {
  await using fresh = await engine.fresh()
  await using proxy = await startSlowProxy(fresh.url)
  const settings = {
    DB_POOL_SIZE: String(poolSize),
    DB_POOL_WAIT_MS: String(poolWaitMs),
    DB_STATEMENT_TIMEOUT_MS: String(statementTimeoutMs),
  }
  const url = proxy.through(fresh.url)
  await using shop = await openShopOn(url, { settings }, () => Promise.resolve())
  const { variantId } = await addProduct(shop.ctx, { onHand: 1_000_000 })
  const tally: PoolTally = { rounds: 0, told: {}, longestMs: 0 }
  while (tally.rounds < rounds) {
    await overload({ shop, proxy, variantId }, { connections, tally })
    tally.rounds += 1
    onRound(tally)
  }
  await shop.assertAudit()
  return tally
}

async function overload(
  { shop, proxy, variantId }: Rig,
  { connections, tally }: { connections: number; tally: PoolTally },
): Promise<void> {
  proxy.slowDown(50)
  const answers = await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const startedAt = performance.now()
      const session = `r${tally.rounds}-${index}`
      const answer = await add(shop, { session }, { variantId, key: session })
      tally.longestMs = Math.max(tally.longestMs, Math.round(performance.now() - startedAt))
      return answer
    }),
  )
  assertShed(answers)
  for (const [name, count] of Object.entries(countAnswers(answers))) {
    tally.told[name] = (tally.told[name] ?? 0) + count
  }
  proxy.slowDown(0)
  await assertRecovered({ shop, proxy, variantId }, `r${tally.rounds}`)
}

/** Who is not served is sent away with the time to come back; nothing else happens. */
function assertShed(answers: readonly Answer[]): void {
  const counts = countAnswers(answers)
  const { 201: _served, '503 SERVICE_UNAVAILABLE': shed = 0, ...others } = counts
  assert.deepEqual(others, {})
  assert.ok(shed > 0, 'the database was not too slow')
  for (const { status, headers } of answers)
    assert.equal(headers.has('retry-after'), status === 503)
}

async function assertRecovered({ shop, variantId }: Rig, round: string): Promise<void> {
  while ((await shop.call('GET', '/health/ready')).status !== 200) await sleep(20)
  for (let index = 0; index < 5; index++) {
    const who = { session: `${round}-after-${index}` }
    assert.equal((await add(shop, who, { variantId })).status, 201)
    assert.equal((await checkOut(shop, who)).status, 201)
  }
}
