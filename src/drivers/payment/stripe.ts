import type { Stripe } from 'stripe'
import { ConfigError } from '../../config/read.ts'
import type {
  AuthoriseRequest,
  OperationOutcome,
  OperationRequest,
  PaymentDriver,
  PaymentOutcome,
  PaymentReference,
} from './driver.ts'
import { stripeAmount, stripeOutcome, type Intent } from './stripe-intents.ts'
import { stripeCards } from './stripe-cards.ts'
import { readStripeEvent } from './stripe-events.ts'

export interface StripeOptions {
  /** Where the API is: no path, as the official client takes none. */
  readonly url: string
  readonly secretKey: string
  readonly publishableKey: string
  /** By what its events are known to be its own; empty: none are taken. */
  readonly webhookSecret: string
  readonly timeoutMs: number
}

export type OpenStripe = () => Promise<Stripe>

/**
 * Cards by Stripe (https://docs.stripe.com/api/payment_intents), with the official client. An
 * intent is made first and its id kept; no money can move before it is confirmed, so that what has
 * no id was never paid, and what has one can always be asked about. Keys make each step act once.
 */
export function stripePayment(options: StripeOptions): PaymentDriver {
  assertUsable(options)
  const open = opener(options)
  const { webhookSecret } = options
  return {
    code: 'stripe',
    name: 'Card',
    offline: false,
    check,
    authorise: async (request) => authorise(await open(), request),
    capture: async (request) => capture(await open(), request),
    cancel: async (payment) => cancel(await open(), payment),
    refund: async (request) => refund(await open(), request),
    async find({ reference }) {
      if (reference === null) return undefined
      const intent = await (await open()).paymentIntents.retrieve(reference)
      return stripeOutcome(intent)
    },
    ...(webhookSecret === ''
      ? {}
      : { readEvent: async (event) => readStripeEvent(await open(), webhookSecret, event) }),
    cards: stripeCards(open),
  }
}

/** The client is loaded when it is first needed: it is large, and most shops start without it. */
function opener({ url, secretKey, timeoutMs }: StripeOptions): OpenStripe {
  const { protocol, hostname, port } = new URL(url)
  const scheme = protocol === 'http:' ? 'http' : 'https'
  let opening: Promise<Stripe> | undefined
  const open = async () => {
    const { default: Client } = await import('stripe')
    return new Client(secretKey, {
      protocol: scheme,
      host: hostname,
      port: port === '' ? (scheme === 'http' ? 80 : 443) : port,
      timeout: timeoutMs,
      // The shop itself asks again, and knows what became of it meanwhile.
      maxNetworkRetries: 0,
      telemetry: false,
    })
  }
  return () => (opening ??= open())
}

function assertUsable({ url, secretKey }: StripeOptions): void {
  if (secretKey === '') throw new ConfigError('PAYMENT_METHODS has "stripe": set STRIPE_SECRET_KEY')
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isHttp = parsed?.protocol === 'https:' || parsed?.protocol === 'http:'
  if (isHttp && parsed?.pathname === '/') return
  throw new ConfigError('STRIPE_API_URL must be https:// or http:// and a host, without a path')
}

function check({
  payment_method: card,
  save_card: saves = false,
  ...rest
}: AuthoriseRequest['data']): ReturnType<PaymentDriver['check']> {
  const [unknown] = Object.keys(rest)
  if (unknown) return { field: `payment_data.${unknown}`, issue: 'is not known' }
  if (typeof card !== 'string' || !/^pm_\w{1,200}$/.test(card)) {
    const issue = 'must be the id of a payment method of Stripe, such as pm_card_visa'
    return { field: 'payment_data.payment_method', issue }
  }
  if (typeof saves === 'boolean') return undefined
  return { field: 'payment_data.save_card', issue: 'must be true or false' }
}

async function authorise(stripe: Stripe, request: AuthoriseRequest): Promise<PaymentOutcome> {
  const { key, data, keep } = request
  const intent = await createIntent(stripe, request)
  // Nothing can have been paid yet, whatever the reason is.
  if (!intent) return { kind: 'failed', code: 'provider_error' }
  await keep(intent.id)
  try {
    const confirmed = await stripe.paymentIntents.confirm(
      intent.id,
      { payment_method: String(data['payment_method']) },
      { idempotencyKey: `${key}-confirm` },
    )
    return sent(confirmed)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    if (refusal !== unexpectedState) return { kind: 'failed', code: refusal }
    return sent(await stripe.paymentIntents.retrieve(intent.id))
  }
}

/** The outcome of an intent that has been confirmed. */
function sent(intent: Intent): PaymentOutcome {
  const outcome = stripeOutcome(intent)
  if (!outcome) throw new Error(`the payment intent is still ${intent.status}`)
  // The client was never given what it takes to pay it another way.
  return outcome.kind === 'failed' ? { kind: 'failed', code: outcome.code } : outcome
}

async function createIntent(
  stripe: Stripe,
  { key, amountMinor, currency, data, capture: when, payer }: AuthoriseRequest,
): Promise<Intent | undefined> {
  try {
    return await stripe.paymentIntents.create(
      {
        amount: stripeAmount(amountMinor, currency),
        currency: currency.toLowerCase(),
        capture_method: when === 'later' ? 'manual' : 'automatic',
        allowed_payment_method_types: ['card'],
        metadata: { payment: key },
        ...(payer === undefined ? {} : { customer: payer }),
        ...(data['save_card'] === true ? { setup_future_usage: 'on_session' as const } : {}),
      },
      { idempotencyKey: key },
    )
  } catch {
    return undefined
  }
}

async function capture(
  stripe: Stripe,
  { payment, operationKey, amountMinor }: OperationRequest,
): Promise<OperationOutcome> {
  const id = idOf(payment)
  const amount = stripeAmount(amountMinor, payment.currency)
  try {
    await stripe.paymentIntents.capture(
      id,
      { amount_to_capture: amount },
      { idempotencyKey: operationKey },
    )
    return { kind: 'done', reference: id }
  } catch (error) {
    const code = refusalOf(error)
    if (code === undefined) throw error
    const intent = await stripe.paymentIntents.retrieve(id)
    // Done long ago: the provider remembers keys for a day.
    const isDone = intent.status === 'succeeded' && intent.amount_received === amount
    return isDone ? { kind: 'done', reference: id } : { kind: 'failed', code }
  }
}

async function cancel(stripe: Stripe, payment: PaymentReference): Promise<PaymentOutcome> {
  const { reference, key } = payment
  const cancelled = { kind: 'failed', code: 'cancelled' } as const
  if (reference === null) return cancelled
  try {
    await stripe.paymentIntents.cancel(reference, {}, { idempotencyKey: `${key}-cancel` })
    return cancelled
  } catch (error) {
    if (refusalOf(error) !== unexpectedState) throw error
    const outcome = stripeOutcome(await stripe.paymentIntents.retrieve(reference))
    if (!outcome) throw error
    return outcome
  }
}

async function refund(
  stripe: Stripe,
  { payment, operationKey, amountMinor }: OperationRequest,
): Promise<OperationOutcome> {
  const id = idOf(payment)
  try {
    const made = await stripe.refunds.create(
      {
        payment_intent: id,
        amount: stripeAmount(amountMinor, payment.currency),
        metadata: { operation: operationKey },
      },
      { idempotencyKey: operationKey },
    )
    return refundOutcome(made)
  } catch (error) {
    const code = refusalOf(error)
    if (code === undefined) throw error
    // Done long ago: the provider remembers keys for a day, and refunds for ever.
    const { data } = await stripe.refunds.list({ payment_intent: id, limit: 100 })
    const known = data.find(({ metadata }) => metadata?.['operation'] === operationKey)
    return known ? refundOutcome(known) : { kind: 'failed', code }
  }
}

function refundOutcome({ id, status, failure_reason: why }: Stripe.Refund): OperationOutcome {
  const isFailed = status === 'failed' || status === 'canceled'
  return isFailed ? { kind: 'failed', code: why ?? status } : { kind: 'done', reference: id }
}

function idOf({ reference, key }: PaymentReference): string {
  if (reference === null) throw new Error(`Stripe has never seen the payment ${key}`)
  return reference
}

const unexpectedState = 'payment_intent_unexpected_state'

/**
 * Why Stripe refused for good; undefined if it did not say, and may have done what it was asked.
 * A 409 is a request that ran into another one (https://docs.stripe.com/api/errors).
 */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('type' in error) || !('statusCode' in error)) return undefined
  const { type, statusCode } = error
  const isRefusal = type === 'StripeCardError' || type === 'StripeInvalidRequestError'
  if (!isRefusal || statusCode === 409) return undefined
  const named = error as { decline_code?: string; code?: string }
  return named.decline_code ?? named.code ?? 'refused'
}
