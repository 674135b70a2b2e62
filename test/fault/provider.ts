import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { add, checkOut, testClock, type TestClock } from '../api/support.ts'
import { faults, type Fault } from '../provider/faults.ts'
import { startProvider, type Provider, type ProviderKind } from '../provider/provider.ts'
import { stripeWebhookSecret } from '../provider/stripe/signature.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct, openShopOn, type Answer, type TestShop } from '../support/shop.ts'
import { assertMoney } from './provider-checks.ts'
import { randomFrom, type Random } from './random.ts'

export interface ProviderOptions {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  /** Buyers of a round, all at once. */
  readonly buyers?: number
  /** What may go wrong; by default everything. */
  readonly faults?: readonly Fault[]
  /** Default: http. */
  readonly provider?: ProviderKind
  readonly onRound?: (tally: ProviderTally) => void
}

/** What happened, to know that the rounds were worth something. */
export interface ProviderTally {
  rounds: number
  orders: number
  paid: number
  /** Cancelled without any money having moved. */
  unpaid: number
  /** Charged although the order could not be kept, and given back. */
  refunded: number
  /** Paid after the reservation had run out, with stock reserved again. */
  reservedAgain: number
  /** How often each answer was given to a buyer. */
  readonly told: Record<string, number>
}

export interface Rig {
  readonly shop: TestShop
  readonly clock: TestClock
  readonly provider: Provider
}

/** Short, so that many silences fit into a round; whatever it cuts off is one fault more. */
const hastyMs = 300
/** Later than the shop waits, so that it has asked in vain before the money moves. */
const lateMs = 900
const secondMs = 1_000
const minuteMs = 60 * secondMs

/** Where a test says what the provider answers, nothing else may count as silence. */
export const patientMs = 1_000

/** A shop with the fake provider behind it, and a clock of its own. */
export async function openRig(
  engine: Engine,
  provider: Provider,
  waitMs = patientMs,
): Promise<Rig & AsyncDisposable> {
  const fresh = await engine.fresh()
  // What a provider signs has its time, which is that of this machine.
  const clock = testClock(Date.now())
  const settings = settingsFor(provider, waitMs)
  const secrets = { stripeKey: 'sk_test_1', stripeWebhook: stripeWebhookSecret }
  const cleanUp = async () => fresh[Symbol.asyncDispose]()
  const shop = await openShopOn(fresh.url, { settings, secrets, clock }, cleanUp)
  return { shop, clock, provider, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() }
}

/** What makes a shop take cards by this provider alone. */
export const settingsFor = ({ kind, url }: Provider, waitMs: number) => ({
  PAYMENT_METHODS: kind,
  PAYMENT_HTTP_URL: url,
  PAYMENT_HTTP_TIMEOUT_MS: String(waitMs),
  STRIPE_API_URL: url,
  STRIPE_TIMEOUT_MS: String(waitMs),
})

/**
 * Checks out as this session, with a key and an e-mail address that go by its name, and a card
 * that is good unless another one is named.
 */
export function pay(
  shop: TestShop,
  session: string,
  card:
    'pm_card_visa' | 'pm_card_chargeDeclined' | 'pm_card_authenticationRequired' = 'pm_card_visa',
): Promise<Answer> {
  const email = `${session}@example.com`
  const [method] = shop.ctx.config.payment.methods
  const data = method === 'stripe' ? { payment_data: { payment_method: card } } : {}
  return checkOut(shop, { session }, { key: session, email, payment_method: method, ...data })
}

/** Orders through a provider that fails in every way; in the end the books must agree. */
export async function providerRounds(options: ProviderOptions): Promise<ProviderTally> {
  await using provider = await startProvider(options.provider)
  await using rig = await openRig(options.engine, provider, hastyMs)
  return await roundsOn(rig, options)
}

async function roundsOn(rig: Rig, options: ProviderOptions): Promise<ProviderTally> {
  const tally: ProviderTally = {
    rounds: 0,
    orders: 0,
    paid: 0,
    unpaid: 0,
    refunded: 0,
    reservedAgain: 0,
    told: {},
  }
  const random = randomFrom(options.seed)
  while (tally.rounds < options.rounds) {
    await runRound({ ...rig, options, random, tally })
    tally.rounds += 1
    options.onRound?.(tally)
  }
  await rig.shop.assertAudit()
  return tally
}

interface Round extends Rig {
  readonly options: ProviderOptions
  readonly random: Random
  readonly tally: ProviderTally
}

async function runRound(round: Round): Promise<void> {
  const { shop, provider, options, random, tally } = round
  const { buyers = 20 } = options
  const { variantId } = await addProduct(shop.ctx, { onHand: random.integer(5, 2 * buyers) })
  const seed = random.integer(1, 1_000_000_000)
  const seeded = { seed, share: random.oneOf([0.3, 0.6, 0.9]), faults: options.faults ?? faults }
  await provider.behave({ seeded, lateMs })
  const shoppers = Array.from({ length: buyers }, (_, index) => `r${tally.rounds}-b${index}`)
  const told = await Promise.all(
    shoppers.map(async (session) => {
      const item = { variantId, quantity: 1 + (session.length % 2) }
      const { status, text } = await add(shop, { session }, item)
      assert.ok(status === 201 || status === 409, text)
      return [session, await pay(shop, session)] as const
    }),
  )
  await letTimePass(round, told)
  await untilSettled(round)
  // Of all rounds so far.
  Object.assign(tally, await assertMoney(round, new Map(told)))
  for (const [, answer] of told) {
    const name = outcomeOf(answer)
    tally.told[name] = (tally.told[name] ?? 0) + 1
  }
}

const outcomeOf = ({ status, body }: Answer): string =>
  status === 201 ? '201' : `${status} ${(body as { error: { code: string } }).error.code}`

/** While the provider still fails: repetitions, several reconcilers, holds that run out. */
async function letTimePass(
  { shop, clock, random }: Round,
  told: readonly (readonly [string, Answer])[],
): Promise<void> {
  const { ctx } = shop
  // A hold runs out at most once before what is late has come: the shop looks twice, not for ever.
  const steps = random.oneOf([
    [secondMs, 31 * secondMs, 31 * secondMs],
    [31 * secondMs, 31 * secondMs, 31 * secondMs],
    [16 * minuteMs, 31 * secondMs, secondMs],
  ])
  for (const step of steps) {
    clock.advance(step)
    const open = told.filter(([, { status }]) => status >= 500).map(([session]) => session)
    const repeat = open.filter(() => random.chance(0.3))
    await Promise.all([
      ...repeat.map((session) => pay(shop, session)),
      ...[0, 1].flatMap(() => [expireDue(ctx), reconcileDue(ctx)]),
    ])
  }
  await sleep(2 * lateMs)
}

/** The provider is well again: nothing may be left waiting for anybody. */
export async function untilSettled({ shop, clock, provider }: Rig): Promise<void> {
  await provider.behave({})
  // Each step in time makes due what the one before has left; two holds are the longest way.
  for (let step = 0; step < 6; step++) {
    clock.advance(step < 3 ? 31 * secondMs : 16 * minuteMs)
    while ((await expireDue(shop.ctx)) > 0);
    while ((await reconcileDue(shop.ctx)) > 0);
  }
  const open = await shop.ctx.db.read
    .selectFrom('payments')
    .select(['order_id', 'status'])
    .where('status', 'in', ['pending', 'refund_due'])
    .execute()
  assert.deepEqual(open, [], 'payments are stuck')
  const undone = await shop.ctx.db.read
    .selectFrom('payment_operations')
    .select(['order_id', 'kind'])
    .where('status', '=', 'pending')
    .execute()
  assert.deepEqual(undone, [], 'operations are stuck')
}
