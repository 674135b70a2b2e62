import { hash } from 'node:crypto'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { networkOf } from '../../core/ip.ts'
import type { Database } from '../../db/database.ts'
import { RecentMap } from './recent-map.ts'

/** What is known of sign-ins with one login name from one network. Times are UTC milliseconds. */
export interface Tries {
  /** Since the last success, and within an hour. */
  readonly failures: number
  readonly lastFailureAt: number
  /** Begun, and neither right nor wrong yet. */
  readonly running: number
  readonly lastBegunAt: number
  /** When the first one came, be it that it had to wait. */
  readonly firstAt: number
}

/** What is known of one login name from all networks: failures within an hour from `since`. */
export interface Pressure {
  readonly failures: number
  readonly since: number
}

export interface Situation {
  readonly tries: Tries
  readonly pressure: Pressure
  /** Somebody has signed in with this name from this network before. */
  readonly isKnown: boolean
}

const hourMs = 3_600_000
const freeFailures = 5
const waitMinMs = 2_000
const waitMaxMs = 900_000

/**
 * Nobody signs in so often at once, but whoever wants to try before the first try is counted. Once
 * they are, these guesses are all there are for a quarter of an hour.
 */
const runningMax = 30
/** A try that has not ended by then never will: whoever began it is gone. */
const runningMs = 60_000
const crowdedWaitMs = 1_000

const pressureFailures = 50
const strangerWaitMs = 5_000

/**
 * How many milliseconds a sign-in has to wait; 0: it may be tried now. After five failures with one
 * login name from one network the wait doubles with each, from 2 seconds to 15 minutes, and tries
 * go one at a time. Of a name that fails fifty times within an hour from wherever, networks that
 * are new to it wait for five seconds at each try, and no longer: its owner is never locked out,
 * and does not wait at all where they have signed in before.
 */
export function waitMs({ tries, pressure, isKnown }: Situation, now: number): number {
  const { failures, lastFailureAt, firstAt } = tries
  if (isCrowded(tries, now)) return crowdedWaitMs
  const exponent = failures - freeFailures
  const ownMs = exponent < 0 ? 0 : Math.min(waitMaxMs, waitMinMs * 2 ** exponent)
  const strangerMs = isKnown || pressure.failures < pressureFailures ? 0 : strangerWaitMs
  return Math.max(
    0,
    lastFailureAt + ownMs - now,
    (failures > 0 ? lastFailureAt : firstAt) + strangerMs - now,
  )
}

function isCrowded({ failures, running, lastBegunAt }: Tries, now: number): boolean {
  if (running === 0 || now - lastBegunAt >= runningMs) return false
  if (failures === 0) return running >= runningMax
  return failures + running >= freeFailures
}

/** What the memory knows a caller by, whether there is such an account or not. */
interface Names {
  readonly name: string
  /** The name, and the network it is tried from. */
  readonly place: string
}

/** Forgotten when the process ends; every node of a shop has its own. */
interface Memory {
  /** By login name and network. */
  readonly tries: RecentMap<Tries>
  readonly known: RecentMap<true>
  /** By login name. */
  readonly pressure: RecentMap<Pressure>
}

/** About 10 MB for each of the three maps, if somebody takes the trouble to fill them. */
const entriesMax = 50_000

const memories = new WeakMap<Database, Memory>()

function memoryOf({ db }: Context): Memory {
  const known = memories.get(db)
  if (known) return known
  const made = {
    tries: new RecentMap<Tries>(entriesMax),
    known: new RecentMap<true>(entriesMax),
    pressure: new RecentMap<Pressure>(entriesMax),
  }
  memories.set(db, made)
  return made
}

export interface SignInAttempt {
  /** The user name or e-mail address as it was sent. */
  readonly login: string
  readonly ip: string
}

function namesOf({ login, ip }: SignInAttempt): Names {
  // Short, whatever is sent; and no list of names is kept.
  const name = hash('sha256', login.toLowerCase(), 'base64url').slice(0, 22)
  return { name, place: `${name} ${networkOf(ip)}` }
}

function situationOf(memory: Memory, { name, place }: Names, now: number): Situation {
  const none = { failures: 0, lastFailureAt: 0, running: 0, lastBegunAt: 0, firstAt: now }
  const tries = memory.tries.get(place) ?? none
  const pressure = memory.pressure.get(name) ?? { failures: 0, since: now }
  return {
    tries: now - tries.lastFailureAt < hourMs ? tries : { ...tries, failures: 0 },
    pressure: now - pressure.since < hourMs ? pressure : { failures: 0, since: now },
    isKnown: memory.known.get(place) ?? false,
  }
}

/**
 * To be called before a password is looked at, and followed by one of the three below. Refuses
 * with TOO_MANY_REQUESTS, and Retry-After, while the caller has to wait.
 */
export function mayTrySignIn(ctx: Context, attempt: SignInAttempt): void {
  const now = ctx.clock.now()
  const memory = memoryOf(ctx)
  const names = namesOf(attempt)
  const situation = situationOf(memory, names, now)
  const { tries } = situation
  const wait = waitMs(situation, now)
  if (wait > 0) {
    memory.tries.set(names.place, tries)
    throw new ShopError('TOO_MANY_REQUESTS', { retry_after_seconds: Math.ceil(wait / 1_000) })
  }
  const isStale = now - tries.lastBegunAt >= runningMs
  const running = (isStale ? 0 : tries.running) + 1
  memory.tries.set(names.place, { ...tries, running, lastBegunAt: now })
}

/** The password was wrong, or there is no such account. */
export function signInFailed(ctx: Context, attempt: SignInAttempt): void {
  const now = ctx.clock.now()
  const memory = memoryOf(ctx)
  const names = namesOf(attempt)
  const { tries, pressure } = situationOf(memory, names, now)
  const failures = tries.failures + 1
  memory.tries.set(names.place, { ...ended(tries), failures, lastFailureAt: now })
  memory.pressure.set(names.name, { ...pressure, failures: pressure.failures + 1 })
}

/** Whoever it was has signed in: this network is not slowed by what others do to the name. */
export function signInSucceeded(ctx: Context, attempt: SignInAttempt): void {
  const memory = memoryOf(ctx)
  const names = namesOf(attempt)
  const { tries } = situationOf(memory, names, ctx.clock.now())
  memory.known.set(names.place, true)
  if (tries.running > 1) memory.tries.set(names.place, { ...ended(tries), failures: 0 })
  else memory.tries.delete(names.place)
}

/** It came to nothing for another reason, such as a database that is not there. */
export function signInAbandoned(ctx: Context, attempt: SignInAttempt): void {
  const memory = memoryOf(ctx)
  const names = namesOf(attempt)
  const { tries } = situationOf(memory, names, ctx.clock.now())
  memory.tries.set(names.place, ended(tries))
}

const ended = (tries: Tries): Tries => ({ ...tries, running: Math.max(0, tries.running - 1) })

/** A whole sign-in: `mayTrySignIn`, and what comes of it. INVALID_CREDENTIALS is a failure. */
export async function slowingDown<T>(
  ctx: Context,
  attempt: SignInAttempt,
  signIn: () => Promise<T>,
): Promise<T> {
  mayTrySignIn(ctx, attempt)
  try {
    const result = await signIn()
    signInSucceeded(ctx, attempt)
    return result
  } catch (error) {
    const isWrong = error instanceof ShopError && error.code === 'INVALID_CREDENTIALS'
    if (isWrong) signInFailed(ctx, attempt)
    else signInAbandoned(ctx, attempt)
    throw error
  }
}
