import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { openDatabase } from './db/open.ts'
import type { Database } from './db/database.ts'
import { paymentDrivers } from './drivers/payment/drivers.ts'
import type { PaymentDrivers } from './drivers/payment/driver.ts'
import { systemActor, type Actor } from './domains/audit/log.ts'
import { uuidSource } from './ids.ts'

/** UTC milliseconds. Injected, so that tests and the simulation own the time. */
export interface Clock {
  now(): number
}

/** Everything a use-case may need, and nothing more. Made once, passed as the first argument. */
export interface Context extends AsyncDisposable {
  readonly config: Config
  readonly secrets: Secrets
  readonly db: Database
  readonly clock: Clock
  /** UUIDv7 (RFC 9562): sorts by time of creation. */
  readonly newId: () => string
  readonly log: Logger
  readonly drivers: { readonly payment: PaymentDrivers }
  /** Who acts: the shop itself, unless `actingAs` says otherwise. */
  readonly actor: Actor
}

export interface ContextParts {
  readonly config: Config
  readonly secrets: Secrets
  readonly log: Logger
  readonly clock?: Clock
  readonly newId?: () => string
  readonly payment?: PaymentDrivers
}

/** The one composition root. */
export async function createContext(parts: ContextParts): Promise<Context> {
  const db = await openDatabase(parts.config.data.databaseUrl, parts.config.database)
  const { methods, http } = parts.config.payment
  const token = parts.secrets.paymentHttpToken ?? ''
  const payment = parts.payment ?? paymentDrivers({ methods, http: { ...http, token } })
  return {
    config: parts.config,
    secrets: parts.secrets,
    log: parts.log,
    db,
    clock: parts.clock ?? { now: () => Date.now() },
    newId: parts.newId ?? uuidSource(),
    drivers: { payment },
    actor: systemActor,
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  }
}

/** The same context in somebody's name. Caches belong to the database, so they are shared. */
export function actingAs(ctx: Context, actor: Actor): Context {
  return { ...ctx, actor }
}
