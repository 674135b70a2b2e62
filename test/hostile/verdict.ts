import assert from 'node:assert/strict'
import { errorCatalogue, type ErrorCode } from '../../src/core/errors.ts'

export interface Heard {
  readonly status: number
  readonly text: string
  readonly contentType: string
}

/** What would tell a caller how we are made. */
const leaks = [
  /\n\s+at /,
  /\bat [\w.<>$ ]+\(?(?:file|node):/,
  /node_modules|\/src\/[\w/-]+\.ts\b/,
  /SQLITE_|sqlite3?:|\bER_[A-Z_]{4,}|sqlState|errno/,
  /syntax error (?:at|near)|near ".*": syntax|constraint failed|duplicate key value/i,
  /\bselect\b.{1,200}\bfrom\b|\binsert into\b|\bupdate\b.{1,80}\bset\b|\bdelete from\b/i,
  /TypeError|RangeError|ReferenceError|Maximum call stack|Cannot read propert/,
]

/**
 * Whatever was sent: no failure of ours, every refusal in the envelope with a code of the
 * catalogue, and nothing about the inside. What the caller sent may come back in the answer.
 */
export function assertDecent(heard: Heard, what: string, sent: readonly string[] = []): void {
  const { status, text, contentType } = heard
  const shown = `${what} → ${status} ${text.slice(0, 500)}`
  assert.ok(status >= 200 && status < 500, shown)
  if (status < 400) return
  if (text === '' && what.startsWith('HEAD')) return
  assert.match(contentType, /^application\/json/, shown)
  const parsed = JSON.parse(text) as object
  // What never reaches a route is refused alike everywhere.
  if (isUnitsDoor(what) && !('success' in parsed)) {
    assert.deepEqual(Object.keys(parsed), ['message'], shown)
    assertNoLeak(withoutEcho(text, sent), shown)
    return
  }
  const { success, error, ...rest } = parsed as Refusal
  assert.deepEqual([success, Object.keys(rest)], [false, []], shown)
  assert.deepEqual(Object.keys(error), ['code', 'message', 'details', 'request_id'], shown)
  assert.equal(errorCatalogue[error.code]?.status, status, shown)
  assert.equal(typeof error.details, 'object', shown)
  assert.ok(error.message !== '' && error.request_id !== '', shown)
  assertNoLeak(withoutEcho(text, sent), shown)
}

/** Its refusals have a form of their own, which its contract prescribes. */
export const isUnitsDoor = (what: string): boolean =>
  /^(\w+ )?\/(users|product-descriptions|products|carts|orders)(\/|\?| |$)/.test(what)

function assertNoLeak(text: string, shown: string): void {
  for (const leak of leaks) assert.doesNotMatch(text, leak, shown)
}

interface Refusal {
  readonly success: boolean
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly details: object
    readonly request_id: string
  }
}

function withoutEcho(text: string, sent: readonly string[]): string {
  return sent.reduce((rest, value) => {
    const echo = JSON.stringify(value).slice(1, -1)
    return echo === '' ? rest : rest.replaceAll(echo, '')
  }, text)
}
