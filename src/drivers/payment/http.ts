import { ConfigError } from '../../config/read.ts'
import type { PaymentDriver, PaymentOutcome } from './driver.ts'

export interface HttpPaymentOptions {
  readonly url: string
  /** Sent as a bearer token; empty: none. */
  readonly token: string
  readonly timeoutMs: number
}

const tokenLengthMax = 255

/**
 * A payment provider that speaks a small HTTP protocol: `POST /charges` with an Idempotency-Key,
 * `GET /charges/:key`, `POST /charges/:key/refund`. Only 2xx (captured) and 402 (declined) are
 * answers; after anything else (another status, silence, a broken connection) the outcome is
 * unknown and has to be asked for.
 */
export function httpPayment(options: HttpPaymentOptions): PaymentDriver {
  assertUsable(options)
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
    async charge({ key, amountMinor, currency, data }) {
      const body = { amount: amountMinor, currency, token: data['token'] }
      const { status, answer } = await call(options, { path: '/charges', key, body })
      if (status === 402) return { kind: 'failed', code: 'declined' }
      return outcomeOf(answer)
    },
    async refund({ key, amountMinor, currency }) {
      const body = { amount: amountMinor, currency }
      const path = `/charges/${encodeURIComponent(key)}/refund`
      const { answer } = await call(options, { path, key, body })
      const { status } = answer
      if (status !== 'refunded') throw new Error(`the refund of ${key} is "${String(status)}"`)
    },
    async find(key) {
      const { status, answer } = await call(options, {
        path: `/charges/${encodeURIComponent(key)}`,
      })
      return status === 404 ? undefined : outcomeOf(answer)
    },
  }
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

function outcomeOf({ id, status }: ProviderAnswer['answer']): PaymentOutcome {
  if (status === 'captured' && typeof id === 'string') return { kind: 'captured', reference: id }
  // Declined, or given back at the provider's own desk: either way there is no money.
  if (status === 'declined' || status === 'refunded') return { kind: 'failed', code: status }
  throw new Error(`the payment provider gave the status "${String(status)}"`)
}
