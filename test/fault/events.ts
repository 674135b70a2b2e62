import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { handlePaymentEvents } from '../../src/domains/checkout/inbox.ts'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { add } from '../api/support.ts'
import { startProvider } from '../provider/provider.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { assertMoney } from './provider-checks.ts'
import { openRig, pay, untilSettled, type Rig } from './provider.ts'
import { randomFrom, type Random } from './random.ts'

export interface EventOptions {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  /** Buyers of a round, all at once. */
  readonly buyers?: number
  readonly onRound?: (tally: EventTally) => void
}

export interface EventTally {
  rounds: number
  orders: number
  paid: number
  refunded: number
  /** Events that the shop has stored, and how often it was told one. */
  stored: number
  told: number
}

const copies = 20
const delayMaxMs = 400
const cards = ['pm_card_visa', 'pm_card_chargeDeclined', 'pm_card_authenticationRequired'] as const

/**
 * Cards by Stripe whose events come twenty times each, late and in any order, while their buyers
 * authenticate, fail, come back with their key or never, and two nodes handle what has come.
 */
export async function eventRounds(options: EventOptions): Promise<EventTally> {
  await using provider = await startProvider('stripe')
  await using rig = await openRig(options.engine, provider)
  const tally = { rounds: 0, orders: 0, paid: 0, refunded: 0, stored: 0, told: 0 }
  const random = randomFrom(options.seed)
  while (tally.rounds < options.rounds) {
    await runRound(rig, { random, name: `e${tally.rounds}`, buyers: options.buyers ?? 20 })
    tally.rounds += 1
    Object.assign(tally, await assertMoney(rig), await assertEvents(rig))
    options.onRound?.(tally)
  }
  await rig.shop.assertAudit()
  return tally
}

interface Round {
  readonly random: Random
  readonly name: string
  readonly buyers: number
}

async function runRound(rig: Rig, { random, name, buyers }: Round): Promise<void> {
  const { shop, provider } = rig
  const { ctx } = shop
  const url = `${shop.url}/api/v1/payments/stripe/events`
  const seed = random.integer(1, 1_000_000_000)
  const faults = ['500-after', '429-after', '409-after', 'slow'] as const
  await provider.behave({
    webhooks: { url, copies, delayMaxMs, seed, aheadMs: rig.clock.now() - Date.now() },
    seeded: { seed, share: 0.2, faults },
    slowMs: 100,
  })
  const { variantId } = await addProduct(ctx, { onHand: random.integer(5, 2 * buyers) })
  const sessions = Array.from({ length: buyers }, (_, index) => `${name}-b${index}`)
  const moves = sessions.map(() => random.integer(0, 3))
  const chosen = sessions.map(() => random.oneOf(cards))
  const buying = sessions.map(async (session, index) => {
    await add(shop, { session }, { variantId })
    const first = await pay(shop, session, chosen[index])
    if (first.status !== 202) return
    const secret = String(first.body.data.payment_action.client_secret)
    const intent = secret.slice(0, secret.indexOf('_secret'))
    const move = moves[index] ?? 0
    if (move < 3) await play(provider.url, move === 2 ? 'fail' : 'authenticate', intent)
    if (move === 0) await pay(shop, session, chosen[index])
  })
  let isOver = false
  const handling = [0, 1].map(async () => {
    while (!isOver) {
      await Promise.all([handlePaymentEvents(ctx), reconcileDue(ctx), expireDue(ctx)])
      await sleep(10)
    }
  })
  await Promise.all(buying)
  // Everything that is on its way has come.
  await sleep(2 * delayMaxMs)
  isOver = true
  await Promise.all(handling)
  await settle(rig)
}

async function settle(rig: Rig): Promise<void> {
  const { ctx } = rig.shop
  await untilSettled(rig)
  while ((await handlePaymentEvents(ctx)) > 0);
  // What an event has asked for, such as a refund.
  await untilSettled(rig)
}

async function play(url: string, what: string, intent: string): Promise<void> {
  const answer = await fetch(`${url}/test/${what}/${intent}`, { method: 'POST' })
  assert.equal(answer.status, 200)
  await answer.arrayBuffer()
}

/** Each event is there once, and none waits. */
async function assertEvents({ shop }: Rig): Promise<{ stored: number; told: number }> {
  const rows = await shop.ctx.db.read
    .selectFrom('payment_events')
    .select(['event_id', 'status'])
    .execute()
  assert.equal(new Set(rows.map((row) => row.event_id)).size, rows.length)
  const open = rows.filter(({ status }) => status === 'received' || status === 'failed')
  assert.deepEqual(open, [], 'events are stuck')
  return { stored: rows.length, told: rows.length * copies }
}
