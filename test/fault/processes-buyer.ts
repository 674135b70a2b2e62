import { checkoutBody } from '../support/shop.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `201`, `409 INSUFFICIENT_STOCK`, or `no answer`. */
  readonly outcome: string
}

interface Post {
  readonly session: string
  readonly key?: string
  readonly body: object
}

/** A request that may well go unanswered. */
async function post(url: string, { session, key, body }: Post): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    'session-id': session,
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  try {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await response.text()
    const code = /"code":"([A-Z_]+)"/.exec(text)?.[1]
    const outcome = response.ok ? '201' : `${response.status} ${code ?? ''}`
    return { status: response.status, headers: response.headers, text, outcome }
  } catch {
    return { status: 0, headers: new Headers(), text: '', outcome: 'no answer' }
  }
}

export function addTo(
  url: string,
  { session, variantId, quantity = 1 }: { session: string; variantId: string; quantity?: number },
): Promise<Reply> {
  // With a key: a repetition after a lost answer does not add twice.
  const body = { variant_id: variantId, quantity }
  return post(`${url}/api/v1/cart/items`, { session, key: `add-${session}`, body })
}

export function buyAt(url: string, session: string, method = 'http'): Promise<Reply> {
  const email = `${session}@example.com`
  const body = { ...checkoutBody, email, payment_method: method }
  return post(`${url}/api/v1/checkout`, { session, key: session, body })
}

export function orderNumber({ text }: Reply): number {
  return (JSON.parse(text) as { data: { number: number } }).data.number
}

export function countOutcomes(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of replies) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
