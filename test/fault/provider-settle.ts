import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { settling } from '../../src/domains/checkout/settle.ts'
import type { DecidedOutcome } from '../../src/drivers/payment/driver.ts'
import { add } from '../api/support.ts'
import { startProvider } from '../provider/provider.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { assertMoney } from './provider-checks.ts'
import { openRig, pay, untilSettled, type Rig } from './provider.ts'
import { randomFrom, type Random } from './random.ts'

export interface SettleOptions {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly onRound?: (tally: SettleTally) => void
}

export interface SettleTally {
  /** Orders that were settled from all sides. */
  rounds: number
  attempts: number
}

const sides = 20

/** Orders settled twenty times at once by whoever may: each changes its state once. */
export async function settleRounds(options: SettleOptions): Promise<SettleTally> {
  await using provider = await startProvider()
  await using rig = await openRig(options.engine, provider)
  return await settleOn(rig, options)
}

export async function settleOn(rig: Rig, options: SettleOptions): Promise<SettleTally> {
  const random = randomFrom(options.seed)
  const tally: SettleTally = { rounds: 0, attempts: 0 }
  while (tally.rounds < options.rounds) {
    await settleFromAllSides(rig, { session: `race-${options.seed}-${tally.rounds}`, random })
    tally.rounds += 1
    tally.attempts += sides
    options.onRound?.(tally)
  }
  await untilSettled(rig)
  await assertMoney(rig)
  await rig.shop.assertAudit()
  return tally
}

async function settleFromAllSides(
  rig: Rig,
  { session, random }: { session: string; random: Random },
): Promise<void> {
  const { shop, clock, provider } = rig
  const { ctx } = shop
  const { variantId } = await addProduct(ctx, { onHand: 1 })
  await add(shop, { session }, { variantId })
  await provider.behave({ script: [random.oneOf(['reset-after', '500-after'])] })
  assert.equal((await pay(shop, session)).status, 503)
  const orderId = await orderOf(ctx, session)
  clock.advance(31_000)
  const told = captured(orderId)
  const ways: readonly [() => Promise<unknown>, ...(() => Promise<unknown>)[]] = [
    () => pay(shop, session),
    () => reconcileDue(ctx),
    // What a webhook of the provider will come to.
    () => settleBy(ctx, orderId, told),
  ]
  await Promise.all(Array.from({ length: sides }, () => random.oneOf(ways)()))
  await reconcileDue(ctx)
  await assertSettledOnce(ctx, orderId)
  await settleBy(ctx, orderId, { kind: 'failed', code: 'declined' })
  await settleBy(ctx, orderId, told)
  await assertSettledOnce(ctx, orderId)
}

export const captured = (orderId: string): DecidedOutcome => ({
  kind: 'captured',
  reference: `ch_${orderId}`,
})

export async function settleBy(
  ctx: Context,
  orderId: string,
  outcome: DecidedOutcome,
): Promise<void> {
  await settling(ctx, { orderId, outcome }, (tx, settle) => settle(tx))
}

export async function orderOf({ db }: Context, session: string): Promise<string> {
  const { id } = await db.read
    .selectFrom('orders')
    .select('id')
    .where('email', '=', `${session}@example.com`)
    .executeTakeFirstOrThrow()
  return id
}

/** Every trace that settling leaves is there once. */
async function assertSettledOnce({ db }: Context, orderId: string): Promise<void> {
  const events = await db.read
    .selectFrom('order_events')
    .select('type')
    .where('order_id', '=', orderId)
    .execute()
  assert.deepEqual(
    events.map(({ type }) => type).filter((type) => type !== 'created'),
    ['paid'],
  )
  const outbox = await db.read.selectFrom('outbox').select(['topic', 'payload']).execute()
  const topics = outbox.filter(({ payload }) => JSON.stringify(payload).includes(orderId))
  assert.deepEqual(
    topics.map(({ topic }) => topic),
    ['order.placed'],
  )
  const moved = await db.read
    .selectFrom('stock_movements')
    .select('quantity')
    .where('order_id', '=', orderId)
    .execute()
  assert.deepEqual(
    moved.map(({ quantity }) => quantity),
    [-1],
  )
}
