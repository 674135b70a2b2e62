import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type RawSettings } from './read.ts'

/** Kept apart from the rest of the configuration, which may be printed. */
export interface Secrets {
  readonly jwt: string
  readonly cookie: string
  /** For the payment method `http`; never generated. */
  readonly paymentHttpToken?: string
  /** Signs what that provider tells; never generated. */
  readonly paymentHttpWebhook?: string
  /** For the payment method `stripe`; never generated. */
  readonly stripeKey?: string
  /** Signs what Stripe tells; never generated. */
  readonly stripeWebhook?: string
  /** Address and password of the mail server; never generated. */
  readonly smtpUrl?: string
  /** For sign-in by another provider; never generated. */
  readonly oidcClientSecret?: string
}

/** Takes secrets from the environment, or generates them once and keeps them beside the data. */
export function readSecrets(raw: RawSettings): Secrets {
  for (const name of ['JWT_SECRET', 'COOKIE_SECRET'] as const) assertLong(name, raw[name])
  const given = {
    paymentHttpToken: raw.PAYMENT_HTTP_TOKEN,
    paymentHttpWebhook: raw.PAYMENT_HTTP_WEBHOOK_SECRET,
    stripeKey: raw.STRIPE_SECRET_KEY,
    stripeWebhook: raw.STRIPE_WEBHOOK_SECRET,
    oidcClientSecret: raw.OIDC_CLIENT_SECRET,
    smtpUrl: raw.SMTP_URL,
  }
  if (raw.JWT_SECRET !== '' && raw.COOKIE_SECRET !== '') {
    return { jwt: raw.JWT_SECRET, cookie: raw.COOKIE_SECRET, ...given }
  }
  const { jwt, cookie } = keptSecrets(raw.DATA_DIR)
  return { jwt: raw.JWT_SECRET || jwt, cookie: raw.COOKIE_SECRET || cookie, ...given }
}

/** What can be guessed from one signature signs nothing (RFC 7518 §3.2: 256 bits). */
function assertLong(name: string, secret: string): void {
  if (secret === '' || secret.length >= secretLengthMin) return
  throw new ConfigError(`${name} must have at least ${secretLengthMin} characters`)
}

const secretLengthMin = 32

/**
 * Processes that start together agree on one file, and none ever sees half of it: it is written
 * under another name, and gets its own only if nobody else has it.
 */
function keptSecrets(folder: string): Secrets {
  const file = join(folder, 'secrets.json')
  mkdirSync(folder, { recursive: true })
  const known = readIfThere(file)
  if (known !== undefined) return JSON.parse(known) as Secrets
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, JSON.stringify({ jwt: newSecret(), cookie: newSecret() }), { mode: 0o600 })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}

const newSecret = () => randomBytes(32).toString('base64url')
