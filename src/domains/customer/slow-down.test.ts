import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { RecentMap } from './recent-map.ts'
import {
  mayTrySignIn,
  signInAbandoned,
  signInFailed,
  signInSucceeded,
  slowingDown,
  waitMs,
  type SignInAttempt,
} from './slow-down.ts'

const here = { login: 'ada@example.com', ip: '203.0.113.7' }
const there = { login: 'ada@example.com', ip: '198.51.100.9' }
const [second, minute, hour] = [1_000, 60_000, 3_600_000]

/** A shop with a clock that stands still until it is moved, and people at its door. */
function door(startMs = Date.UTC(2026, 10, 21)) {
  let now = startMs
  const ctx = { clock: { now: () => now }, db: {} } as unknown as Context
  /** How many seconds one has to wait; undefined: it may be tried. */
  const begin = (attempt: SignInAttempt): number | undefined => {
    try {
      mayTrySignIn(ctx, attempt)
      return undefined
    } catch (error) {
      assert.ok(error instanceof ShopError && error.code === 'TOO_MANY_REQUESTS')
      assert.equal(error.details['retry_after_seconds'], error.retryAfterSeconds)
      return error.retryAfterSeconds
    }
  }
  return {
    ctx,
    begin,
    advance: (ms: number) => void (now += ms),
    fail(attempt: SignInAttempt) {
      const wait = begin(attempt)
      if (wait === undefined) signInFailed(ctx, attempt)
      return wait
    },
    succeed(attempt: SignInAttempt) {
      const wait = begin(attempt)
      if (wait === undefined) signInSucceeded(ctx, attempt)
      return wait
    },
  }
}

describe('a sign-in after failures', () => {
  test('waits from the sixth on, twice as long each time, up to a quarter of an hour', () => {
    const { fail, advance } = door()
    const waits: number[] = []
    for (let count = 0; count < 17; count++) {
      const wait = fail(here)
      if (wait === undefined) continue
      waits.push(wait)
      advance(wait * second - 1)
      assert.equal(fail(here), 1)
      advance(1)
      assert.equal(fail(here), undefined)
    }
    assert.deepEqual(waits.slice(0, 5), [2, 4, 8, 16, 32])
    assert.deepEqual(waits.slice(-3), [900, 900, 900])
    assert.equal(waits.length, 12)
  })

  test('begins anew after a success, and an hour after the last failure', () => {
    for (const forget of ['success', 'hour'] as const) {
      const { fail, succeed, advance } = door()
      for (let count = 0; count < 6; count++) advance((fail(here) ?? 0) * second)
      if (forget === 'hour') advance(hour)
      else assert.equal(succeed(here), undefined)
      for (let count = 0; count < 5; count++) assert.equal(fail(here), undefined)
      assert.equal(fail(here), 2)
    }
  })

  test('is slow for the name and network it failed from, and for no others', () => {
    const { fail, succeed } = door()
    for (let count = 0; count < 5; count++) fail(here)
    assert.equal(fail(here), 2)
    assert.equal(fail({ ...here, login: 'ADA@example.com' }), 2)
    assert.equal(succeed(there), undefined)
    assert.equal(succeed({ ...here, login: 'bob@example.com' }), undefined)
  })

  test('counts addresses of one IPv6 network as one', () => {
    const { fail } = door()
    const from = (host: number) => ({ ...here, ip: `2001:db8:1:2::${host}` })
    for (let count = 0; count < 5; count++) fail(from(count))
    assert.equal(fail(from(6)), 2)
    assert.equal(fail({ ...here, ip: '2001:db8:1:3::1' }), undefined)
  })

  test('cannot be hurried by many at once', () => {
    const { ctx, begin, advance } = door()
    const begun = () =>
      Array.from({ length: 50 }, () => begin(here)).filter((wait) => wait === undefined).length
    assert.equal(begun(), 30)
    for (let count = 0; count < 30; count++) signInFailed(ctx, here)
    assert.equal(begin(here), 900)
    advance(900 * second)
    assert.equal(begun(), 1)
  })

  test('is not held up by tries of which nobody says how they ended', () => {
    const { ctx, begin, advance } = door()
    for (let count = 0; count < 30; count++) begin(here)
    assert.equal(begin(here), 1)
    signInAbandoned(ctx, here)
    assert.equal(begin(here), undefined)
    advance(minute)
    for (let count = 0; count < 30; count++) assert.equal(begin(here), undefined)
    assert.equal(begin(here), 1)
  })
})

describe('a name that is tried from everywhere', () => {
  const network = (index: number) => `198.51.${index >> 8}.${index & 255}`

  function tried() {
    const made = door()
    made.succeed(here)
    for (let index = 0; index < 50; index++) {
      assert.equal(made.fail({ ...here, ip: network(index) }), undefined)
    }
    return made
  }

  test('is open as ever to a network that has signed in with it before', () => {
    const { begin, succeed } = tried()
    assert.equal(begin(here), undefined)
    assert.equal(succeed(here), undefined)
  })

  test('lets each new network wait for five seconds, whatever the others do', () => {
    const { fail, succeed, advance } = tried()
    const [stranger, owner] = [
      { ...here, ip: network(300) },
      { ...here, ip: network(301) },
    ]
    assert.equal(fail(stranger), 5)
    assert.equal(succeed(owner), 5)
    advance(2 * second)
    assert.equal(succeed(owner), 3)
    for (let index = 400; index < 500; index++)
      assert.equal(fail({ ...here, ip: network(index) }), 5)
    advance(3 * second)
    assert.equal(succeed(owner), undefined)
    assert.equal(succeed(owner), undefined)
    assert.equal(fail(stranger), undefined)
    assert.equal(fail(stranger), 5)
  })

  test('is left alone an hour later', () => {
    const { fail, advance } = tried()
    advance(hour)
    assert.equal(fail({ ...here, ip: network(300) }), undefined)
  })
})

describe('a whole sign-in', () => {
  test('counts what was wrong, forgets at success, and counts no other error', async () => {
    const { ctx, begin } = door()
    const attempt = (work: () => Promise<string>) => slowingDown(ctx, here, work)
    const failing = (code: 'INVALID_CREDENTIALS' | 'SERVICE_UNAVAILABLE') => () =>
      Promise.reject(new ShopError(code))
    for (let count = 0; count < 20; count++) {
      await assert.rejects(attempt(failing('SERVICE_UNAVAILABLE')), { code: 'SERVICE_UNAVAILABLE' })
    }
    for (let count = 0; count < 4; count++) {
      await assert.rejects(attempt(failing('INVALID_CREDENTIALS')), { code: 'INVALID_CREDENTIALS' })
    }
    assert.equal(await attempt(async () => 'in'), 'in')
    for (let count = 0; count < 5; count++) {
      await assert.rejects(attempt(failing('INVALID_CREDENTIALS')), { code: 'INVALID_CREDENTIALS' })
    }
    await assert.rejects(
      attempt(() => Promise.reject(new Error('must not be called'))),
      { code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 2 },
    )
    assert.equal(begin(here), 2)
  })
})

test('nobody ever waits for more than a quarter of an hour, and the owner at home only for their own', () => {
  const time = fc.nat({ max: 10 * hour })
  fc.assert(
    fc.property(fc.nat(2_000), fc.nat(2_000), fc.boolean(), time, (own, all, isKnown, passed) => {
      const [tries, now] = [
        { failures: own, lastFailureAt: hour, running: 0, lastBegunAt: 0, firstAt: hour },
        hour + passed,
      ]
      const pressure = { failures: all, since: hour }
      const wait = waitMs({ tries, pressure, isKnown }, now)
      assert.ok(wait >= 0 && wait <= 900_000)
      if (own < 5 && isKnown) assert.equal(wait, 0)
      if (own < 5 && passed >= 5_000) assert.equal(wait, 0)
    }),
  )
})

test('memory has a limit: what was not touched for longest goes first', () => {
  const map = new RecentMap<number>(3)
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['a', 4],
    ['d', 5],
  ] as const) {
    map.set(key, value)
  }
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => map.get(key)),
    [4, undefined, 3, 5],
  )
  map.delete('a')
  assert.equal(map.get('a'), undefined)
})
