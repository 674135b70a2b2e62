import { join } from 'node:path'
import { isCurrency } from '../core/money.ts'
import { orderNumberFormat, type OrderNumberFormat } from '../core/order-number.ts'
import { parseRatio, type Ratio } from '../core/ratio.ts'
import { documentConfig, type DocumentConfig } from './documents.ts'
import { mailConfig, optionalAddress, type MailConfig } from './mail.ts'
import { ConfigError, flagOf, integerOf, listOf, readSettings, type RawSettings } from './read.ts'
import { settings, type Setting } from './settings.ts'

/** The configuration as a typed tree. Read once, at start; see settings.ts for what each means. */
export interface Config {
  readonly server: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string
    readonly corsOrigins: readonly string[]
    readonly trustProxy: readonly string[]
    readonly bodyLimitBytes: number
    readonly requestTimeoutMs: number
    readonly shutdownTimeoutMs: number
    readonly cookieSecure: boolean
    /** The header Strict-Transport-Security; undefined: none. */
    readonly strictTransport: string | undefined
  }
  readonly data: {
    readonly folder: string
    readonly databaseUrl: string
    /** The database lives in the process, and its files in the folder. */
    readonly isEmbedded: boolean
    readonly demo: boolean
  }
  /** For PostgreSQL and MySQL; see db/limits.ts. */
  readonly database: {
    readonly poolSize: number
    readonly poolWaitMs: number
    readonly lockTimeoutMs: number
    readonly statementTimeoutMs: number
    readonly idleTransactionTimeoutMs: number
  }
  readonly store: {
    readonly name: string
    readonly currency: string
    readonly country: string | undefined
  }
  /** Who hears of low stock. */
  readonly inventory: { readonly alertsTo: string | undefined }
  readonly orders: { readonly numbers: OrderNumberFormat }
  readonly documents: DocumentConfig
  readonly tax: {
    readonly rate: Ratio
    readonly inclusive: boolean
    readonly shippingTaxed: boolean
  }
  readonly payment: {
    readonly methods: readonly string[]
    readonly reconcileAfterMs: number
    /** When the money of an order is collected. */
    readonly capture: 'now' | 'later'
    readonly http: { readonly url: string; readonly timeoutMs: number }
    readonly stripe: {
      readonly url: string
      readonly publishableKey: string
      readonly timeoutMs: number
    }
  }
  readonly mail: MailConfig
  readonly lifetimes: {
    readonly holdMs: number
    /** For asking to return goods; undefined: no limit. */
    readonly returnMs: number | undefined
    readonly cartMs: number
    readonly idempotencyMs: number
  }
  readonly tokens: {
    readonly algorithm: 'EdDSA' | 'HS256'
    readonly accessSeconds: number
    readonly refreshMs: number
    readonly sessionMs: number
    readonly graceMs: number
    readonly signingKeyMs: number
    /** No access token is good for longer. */
    readonly longestMs: number
  }
  /** Another provider to sign in by; none if `issuer` is empty. */
  readonly identity: {
    readonly issuer: string
    readonly clientId: string
    readonly name: string
    readonly scopes: readonly string[]
    readonly timeoutMs: number
  }
  /** Staff may do nothing of their role without a second factor. */
  readonly staffFactorRequired: boolean
  readonly registration: 'open' | 'confirmed'
  /** Real customers buy here. */
  readonly production: boolean
  /** Requests a minute; undefined: they are not limited. */
  readonly rateLimits: Readonly<Record<RateClass, number>> | undefined
  readonly logLevel: string
}

/** Routes that share a limit. */
export type RateClass = 'read' | 'write' | 'checkout' | 'sign_in' | 'register' | 'reset' | 'admin'

const minuteMs = 60_000
const dayMs = 86_400_000
const hourMs = 60 * minuteMs

export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  return configOf(readSettings(environment))
}

export function configOf(raw: RawSettings): Config {
  const server = serverConfig(raw)
  return {
    server,
    data: dataConfig(raw),
    database: databaseConfig(raw),
    store: {
      name: raw.STORE_NAME,
      currency: currencyOf(raw.STORE_CURRENCY),
      country: countryOf(raw.STORE_COUNTRY),
    },
    inventory: { alertsTo: optionalAddress('STOCK_ALERTS_TO', raw.STOCK_ALERTS_TO) },
    orders: { numbers: numberFormat(raw.ORDER_NUMBER_FORMAT) },
    documents: documentConfig(raw),
    tax: {
      rate: taxRate(raw.TAX_RATE),
      inclusive: flagOf(raw.TAX_INCLUSIVE),
      shippingTaxed: flagOf(raw.TAX_ON_SHIPPING),
    },
    payment: paymentConfig(raw),
    mail: mailConfig(raw, server.publicUrl),
    lifetimes: {
      holdMs: integerOf(raw.HOLD_MINUTES) * minuteMs,
      returnMs: integerOf(raw.RETURN_WINDOW_DAYS) * dayMs || undefined,
      cartMs: integerOf(raw.CART_DAYS) * 24 * hourMs,
      idempotencyMs: integerOf(raw.IDEMPOTENCY_HOURS) * hourMs,
    },
    tokens: tokenConfig(raw),
    identity: {
      issuer: raw.OIDC_ISSUER,
      clientId: raw.OIDC_CLIENT_ID,
      name: raw.OIDC_NAME,
      scopes: listOf(raw.OIDC_SCOPES),
      timeoutMs: integerOf(raw.OIDC_TIMEOUT_MS),
    },
    staffFactorRequired:
      raw.STAFF_SECOND_FACTOR === 'auto'
        ? flagOf(raw.PRODUCTION)
        : raw.STAFF_SECOND_FACTOR === 'required',
    registration: raw.REGISTRATION === 'confirmed' ? 'confirmed' : 'open',
    production: flagOf(raw.PRODUCTION),
    rateLimits: rateLimitConfig(raw),
    logLevel: raw.LOG_LEVEL,
  }
}

function dataConfig(raw: RawSettings): Config['data'] {
  const databaseUrl = raw.DATABASE_URL || `sqlite:${join(raw.DATA_DIR, 'shop.db')}`
  return {
    folder: raw.DATA_DIR,
    databaseUrl,
    isEmbedded: databaseUrl.startsWith('sqlite:'),
    demo: flagOf(raw.DEMO_DATA) && !flagOf(raw.PRODUCTION),
  }
}

/** Where customers pay, nothing is sold for nothing: "test" is left out as demo data are. */
function paymentConfig(raw: RawSettings): Config['payment'] {
  const production = flagOf(raw.PRODUCTION)
  const methods = listOf(raw.PAYMENT_METHODS)
  return {
    methods: production ? methods.filter((code) => code !== 'test') : methods,
    reconcileAfterMs: integerOf(raw.RECONCILE_AFTER_SECONDS) * 1_000,
    capture: raw.PAYMENT_CAPTURE === 'later' ? 'later' : 'now',
    http: { url: raw.PAYMENT_HTTP_URL, timeoutMs: integerOf(raw.PAYMENT_HTTP_TIMEOUT_MS) },
    stripe: {
      url: raw.STRIPE_API_URL,
      publishableKey: raw.STRIPE_PUBLISHABLE_KEY,
      timeoutMs: integerOf(raw.STRIPE_TIMEOUT_MS),
    },
  }
}

function tokenConfig(raw: RawSettings): Config['tokens'] {
  const accessSeconds = integerOf(raw.ACCESS_TOKEN_SECONDS)
  return {
    algorithm: raw.JWT_ALGORITHM === 'HS256' ? 'HS256' : 'EdDSA',
    accessSeconds,
    refreshMs: integerOf(raw.REFRESH_TOKEN_DAYS) * 24 * hourMs,
    sessionMs: integerOf(raw.SESSION_DAYS) * 24 * hourMs,
    graceMs: integerOf(raw.REFRESH_GRACE_SECONDS) * 1_000,
    signingKeyMs: integerOf(raw.SIGNING_KEY_DAYS) * 24 * hourMs,
    // The units door gives out tokens for an hour, whatever the others do.
    longestMs: Math.max(accessSeconds * 1_000, hourMs),
  }
}

function rateLimitConfig(raw: RawSettings): Config['rateLimits'] {
  if (raw.RATE_LIMIT === 'off') {
    if (!flagOf(raw.PRODUCTION) || flagOf(raw.RATE_LIMIT_OFF_IN_PRODUCTION)) return undefined
    throw new ConfigError(
      'RATE_LIMIT=off is refused with PRODUCTION=true. If a gateway limits requests, set ' +
        'RATE_LIMIT_OFF_IN_PRODUCTION=true as well.',
    )
  }
  return {
    read: integerOf(raw.RATE_LIMIT_READ),
    write: integerOf(raw.RATE_LIMIT_WRITE),
    checkout: integerOf(raw.RATE_LIMIT_CHECKOUT),
    sign_in: integerOf(raw.RATE_LIMIT_SIGN_IN),
    register: integerOf(raw.RATE_LIMIT_REGISTER),
    reset: integerOf(raw.RATE_LIMIT_RESET),
    admin: integerOf(raw.RATE_LIMIT_ADMIN),
  }
}

function databaseConfig(raw: RawSettings): Config['database'] {
  return {
    poolSize: integerOf(raw.DB_POOL_SIZE),
    poolWaitMs: integerOf(raw.DB_POOL_WAIT_MS),
    lockTimeoutMs: integerOf(raw.DB_LOCK_TIMEOUT_MS),
    statementTimeoutMs: integerOf(raw.DB_STATEMENT_TIMEOUT_MS),
    idleTransactionTimeoutMs: integerOf(raw.DB_IDLE_TRANSACTION_TIMEOUT_MS),
  }
}

function serverConfig(raw: RawSettings): Config['server'] {
  const publicUrl = raw.PUBLIC_URL || `http://localhost:${raw.PORT}`
  const protocol = URL.canParse(publicUrl) ? new URL(publicUrl).protocol : ''
  const https = protocol === 'https:'
  if (!https && protocol !== 'http:') {
    throw new ConfigError(`PUBLIC_URL must start with http:// or https://, not "${publicUrl}"`)
  }
  return {
    host: raw.HOST,
    port: integerOf(raw.PORT),
    publicUrl: publicUrl.replace(/\/$/, ''),
    corsOrigins: listOf(raw.CORS_ORIGINS),
    trustProxy: listOf(raw.TRUST_PROXY),
    bodyLimitBytes: integerOf(raw.BODY_LIMIT_BYTES),
    requestTimeoutMs: integerOf(raw.REQUEST_TIMEOUT_MS),
    shutdownTimeoutMs: integerOf(raw.SHUTDOWN_TIMEOUT_MS),
    cookieSecure: raw.COOKIE_SECURE === 'auto' ? https : flagOf(raw.COOKIE_SECURE),
    strictTransport: https ? strictTransports[raw.HSTS] : undefined,
  }
}

/** RFC 6797; 31,536,000 seconds are a year. */
const strictTransports: Readonly<Record<string, string>> = {
  auto: 'max-age=31536000; includeSubDomains',
  host: 'max-age=31536000',
}

function currencyOf(code: string): string {
  if (!isCurrency(code)) {
    throw new ConfigError(`STORE_CURRENCY must be an ISO 4217 code, not "${code}"`)
  }
  return code
}

function countryOf(code: string): string | undefined {
  if (code === '' || /^[A-Z]{2}$/.test(code)) return code === '' ? undefined : code
  throw new ConfigError(`STORE_COUNTRY must be an ISO 3166-1 alpha-2 code, not "${code}"`)
}

function numberFormat(text: string): OrderNumberFormat {
  const format = orderNumberFormat(text)
  if (typeof format !== 'string') return format
  throw new ConfigError(`ORDER_NUMBER_FORMAT ${format}; it is "${text}"`)
}

function taxRate(text: string): Ratio {
  const rate = parseRatio(text)
  if (rate === undefined || rate.numerator < 0n) {
    throw new ConfigError(`TAX_RATE must be a decimal or a percentage, not "${text}"`)
  }
  return rate
}

/**
 * The settings as they are in force, for `--print-config`; secrets are only said to be set or not.
 */
export function printSettings(raw: RawSettings): string {
  const lines = Object.entries(settings).map(([name, setting]: [string, Setting]) => {
    const value = raw[name as keyof RawSettings]
    return `${name}=${setting.secret && value !== '' ? '(set, hidden)' : withoutPassword(value)}`
  })
  return lines.join('\n')
}

/** A database URL may carry a password: `mysql://shop:secret@host/shop`. */
function withoutPassword(value: string): string {
  return value.replace(/^(\w+:\/\/[^:@/]*):.*@/, '$1:(hidden)@')
}
