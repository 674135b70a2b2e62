import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { openDatabase } from './db/open.ts'
import type { Database } from './db/database.ts'
import type { IdentityProvider } from './drivers/identity/driver.ts'
import { identityProvider } from './drivers/identity/drivers.ts'
import type { MailDriver } from './drivers/mail/driver.ts'
import { mailDriver } from './drivers/mail/drivers.ts'
import { paymentDrivers } from './drivers/payment/drivers.ts'
import type { PaymentDrivers } from './drivers/payment/driver.ts'
import { systemActor, type Actor } from './domains/audit/log.ts'
import type { TaxProvider } from './drivers/tax/driver.ts'
import { tableTax } from './drivers/tax/table.ts'
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
  readonly drivers: {
    readonly payment: PaymentDrivers
    readonly tax: TaxProvider
    readonly mail: MailDriver
    /** Another provider to sign in by; undefined if there is none. */
    readonly identity?: IdentityProvider | undefined
  }
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
  readonly mail?: MailDriver
  readonly tax?: TaxProvider
}

/** The one composition root. */
export async function createContext(parts: ContextParts): Promise<Context> {
  // Before anything is opened: a setting that cannot work must leave nothing behind.
  const drivers = {
    payment: parts.payment ?? payment(parts),
    mail: parts.mail ?? mail(parts),
    tax: parts.tax ?? tableTax,
    identity: identity(parts),
  }
  const db = await openDatabase(parts.config.data.databaseUrl, parts.config.database)
  return {
    config: parts.config,
    secrets: parts.secrets,
    log: parts.log,
    db,
    clock: parts.clock ?? { now: () => Date.now() },
    newId: parts.newId ?? uuidSource(),
    drivers,
    actor: systemActor,
    async [Symbol.asyncDispose]() {
      await drivers.mail[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
    },
  }
}

function payment({ config, secrets }: ContextParts): PaymentDrivers {
  const { methods, http, stripe } = config.payment
  const { paymentHttpToken: token = '', paymentHttpWebhook = '' } = secrets
  const { stripeKey: secretKey = '', stripeWebhook = '' } = secrets
  return paymentDrivers({
    methods,
    http: { ...http, token, webhookSecret: paymentHttpWebhook },
    stripe: { ...stripe, secretKey, webhookSecret: stripeWebhook },
  })
}

function mail({ config, secrets }: ContextParts): MailDriver {
  const { smtp, ...rest } = config.mail
  return mailDriver({ ...rest, smtp: { ...smtp, url: secrets.smtpUrl ?? '' } })
}

function identity({ config, secrets }: ContextParts): IdentityProvider | undefined {
  return identityProvider({ ...config.identity, clientSecret: secrets.oidcClientSecret ?? '' })
}

/** The same context in somebody's name. Caches belong to the database, so they are shared. */
export function actingAs(ctx: Context, actor: Actor): Context {
  return { ...ctx, actor }
}
