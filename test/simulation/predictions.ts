import type { DecidedOutcome } from '../../src/drivers/payment/driver.ts'
import type { Model } from './model.ts'
import type { Answer } from './stage.ts'
import type { CheckoutWish, KeyUse, Shopper } from './state.ts'

/**
 * What a use-case should do, as a row of events with a `yield` wherever others may come between,
 * which says all that it has learned and goes on with: two that say the same are taken to go on
 * alike. Returns what it should answer. The events themselves are the model's.
 */
export type Prediction = Generator<string, string>

/** A call to the provider that was heard, with the number of the order it was about. */
export interface Heard {
  readonly kind: 'charge' | 'find' | 'refund'
  readonly order: number
  readonly amountMinor: number | undefined
  readonly answer: Answer
}

export const waiting = 'waits for the provider'

// oxlint-disable-next-line require-yield -- one event, and nothing can come between
export function* atOnce(event: () => string): Prediction {
  return event()
}

/** Whatever a shopper does begins with giving the session's cart to who has signed in. */
export function* shopping(model: Model, shopper: Shopper, event: () => string): Prediction {
  const refusal = model.merge(shopper)
  if (refusal !== undefined) return refusal
  yield 'merged'
  return event()
}

/** Reading waits for nobody: a cart that cannot be merged now is merged later. */
export function* lookingAround(model: Model, shopper: Shopper): Prediction {
  const refusal = model.merge(shopper)
  if (refusal !== undefined && refusal !== 'CART_LOCKED') return refusal
  yield 'merged'
  return model.look(shopper)
}

export function* checkingOut(
  model: Model,
  wish: CheckoutWish,
  heard: readonly Heard[],
): Prediction {
  if (!['manual', 'test'].includes(wish.payment)) return 'UNKNOWN_PAYMENT_METHOD'
  const refusal = model.merge(wish.shopper)
  if (refusal !== undefined) return refusal
  yield 'merged'
  const begun = model.begin(wish)
  if (begun.kind === 'told') {
    const { cart, prices } = begun.accept
    yield `${begun.outcome}: cart ${cart}, ${[...prices].join(' ')}`
    model.accept(begun.accept)
  }
  if (begun.kind !== 'pending') return begun.outcome
  const { order, isResumed } = begun
  const known = `order ${order}${isResumed ? ' resumed' : ''}`
  yield known
  if (isResumed && model.order(order).payment !== 'pending') {
    yield `${known}, settled`
    return model.answer(order, wish.key)
  }
  yield `${known}, pending`
  const outcome = outcomeOf(model, heardOf(heard, isResumed ? 'find' : 'charge', order))
  if (typeof outcome === 'string') return outcome
  return yield* finishing(model, order, { key: wish.key, outcome })
}

function heardOf(heard: readonly Heard[], kind: Heard['kind'], order: number): Heard | undefined {
  return heard.find((call) => call.kind === kind && call.order === order)
}

/** What the provider decided, or what the shopper is told without that. */
function outcomeOf(model: Model, call: Heard | undefined): DecidedOutcome | string {
  if (!call) return 'should have called the provider'
  const { total } = model.order(call.order).totals
  if (call.kind === 'charge' && BigInt(call.amountMinor ?? -1) !== total) {
    return `should have charged ${total} for order ${call.order}, not ${call.amountMinor}`
  }
  if (call.answer === 'none') return waiting
  if (call.answer === 'absent') return 'REQUEST_IN_PROGRESS'
  return typeof call.answer === 'string' ? 'PAYMENT_UNAVAILABLE' : call.answer
}

/** The second half of a checkout, by whoever knows the outcome. */
export function* finishing(
  model: Model,
  order: number,
  { key, outcome }: { key: KeyUse | undefined; outcome: DecidedOutcome },
): Prediction {
  yield* settling(model, order, outcome)
  return model.answer(order, key)
}

type Part = Generator<string, void>

function* settling(model: Model, order: number, outcome: DecidedOutcome): Part {
  if (model.settle(order, outcome) === 'done') return
  yield `the stock of order ${order} is gone`
  model.giveBack(order)
}

/** A part of a use-case, which goes on with what was known before as well. */
function* knowing(known: string, part: Part): Part {
  for (const more of part) yield `${known}, ${more}`
}

export function* reconciling(model: Model, heard: readonly Heard[]): Prediction {
  const listed = new Map(model.due().map((order) => [order, model.order(order).payment]))
  yield `listed ${[...listed].join(' ')}`
  const taken = model.take([...listed.keys()])
  const left = new Set(taken)
  for (const call of heard) {
    const known = `left ${[...left].join(' ')} of ${[...listed].join(' ')}`
    yield known
    if (!left.delete(call.order)) return `should not have asked about order ${call.order}`
    const payment = listed.get(call.order)
    if (payment === 'refund_due') {
      if (call.answer === 'refunded') model.noteRefund(call.order)
    } else if (payment === 'failed') yield* knowing(known, lookingAgain(model, call))
    else yield* knowing(known, lookingFirst(model, call))
  }
  if (left.size > 0) return `should have asked about order ${[...left].join(', ')}`
  return `looked at ${taken.length}`
}

function* lookingFirst(model: Model, { order, answer }: Heard): Part {
  if (answer === 'absent') model.settle(order, { kind: 'failed', code: 'never_arrived' })
  else if (typeof answer !== 'string') yield* settling(model, order, answer)
}

function* lookingAgain(model: Model, { order, answer }: Heard): Part {
  if (answer === 'thrown') return
  if (typeof answer === 'string' || answer.kind !== 'captured') model.giveUp(order)
  else yield* settling(model, order, answer)
}

export function* expiring(model: Model): Prediction {
  const expired = model.expired()
  for (const order of expired) {
    yield `listed ${expired.join(' ')}`
    model.expire(order)
  }
  return `${expired.length} ran out`
}

/** When the relay comes to an event is not foretold, and so not which answers it leaves. */
export function* relaying(model: Model, claims: ReadonlySet<string>): Prediction {
  yield 'began'
  forgetReplies(model, claims)
  return 'done'
}

/** Answers to those who have closed their account are forgotten some time later. */
function forgetReplies({ keys, orders, accounts }: Model, kept: ReadonlySet<string>): void {
  for (const [claim, { order = 0, reply }] of keys) {
    const customer = orders.get(order)?.customer
    const isGone = customer !== undefined && !accounts.has(customer)
    if (isGone && reply !== undefined && !kept.has(claim)) keys.delete(claim)
  }
}
