import assert from 'node:assert/strict'
import { refreshSession, type SessionTokens } from '../../src/domains/access/sessions.ts'
import { readAccessToken } from '../../src/domains/access/tokens.ts'
import { changeCustomer, register } from '../../src/domains/customer/customers.ts'
import { enter } from '../../src/domains/customer/sign-in.ts'
import { testClock, type TestClock } from '../api/support.ts'
import type { Engine } from '../support/databases.ts'
import { openShopOn, type TestShop, unrestricted } from '../support/shop.ts'

export interface RefreshOptions {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly onRound?: (tally: RefreshTally) => void
}

export interface RefreshTally {
  rounds: number
  /** Tokens presented, at the same moment or too late. */
  presented: number
  /** Sessions that ended because a token was used again. */
  revoked: number
}

const sides = 50
const client = { ip: '127.0.0.1', userAgent: 'thief', requestId: 'refresh' }

interface Rig {
  readonly shop: TestShop
  readonly clock: TestClock
}

/**
 * Sessions refreshed from fifty sides at once: one successor, for whoever is in time. Whoever comes
 * late with a used token ends the session; after a new password there is none left to refresh.
 */
export async function refreshRounds(options: RefreshOptions): Promise<RefreshTally> {
  const clock = testClock()
  const fresh = await options.engine.fresh()
  await using shop = await openShopOn(fresh.url, { clock }, async () =>
    fresh[Symbol.asyncDispose](),
  )
  const rig = { shop, clock }
  const tally: RefreshTally = { rounds: 0, presented: 0, revoked: 0 }
  while (tally.rounds < options.rounds) {
    const isReset = tally.rounds % 100 === 99
    await (isReset ? refreshAfterReset(rig, tally) : refreshAtOnce(rig, tally))
    tally.rounds += 1
    options.onRound?.(tally)
  }
  await shop.assertAudit()
  return tally
}

async function newSession({ shop: { ctx } }: Rig): Promise<SessionTokens> {
  const customer = await register(ctx, {
    email: `${ctx.newId()}@example.com`,
    password: undefined,
  })
  const entrance = { client, sessionKey: undefined, method: 'password' as const }
  return (await enter(ctx, customer, entrance)).tokens
}

async function refreshAtOnce(rig: Rig, tally: RefreshTally): Promise<void> {
  const { shop, clock } = rig
  const first = await newSession(rig)
  const present = (token: string) => refreshSession(shop.ctx, token, client)
  const pairs = await Promise.all(Array.from({ length: sides }, () => present(first.refreshToken)))
  const successors = new Set(pairs.map(({ refreshToken }) => refreshToken))
  assert.equal(successors.size, 1, 'one successor')
  const [next = ''] = successors
  assert.equal((await sessionOf(rig, first)).generation, 1)
  clock.advance(shop.ctx.config.tokens.graceMs + 1)
  const late = await Promise.allSettled([present(first.refreshToken), present(next)])
  assert.equal(late[0]?.status, 'rejected', 'a used token opens nothing')
  const { ended_at, end_reason } = await sessionOf(rig, first)
  assert.deepEqual([ended_at !== null, end_reason], [true, 'token_reused'])
  await assert.rejects(present(next), { code: 'INVALID_REFRESH_TOKEN' })
  tally.presented += sides + 3
  tally.revoked += 1
}

/** A new password while fifty refresh: none of what they got is good for anything after it. */
async function refreshAfterReset(rig: Rig, tally: RefreshTally): Promise<void> {
  const { ctx } = rig.shop
  const first = await newSession(rig)
  const { customerId: id } = await readAccessToken(ctx, first.accessToken)
  const change = changeCustomer(ctx, { id, by: unrestricted }, { password: 'Analytical1' })
  const pairs = await Promise.allSettled(
    Array.from({ length: sides }, () => refreshSession(ctx, first.refreshToken, client)),
  )
  await change
  const won = pairs.flatMap((pair) => (pair.status === 'fulfilled' ? [pair.value] : []))
  for (const { refreshToken } of [first, ...won]) {
    await assert.rejects(refreshSession(ctx, refreshToken, client), {
      code: 'INVALID_REFRESH_TOKEN',
    })
  }
  assert.notEqual((await sessionOf(rig, first)).ended_at, null)
  tally.presented += sides + won.length + 1
}

function sessionOf({ shop: { ctx } }: Rig, { sessionId }: SessionTokens) {
  return ctx.db.read
    .selectFrom('sessions')
    .select(['generation', 'ended_at', 'end_reason'])
    .where('id', '=', sessionId)
    .executeTakeFirstOrThrow()
}
