import type { Entry } from '../ledger.ts'
import { groupOf, textOf, type Form } from './form.ts'
import type { Store, StripeObject, StripeReply } from './store.ts'

export interface Intent extends StripeObject {
  readonly status: string
  readonly amount: number
  readonly amount_received: number
  readonly amount_refunded: number
  readonly currency: string
  readonly capture_method: string
  readonly customer: string | null
  readonly metadata: Readonly<Record<string, string>>
}

/** What a request has changed: saved together, and told together. */
export interface Work {
  readonly reply: StripeReply
  readonly objects?: readonly StripeObject[]
  readonly entry?: Entry
  readonly events?: readonly { readonly type: string; readonly object: StripeObject }[]
}

const ok = (body: object): StripeReply => ({ status: 200, body })

export interface Refusal {
  readonly status?: number
  readonly type?: string
  readonly code: string
  readonly more?: object
}

/** An error as Stripe writes them (https://docs.stripe.com/api/errors). */
export function refuse({ status = 400, type, code, more = {} }: Refusal): StripeReply {
  const kind = type ?? 'invalid_request_error'
  return { status, body: { error: { type: kind, code, message: code, ...more } } }
}

export function createIntent(store: Store, form: Form): Work {
  const amount = Number(textOf(form, 'amount'))
  if (!Number.isSafeInteger(amount) || amount <= 0) return { reply: refuse({ code: 'amount' }) }
  const id = store.newId('pi')
  const intent: Intent = {
    id,
    object: 'payment_intent',
    status: 'requires_payment_method',
    amount,
    amount_received: 0,
    amount_refunded: 0,
    amount_capturable: 0,
    currency: textOf(form, 'currency') ?? '',
    capture_method: textOf(form, 'capture_method') ?? 'automatic',
    client_secret: `${id}_secret_${id}`,
    customer: textOf(form, 'customer') ?? null,
    setup_future_usage: textOf(form, 'setup_future_usage') ?? null,
    last_payment_error: null,
    next_action: null,
    payment_method: null,
    metadata: groupOf(form, 'metadata'),
  }
  return { reply: ok(intent), objects: [intent] }
}

/** What a payment method does, by its name in Stripe's own test mode. */
type CardFate = 'approved' | 'declined' | 'authentication' | 'unknown'

function fateOf(store: Store, intent: Intent, method: string): CardFate {
  if (method === 'pm_card_visa') return 'approved'
  if (method === 'pm_card_chargeDeclined') return 'declined'
  if (method === 'pm_card_authenticationRequired') return 'authentication'
  const saved = store.objects.get(method)
  return saved && saved['customer'] === intent.customer ? 'approved' : 'unknown'
}

const confirmable = ['requires_payment_method', 'requires_confirmation']

export function confirmIntent(store: Store, intent: Intent, { form, declines }: Confirming): Work {
  if (!confirmable.includes(intent.status)) return unexpected(intent)
  const method = textOf(form, 'payment_method') ?? ''
  const fate = declines ? 'declined' : fateOf(store, intent, method)
  if (fate === 'unknown') {
    const more = { param: 'payment_method' }
    return { reply: refuse({ code: 'resource_missing', more }) }
  }
  if (fate === 'declined') return decline(intent)
  if (fate === 'authentication') {
    const waiting = {
      ...intent,
      status: 'requires_action',
      payment_method: method,
      next_action: { type: 'use_stripe_sdk', use_stripe_sdk: {} },
    }
    const events = [{ type: 'payment_intent.requires_action', object: waiting }]
    return { reply: ok(waiting), objects: [waiting], events }
  }
  return approve(store, intent, method)
}

export interface Confirming {
  readonly form: Form
  readonly declines: boolean
}

/** The card is charged, or its money set aside; kept for later where that was asked for. */
export function approve(store: Store, intent: Intent, method: string): Work {
  const isLater = intent.capture_method === 'manual'
  const { amount, currency, metadata, customer } = intent
  const done = {
    ...intent,
    status: isLater ? 'requires_capture' : 'succeeded',
    amount_received: isLater ? 0 : amount,
    amount_capturable: isLater ? amount : 0,
    payment_method: method,
    next_action: null,
    last_payment_error: null,
  }
  const keeps = intent['setup_future_usage'] !== null && customer !== null
  const cards = keeps && !store.objects.has(method) ? [savedCard(store, customer)] : []
  const type = isLater ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded'
  const key = metadata['payment'] ?? intent.id
  return {
    reply: ok(done),
    objects: [done, ...cards],
    entry: { what: isLater ? 'authorised' : 'charged', key, amount, currency },
    events: [{ type, object: done }],
  }
}

export function savedCard(store: Store, customer: string): StripeObject {
  const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2030 }
  return { id: store.newId('pm'), object: 'payment_method', type: 'card', customer, card }
}

export function decline(intent: Intent): Work {
  const error = { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' }
  const failed = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_payment_error: error,
  }
  return {
    reply: refuse({
      ...{ status: 402, type: 'card_error', code: 'card_declined' },
      more: { decline_code: 'generic_decline', payment_intent: failed },
    }),
    objects: [failed],
    events: [{ type: 'payment_intent.payment_failed', object: failed }],
  }
}

const unexpected = (intent: Intent): Work => ({
  reply: refuse({
    code: 'payment_intent_unexpected_state',
    more: { payment_intent: intent },
  }),
})

export function captureIntent(intent: Intent, form: Form): Work {
  if (intent.status !== 'requires_capture') return unexpected(intent)
  const amount = Number(textOf(form, 'amount_to_capture') ?? intent.amount)
  if (amount > intent.amount) return { reply: refuse({ code: 'amount_too_large' }) }
  const { currency, metadata } = intent
  const done = { ...intent, status: 'succeeded', amount_received: amount, amount_capturable: 0 }
  return {
    reply: ok(done),
    objects: [done],
    entry: { what: 'charged', key: metadata['payment'] ?? intent.id, amount, currency },
    events: [{ type: 'payment_intent.succeeded', object: done }],
  }
}

export function cancelIntent(intent: Intent): Work {
  if (intent.status === 'succeeded' || intent.status === 'canceled') return unexpected(intent)
  const { amount, currency, metadata } = intent
  const done = { ...intent, status: 'canceled', amount_capturable: 0, next_action: null }
  const key = metadata['payment'] ?? intent.id
  return {
    reply: ok(done),
    objects: [done],
    entry: { what: 'cancelled', key, amount, currency },
    events: [{ type: 'payment_intent.canceled', object: done }],
  }
}

export function refundIntent(store: Store, intent: Intent, form: Form): Work {
  const left = intent.amount_received - intent.amount_refunded
  const amount = Number(textOf(form, 'amount') ?? left)
  if (intent.status !== 'succeeded') return unexpected(intent)
  if (left === 0) return { reply: refuse({ code: 'charge_already_refunded' }) }
  if (amount > left) return { reply: refuse({ code: 'amount_too_large' }) }
  const { currency, metadata } = intent
  const refund = {
    ...{ id: store.newId('re'), object: 'refund', payment_intent: intent.id },
    ...{ amount, currency, status: 'succeeded', metadata: groupOf(form, 'metadata') },
  }
  return {
    reply: ok(refund),
    objects: [refund, { ...intent, amount_refunded: intent.amount_refunded + amount }],
    entry: { what: 'refunded', key: metadata['payment'] ?? intent.id, amount, currency },
    events: [{ type: 'refund.created', object: refund }],
  }
}
