import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../../src/context.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import type { Provider } from '../provider/provider.ts'
import { addTo, buyAt, orderNumber, type Reply } from './processes-buyer.ts'
import { openOffice, statusOf, type ApiProcess } from './processes-shop.ts'
import { assertMoney } from './provider-checks.ts'
import type { Random } from './random.ts'

/** What happened, to know that the rounds were worth something. */
export interface LoadTally {
  /** Orders that a buyer was told of. */
  acknowledged: number
  /** Requests that had to be repeated until they went through. */
  askedAgain: number
  readonly told: Record<string, number>
}

/** Buyers at one API process, and the database behind it. */
export interface LoadRig {
  readonly api: ApiProcess
  readonly databaseUrl: string
  readonly provider: Provider
  readonly random: Random
  readonly width: number
  readonly tally: LoadTally
  readonly variantId: string
}

export async function withOffice<T>(
  databaseUrl: string,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  await using ctx = await openOffice(databaseUrl)
  return await work(ctx)
}

export async function readiness(api: ApiProcess): Promise<number> {
  assert.ok(api.isRunning(), `the API process has ended:\n${api.log().slice(-4_000)}`)
  const status = await statusOf(`${api.url}/health/ready`)
  assert.ok(status !== undefined, 'the API process does not answer')
  return status
}

export interface Load {
  stop(): void
  /** The order number that each session was told. */
  readonly finished: Promise<ReadonlyMap<string, number>>
  /** Never resolves; rejects when a buyer was told what may not be. */
  readonly failed: Promise<never>
}

export function startLoad(rig: LoadRig): Load {
  const orders = new Map<string, number>()
  const state = { isOver: false }
  const buyer = async (index: number) => {
    for (let turn = 0; !state.isOver; turn++) {
      const session = `buyer-${index}-${turn}`
      orders.set(session, await buyAtLast(rig, session))
      rig.tally.acknowledged += 1
    }
  }
  const all = Promise.all(Array.from({ length: rig.width }, (_, index) => buyer(index)))
  const failed = new Promise<never>((_, reject) => void all.catch(reject))
  failed.catch(() => undefined)
  return {
    stop() {
      state.isOver = true
    },
    finished: all.then(() => orders),
    failed,
  }
}

/** A buyer that repeats, always with the same key, until the order is there. */
async function buyAtLast(rig: LoadRig, session: string): Promise<number> {
  const { api, variantId, random } = rig
  const method = random.chance(0.7) ? 'http' : 'manual'
  await untilDone(rig, () => addTo(api.url, { session, variantId }))
  const placed = await untilDone(rig, () => buyAt(api.url, session, method))
  return orderNumber(placed)
}

/** What a buyer may be told besides 201, each time with the time after which to ask again. */
const passing = /^(503 (SERVICE|PAYMENT)_UNAVAILABLE|503 OUTCOME_UNKNOWN|409 REQUEST_IN_PROGRESS)$/

async function untilDone({ tally }: LoadRig, attempt: () => Promise<Reply>): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    const reply = await attempt()
    tally.told[reply.outcome] = (tally.told[reply.outcome] ?? 0) + 1
    if (reply.status === 201) {
      tally.askedAgain += tries > 1 ? 1 : 0
      return reply
    }
    assert.match(reply.outcome, passing, reply.text)
    if (reply.status === 503) assert.ok(reply.headers.has('retry-after'), reply.text)
    await sleep(50)
  }
}

/** Whatever was acknowledged is there, once, and the books agree. */
export async function assertKept(
  { provider, tally, databaseUrl }: LoadRig,
  orders: ReadonlyMap<string, number>,
): Promise<void> {
  await withOffice(databaseUrl, async (office) => {
    await untilNothingPends(office)
    const rows = await office.db.read
      .selectFrom('orders')
      .select(['number', 'email', 'status'])
      .where('status', '<>', 'cancelled')
      .execute()
    const kept = new Map(rows.map(({ email, number }) => [email, number]))
    assert.equal(kept.size, rows.length, 'somebody has two orders')
    for (const [session, number] of orders) {
      assert.equal(kept.get(`${session}@example.com`), number, `${session} lost an order`)
    }
    assert.equal(rows.length, tally.acknowledged, 'orders that nobody was told of')
    await assertMoney({ shop: { ctx: office }, provider })
    assert.deepEqual(await audit(office), [])
  })
}

async function untilNothingPends({ db }: Context): Promise<void> {
  for (;;) {
    const pending = await db.read
      .selectFrom('payments')
      .select('id')
      .where('status', 'in', ['pending', 'refund_due'])
      .execute()
    if (pending.length === 0) return
    await sleep(100)
  }
}
