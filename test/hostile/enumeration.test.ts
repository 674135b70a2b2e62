import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test, type TestContext } from 'node:test'
import { passwordHashes } from '../../src/domains/customer/hash-queue.ts'
import { setBlocked } from '../../src/domains/customer/staff.ts'
import { register } from '../../src/domains/customer/customers.ts'
import { testClock, withoutRequestId } from '../api/support.ts'
import {
  describeOnEveryDatabase,
  signUp,
  type Answer,
  type OpenShop,
  type TestShop,
  unrestricted,
} from '../support/shop.ts'

/** Each way; `ENUMERATION_SAMPLES=2000 npm test -- test/hostile/enumeration.test.ts`. */
const samples = Number(process.env['ENUMERATION_SAMPLES'] ?? '9')

interface Door {
  readonly path: string
  readonly body: (login: string, password: string) => object
}

const byEmail = (email: string, password: string) => ({ email, password })
const doors: readonly Door[] = [
  { path: '/api/v1/sessions', body: byEmail },
  { path: '/api/users/login', body: byEmail },
  { path: '/users/login', body: byEmail },
]

/** Everything that a caller gets to see, but for the time and what differs from call to call. */
function seen(answer: Answer): unknown {
  const differing = new Set(['date', 'x-request-id', 'content-length', 'etag'])
  const headers = [...answer.headers].filter(([name]) => !differing.has(name))
  return [answer.status, headers, withoutRequestId(answer)]
}

interface Lineup extends AsyncDisposable {
  readonly shop: TestShop
  /** A wrong password for each of these; the clock goes on, so that nobody has to wait. */
  readonly logins: Readonly<Record<'existing' | 'unknown' | 'blocked' | 'passwordless', string>>
  tryDoor(door: Door, login: string): Promise<Answer>
}

async function openLineup(openShop: OpenShop): Promise<Lineup> {
  const clock = testClock()
  const shop = await openShop({ clock })
  const existing = await signUp(shop)
  const blocked = await signUp(shop)
  await setBlocked(shop.ctx, unrestricted, { id: blocked.id, isBlocked: true })
  const passwordless = 'single@example.com'
  await register(shop.ctx, { email: passwordless, password: undefined })
  return {
    shop,
    logins: {
      existing: existing.email,
      unknown: 'nobody-here@example.com',
      blocked: blocked.email,
      passwordless,
    },
    tryDoor({ path, body }, login) {
      clock.advance(3_600_000)
      return shop.call('POST', path, { body: body(login, 'Wrong-Horse-1') })
    },
    [Symbol.asyncDispose]: async () => shop[Symbol.asyncDispose](),
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

describeOnEveryDatabase('whether an account exists', (openShop) => {
  for (const door of doors) {
    test(`is not told by a sign-in that fails at ${door.path}`, async () => {
      await using lineup = await openLineup(openShop)
      const answers = Object.values(lineup.logins).map(async (login) =>
        seen(await lineup.tryDoor(door, login)),
      )
      const [first, ...others] = await Promise.all(answers)
      assert.equal((first as [number])[0], 401)
      for (const other of others) assert.deepEqual(other, first)
    })

    test(`costs one hash of a password at ${door.path}, whoever is named`, async (t) => {
      await using lineup = await openLineup(openShop)
      const hashes = t.mock.method(passwordHashes, 'run')
      for (const [kind, login] of Object.entries(lineup.logins)) {
        hashes.mock.resetCalls()
        await lineup.tryDoor(door, login)
        assert.equal(hashes.mock.callCount(), 1, kind)
      }
    })
  }

  test('is not told by the time that a sign-in takes', async (t: TestContext) => {
    await using lineup = await openLineup(openShop)
    const [door] = doors
    assert.ok(door)
    const times: Record<string, number[]> = {}
    for (const login of Object.values(lineup.logins)) await lineup.tryDoor(door, login)
    for (let sample = 0; sample < samples; sample += 1) {
      // One after another, so that what else the machine does falls on all of them.
      for (const [kind, login] of Object.entries(lineup.logins)) {
        const began = performance.now()
        await lineup.tryDoor(door, login)
        ;(times[kind] ??= []).push(performance.now() - began)
      }
    }
    const medians = Object.entries(times).map(([kind, all]) => [kind, median(all)] as const)
    for (const [kind, ms] of medians) t.diagnostic(`${kind}: ${ms.toFixed(2)} ms`)
    const all = medians.map(([, ms]) => ms)
    // Without the hash an answer takes a tenth of the time, on a busy machine too.
    assert.ok(Math.max(...all) < 3 * Math.min(...all), JSON.stringify(medians))
  })
})

interface Named {
  readonly email: string
  readonly username: string
}

const password = 'Correct-Horse-1'
const unitsFields = {
  password,
  first_name: 'Ada',
  last_name: 'Lovelace',
  address: '12 St James Sq',
}

/** What somebody may ask for with an address: 202 for any. */
const requests: readonly (readonly [path: string, body: (names: Named) => object])[] = [
  ['/api/v1/password-resets', ({ email }) => ({ email })],
  ['/api/v1/customers', ({ email }) => ({ email, password })],
  ['/api/users/register', (names) => ({ ...names, password })],
  ['/users/register', (names) => ({ ...names, ...unitsFields })],
]

describeOnEveryDatabase('where addresses are confirmed, an account', (openShop) => {
  const settings = { REGISTRATION: 'confirmed' } as const

  for (const [path, body] of requests) {
    test(`is not told by the answer, nor by the hashes made, at ${path}`, async (t) => {
      await using shop = await openShop({ settings })
      await signUp(shop, { email: 'taken@example.com' })
      const hashes = t.mock.method(passwordHashes, 'run')
      const found: unknown[] = []
      for (const email of ['taken@example.com', 'TAKEN@example.com', 'freed@example.com']) {
        hashes.mock.resetCalls()
        const names = { email, username: `user_${found.length}` }
        const answer = await shop.call('POST', path, { body: body(names) })
        assert.equal(answer.status, 202, answer.text)
        found.push([
          seen({ ...answer, text: answer.text.replace(email, '…') }),
          hashes.mock.callCount(),
        ])
      }
      assert.deepEqual(found[1], found[0])
      assert.deepEqual(found[2], found[0])
    })

    test(`is not told by the time of ${path}`, async (t) => {
      await using shop = await openShop({ settings })
      const { email: taken } = await signUp(shop)
      const times = { taken: [] as number[], free: [] as number[] }
      for (let sample = 0; sample <= samples; sample += 1) {
        const kinds = sample % 2 === 0 ? (['taken', 'free'] as const) : (['free', 'taken'] as const)
        for (const kind of kinds) {
          const email = kind === 'taken' ? taken : `free-${sample}@example.com`
          const names = { email, username: `${kind}_${sample}` }
          const began = performance.now()
          await shop.call('POST', path, { body: body(names) })
          // The first of each compiles what all others use.
          if (sample > 0) times[kind].push(performance.now() - began)
        }
      }
      const [ofTaken, ofFree] = [median(times.taken), median(times.free)]
      t.diagnostic(`taken: ${ofTaken.toFixed(2)} ms, free: ${ofFree.toFixed(2)} ms`)
      // A hash that is made for one of the two alone would show.
      const [least, most] = [Math.min(ofTaken, ofFree), Math.max(ofTaken, ofFree)]
      assert.ok(most < 3 * least + 10, `${ofTaken} and ${ofFree} ms`)
    })
  }
})
