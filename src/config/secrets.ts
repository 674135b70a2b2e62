import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawSettings } from './read.ts'

/** Kept apart from the rest of the configuration, which may be printed. */
export interface Secrets {
  readonly jwt: string
  readonly cookie: string
  /** For the payment method `http`; never generated. */
  readonly paymentHttpToken?: string
}

/** Takes secrets from the environment, or generates them once and keeps them beside the data. */
export function readSecrets(raw: RawSettings): Secrets {
  const paymentHttpToken = raw.PAYMENT_HTTP_TOKEN
  if (raw.JWT_SECRET !== '' && raw.COOKIE_SECRET !== '') {
    return { jwt: raw.JWT_SECRET, cookie: raw.COOKIE_SECRET, paymentHttpToken }
  }
  const { jwt, cookie } = keptSecrets(raw.DATA_DIR)
  return { jwt: raw.JWT_SECRET || jwt, cookie: raw.COOKIE_SECRET || cookie, paymentHttpToken }
}

function keptSecrets(folder: string): Secrets {
  const file = join(folder, 'secrets.json')
  mkdirSync(folder, { recursive: true })
  try {
    const text = JSON.stringify({ jwt: newSecret(), cookie: newSecret() })
    // "wx" fails where the file exists, so two processes starting together agree on one.
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return JSON.parse(readFileSync(file, 'utf8')) as Secrets
}

const newSecret = () => randomBytes(32).toString('base64url')
