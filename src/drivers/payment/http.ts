import { createHmac } from 'node:crypto'
import { ConfigError } from '../../config/read.ts'
import { isSame } from '../../sealing.ts'
import type {
  DecidedOutcome,
  OperationOutcome,
  OperationRequest,
  PaymentChange,
  PaymentDriver,
  PaymentEvent,
  RawEvent,
} from './driver.ts'

export interface HttpPaymentOptions {
  readonly url: string
  /** Sent as a bearer token; empty: none. */
  readonly token: string
  readonly timeoutMs: number
  /** By what its events are known to be its own; empty: none are taken. */
  readonly webhookSecret?: string
}

const tokenLengthMax = 255

/**
 * A payment provider that speaks a small HTTP protocol, described in docs/payments.md: `POST
 * /charges` with an Idempotency-Key, `GET /charges/:key`, and `/capture`, `/cancel` and `/refunds`
 * below it. Only 2xx, and 402 (declined), are answers; after anything else (another status,
 * silence, a broken connection) the outcome is unknown and has to be asked for.
 */
export function httpPayment(options: HttpPaymentOptions): PaymentDriver {
  assertUsable(options)
  const { webhookSecret = '' } = options
  return {
    code: 'http',
    name: 'Card payment',
    offline: false,
    check({ token, ...rest }) {
      const [unknown] = Object.keys(rest)
      if (unknown) return { field: `payment_data.${unknown}`, issue: 'is not known' }
      if (token === undefined || isToken(token)) return undefined
      const issue = `must be a text of 1 to ${tokenLengthMax} characters`
      return { field: 'payment_data.token', issue }
    },
    async authorise({ key, amountMinor, currency, data, capture }) {
      const isLater = capture === 'later' ? { capture: false } : {}
      const body = { amount: amountMinor, currency, token: data['token'], ...isLater }
      const { status, answer } = await call(options, { path: '/charges', key, body })
      if (status === 402) return { kind: 'failed', code: 'declined' }
      return outcomeOf(answer)
    },
    capture: (request) => operate(options, 'capture', request),
    async cancel({ key }) {
      const path = `/charges/${encodeURIComponent(key)}/cancel`
      return outcomeOf((await call(options, { path, key: `${key}-cancel`, body: {} })).answer)
    },
    refund: (request) => operate(options, 'refunds', request),
    async find({ key }) {
      const { status, answer } = await call(options, {
        path: `/charges/${encodeURIComponent(key)}`,
      })
      return status === 404 ? undefined : outcomeOf(answer)
    },
    ...(webhookSecret === ''
      ? {}
      : { readEvent: (event) => Promise.resolve(readEvent(webhookSecret, event)) }),
  }
}

/** 402: refused for good. */
async function operate(
  options: HttpPaymentOptions,
  what: 'capture' | 'refunds',
  { payment, operationKey, amountMinor }: OperationRequest,
): Promise<OperationOutcome> {
  const body = { amount: amountMinor, currency: payment.currency }
  const path = `/charges/${encodeURIComponent(payment.key)}/${what}`
  const { status, answer } = await call(options, { path, key: operationKey, body })
  if (status === 402) return { kind: 'failed', code: textOf(answer['error'], 'refused') }
  return { kind: 'done', reference: textOf(answer['id'], operationKey) }
}

const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value.slice(0, 100) : otherwise

const eventAgeMaxMs = 300_000

/** Signed as Standard Webhooks are (https://www.standardwebhooks.com). */
function readEvent(secret: string, { headers, body, now }: RawEvent): PaymentEvent | undefined {
  const [id, time, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`] ?? ''),
  ) as [string, string, string]
  const isRecent = Math.abs(now - Number(time) * 1_000) <= eventAgeMaxMs
  const signed = createHmac('sha256', secret).update(`${id}.${time}.`).update(body)
  const expected = `v1,${signed.digest('base64')}`
  const isSigned = signatures.split(' ').some((signature) => isSame(signature, expected))
  if (!isRecent || !isSigned || id === '') return undefined
  const { type, charge } = JSON.parse(body.toString()) as { type: string; charge: Charge }
  return { id, type, change: changeOf(charge) }
}

interface Charge extends Readonly<Record<string, unknown>> {
  readonly key: string
}

function changeOf(charge: Charge): PaymentChange {
  const outcome = charge['status'] === 'refunded' ? undefined : outcomeOf(charge)
  if (!outcome) return { about: 'nothing' }
  // Bad news is only believed when the provider has been asked.
  if (outcome.kind === 'failed') return { about: 'payment', key: charge.key }
  return { about: 'payment', key: charge.key, outcome }
}

function assertUsable({ url }: HttpPaymentOptions): void {
  if (url === '') throw new ConfigError('PAYMENT_METHODS has "http": set PAYMENT_HTTP_URL')
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol === 'https:' || protocol === 'http:') return
  throw new ConfigError('PAYMENT_HTTP_URL must start with https:// or http://')
}

function isToken(token: unknown): boolean {
  return typeof token === 'string' && token.length >= 1 && token.length <= tokenLengthMax
}

interface ProviderCall {
  readonly path: string
  /** With a body: what makes the request act once. */
  readonly key?: string
  readonly body?: object
}

interface ProviderAnswer {
  readonly status: number
  readonly answer: Readonly<Record<string, unknown>>
}

/** Resolves only with what settles something: a result, a refusal, or "never seen" of a read. */
async function call(
  { url, token, timeoutMs }: HttpPaymentOptions,
  { path, key, body }: ProviderCall,
): Promise<ProviderAnswer> {
  const response = await fetch(url.replace(/\/$/, '') + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      accept: 'application/json',
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    // The token is for this address alone.
    redirect: 'error',
    // Covers the body too: a provider that stops in the middle has not answered.
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  const { status } = response
  if (!response.ok && status !== (body ? 402 : 404)) {
    throw new Error(`the payment provider answered ${status}`)
  }
  // JSON even for a refusal: a page from something in between is not the provider's word.
  return { status, answer: JSON.parse(text) as ProviderAnswer['answer'] }
}

function outcomeOf({ id, status }: ProviderAnswer['answer']): DecidedOutcome {
  if (typeof id === 'string' && (status === 'captured' || status === 'authorised')) {
    return { kind: status, reference: id }
  }
  // Declined, or given back at the provider's own desk: either way there is no money.
  const isOver = status === 'declined' || status === 'refunded' || status === 'cancelled'
  if (isOver) return { kind: 'failed', code: status }
  throw new Error(`the payment provider gave the status "${String(status)}"`)
}
