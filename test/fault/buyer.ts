import { checkoutBody } from '../support/shop.ts'
import type { Random } from './random.ts'

/** One purchase a client tries, and what it has been told about it so far. */
export interface Attempt {
  /** Its own for every attempt, so that an order in the database leads back to it. */
  readonly email: string
  readonly session: string
  /** Undefined: this client sends no Idempotency-Key and cannot ask again. */
  readonly key: string | undefined
  readonly body: object
  readonly variantId: string
  readonly quantity: number
  told: Told
}

export type Told =
  /** The cart was never acknowledged, so no checkout was sent. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'sent' }
  /** The connection broke before an answer. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'placed'
      readonly number: number
      readonly total: string
      readonly token: string
      readonly text: string
    }
  | { readonly kind: 'refused'; readonly code: string }

interface NewAttempt {
  readonly name: string
  readonly variantIds: readonly [string, ...string[]]
  /** Who charges; left out: the shop itself, for trying things out. */
  readonly provider?: string | undefined
}

function paymentBy(random: Random, provider: string | undefined): object {
  if (provider === 'stripe') {
    const card = random.oneOf(['pm_card_visa', 'pm_card_visa', 'pm_card_chargeDeclined'])
    return { payment_method: 'stripe', payment_data: { payment_method: card } }
  }
  const outcome = random.oneOf(['approve', 'approve', 'approve', 'decline', 'timeout'])
  return { payment_method: 'test', payment_data: { outcome } }
}

export function newAttempt(random: Random, { name, variantIds, provider }: NewAttempt): Attempt {
  const payment = random.chance(0.35) ? { payment_method: 'manual' } : paymentBy(random, provider)
  const email = `${name}@example.com`
  return {
    email,
    session: name,
    key: random.chance(0.85) ? `key-${name}` : undefined,
    body: { ...checkoutBody, email, ...payment },
    variantId: random.oneOf(variantIds),
    quantity: random.integer(1, 3),
    told: { kind: 'nothing' },
  }
}

interface Reply {
  readonly status: number
  readonly text: string
  readonly replayed: boolean
}

async function post(url: string, attempt: Attempt, body: object): Promise<Reply> {
  const { session, key } = attempt
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'session-id': session,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  })
  const replayed = response.headers.has('idempotent-replayed')
  return { status: response.status, text: await response.text(), replayed }
}

/** Adds the article and checks out, noting what was heard; a broken connection is not an error. */
export async function buy(url: string, attempt: Attempt): Promise<void> {
  try {
    const { variantId, quantity } = attempt
    const item = { variant_id: variantId, quantity }
    const added = await post(`${url}/api/v1/cart/items`, attempt, item)
    if (added.status !== 201) return
    attempt.told = { kind: 'sent' }
    await checkOut(url, attempt)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    if (attempt.told.kind === 'sent') attempt.told = { kind: 'unknown' }
  }
}

/** Sends the checkout and notes the answer. Throws TypeError, as fetch does, if none comes. */
export async function checkOut(url: string, attempt: Attempt): Promise<Reply> {
  const reply = await post(`${url}/api/v1/checkout`, attempt, attempt.body)
  attempt.told = toldBy(reply)
  return reply
}

interface CheckoutAnswer {
  readonly data?: { number: number; total: { amount: string }; token: string }
  readonly error?: { code: string }
}

function toldBy({ status, text }: Reply): Told {
  const { data, error } = JSON.parse(text) as CheckoutAnswer
  if (status === 201 && data) {
    return {
      kind: 'placed',
      number: data.number,
      total: data.total.amount,
      token: data.token,
      text,
    }
  }
  const code = error?.code ?? ''
  if (status >= 500 && code !== 'PAYMENT_UNAVAILABLE') throw new Error(`${status}: ${text}`)
  return { kind: 'refused', code }
}

/** Refusals after which the same request may still succeed; all others are final. */
const passing = ['REQUEST_IN_PROGRESS', 'PAYMENT_UNAVAILABLE', 'CART_LOCKED']

/** Whether a client that keeps its key should ask again. */
export function isOpen({ key, told }: Attempt): boolean {
  if (key === undefined) return false
  return told.kind === 'unknown' || (told.kind === 'refused' && passing.includes(told.code))
}
