import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../../src/context.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { checkOut, isOpen, type Attempt } from './buyer.ts'

/** Longer than this a payment or a client must not hang (docs/reliability.md, row 1). */
const stuckAfterMs = 60_000

/** Every client that has a key asks until it knows; a broken connection is one more try. */
export async function askAgain(url: string, attempts: readonly Attempt[]): Promise<number> {
  const deadline = performance.now() + stuckAfterMs
  const asking = attempts.filter(isOpen)
  await Promise.all(
    asking.map(async (attempt) => {
      while (isOpen(attempt)) {
        assert.ok(performance.now() < deadline, `stuck: ${JSON.stringify(attempt)}`)
        await checkOut(url, attempt)
        if (isOpen(attempt)) await sleep(100)
      }
    }),
  )
  return asking.length
}

export function pendingCount({ db }: Context): Promise<number> {
  return db.read
    .selectFrom('payments')
    .select('id')
    .where('status', '=', 'pending')
    .execute()
    .then((rows) => rows.length)
}

/** The reconciler must get through what the crash has left. */
export async function untilSettled(ctx: Context): Promise<void> {
  const deadline = performance.now() + stuckAfterMs
  for (;;) {
    const pending = await pendingCount(ctx)
    if (pending === 0) return
    assert.ok(performance.now() < deadline, `${pending} payments are stuck`)
    await sleep(50)
  }
}

/** What a client was told before the crash must be what the shop says after it. */
export async function assertKept(url: string, attempts: readonly Attempt[]): Promise<void> {
  for (const attempt of attempts) {
    const { told, key } = attempt
    if (told.kind !== 'placed') continue
    const headers = { 'order-token': told.token }
    const answer = await fetch(`${url}/api/v1/orders/${told.number}`, { headers })
    const text = await answer.text()
    assert.equal(answer.status, 200, `order ${told.number} was acknowledged and is lost: ${text}`)
    const { data } = JSON.parse(text) as { data: { total: { amount: string }; email: string } }
    assert.deepEqual([data.total.amount, data.email], [told.total, attempt.email])
    if (key === undefined) continue
    const { status, text: again } = await checkOut(url, attempt)
    assert.deepEqual([status, again], [201, told.text], 'a repetition gets the first answer')
  }
}

export interface Sold {
  readonly number: number
  readonly email: string
  readonly pieces: number
}

/** The orders that count, of those made since `after`. */
export function soldSince({ db }: Context, after: number): Promise<Sold[]> {
  return db.read
    .selectFrom('orders')
    .select(['number', 'email', 'item_count as pieces'])
    .where('status', 'in', ['placed', 'paid'])
    .where('number', '>', after)
    .execute()
}

/** One order for each client that was told so, none that nobody asked for, none twice. */
export function assertMatch(attempts: readonly Attempt[], sold: readonly Sold[]): void {
  const orders = Map.groupBy(sold, ({ email }) => email)
  for (const [email, same] of orders) {
    assert.equal(same.length, 1, `${email} has ${same.length} orders`)
  }
  for (const attempt of attempts) {
    const [order] = orders.get(attempt.email) ?? []
    orders.delete(attempt.email)
    assertTold(attempt, order)
  }
  assert.deepEqual([...orders.keys()], [], 'orders that nobody asked for')
}

function assertTold({ email, key, told, quantity }: Attempt, order: Sold | undefined): void {
  if (told.kind === 'placed')
    assert.equal(order?.number, told.number, `${email}: the order is lost`)
  if (order) assert.equal(order.pieces, quantity, `${email}: ordered something else`)
  const mayHave =
    told.kind === 'placed' ||
    // Without a key a client never learns what became of a broken request.
    (key === undefined && (told.kind === 'unknown' || isUnavailable(told)))
  assert.ok(order === undefined || mayHave, `${email} was told "${told.kind}" and has an order`)
}

function isUnavailable(told: Attempt['told']): boolean {
  return told.kind === 'refused' && told.code === 'PAYMENT_UNAVAILABLE'
}

/** Never more sold than there was, and the shelf agrees. */
export async function assertNotOversold(
  { db }: Context,
  { variantId, initially }: { variantId: string; initially: number },
): Promise<void> {
  const lines = await db.read
    .selectFrom('order_lines as l')
    .innerJoin('orders as o', 'o.id', 'l.order_id')
    .select('l.quantity')
    .where('l.variant_id', '=', variantId)
    .where('o.status', 'in', ['placed', 'paid'])
    .execute()
  const sold = lines.reduce((sum, { quantity }) => sum + quantity, 0)
  const stock = await db.read
    .selectFrom('stock')
    .select(['on_hand', 'reserved'])
    .where('variant_id', '=', variantId)
    .executeTakeFirstOrThrow()
  assert.deepEqual({ ...stock }, { on_hand: initially - sold, reserved: 0 })
}

export async function assertAudit(ctx: Context): Promise<void> {
  assert.deepEqual(await audit(ctx), [])
}
