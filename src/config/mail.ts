import { join } from 'node:path'
import { ConfigError, flagOf, integerOf, type RawSettings } from './read.ts'

export interface MailConfig {
  readonly driver: 'folder' | 'smtp' | 'none'
  readonly from: { readonly name: string; readonly address: string }
  /** Where the driver `folder` keeps its messages. */
  readonly folder: string
  /** Who may see them at /dev/mail: `machine` is whoever sits at this one. */
  readonly preview: 'off' | 'machine' | 'everybody'
  readonly smtp: { readonly tls: 'auto' | 'required' | 'off'; readonly timeoutMs: number }
}

/** Throws ConfigError for settings that contradict each other. SMTP_URL is a secret: not here. */
export function mailConfig(raw: RawSettings, publicUrl: string): MailConfig {
  return {
    driver: raw.MAIL_DRIVER as MailConfig['driver'],
    from: senderOf(raw, publicUrl),
    folder: join(raw.DATA_DIR, 'mail'),
    preview: previewOf(raw, publicUrl),
    smtp: {
      tls: raw.SMTP_TLS as MailConfig['smtp']['tls'],
      timeoutMs: integerOf(raw.SMTP_TIMEOUT_MS),
    },
  }
}

const senderPattern = /^(?:(?<name>[^<>\p{C}]*?)\s*<(?<inner>[^<>]*)>|(?<bare>[^<>]*))$/u
const addressPattern = /^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$/u

function senderOf(raw: RawSettings, publicUrl: string): MailConfig['from'] {
  if (raw.MAIL_FROM === '') {
    if (raw.MAIL_DRIVER !== 'smtp') {
      const host = new URL(publicUrl).hostname
      return { name: raw.STORE_NAME, address: `no-reply@${host}` }
    }
    throw new ConfigError('MAIL_DRIVER is smtp: set MAIL_FROM to the address that mails come from')
  }
  const { name = raw.STORE_NAME, inner, bare } = senderPattern.exec(raw.MAIL_FROM)?.groups ?? {}
  const address = inner ?? bare ?? ''
  if (addressPattern.test(address)) return { name: name.replace(/^"(.*)"$/, '$1'), address }
  throw new ConfigError(`MAIL_FROM must be an address or "Name <address>", not "${raw.MAIL_FROM}"`)
}

/** An e-mail address alone, or nothing. */
export function optionalAddress(name: string, text: string): string | undefined {
  if (text === '') return undefined
  if (addressPattern.test(text)) return text
  throw new ConfigError(`${name} must be an e-mail address, not "${text}"`)
}

const ownHosts = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Mails hold links that open accounts: in production nobody sees them but those they are for. */
function previewOf(raw: RawSettings, publicUrl: string): MailConfig['preview'] {
  const isPossible = raw.MAIL_DRIVER === 'folder' && !flagOf(raw.PRODUCTION)
  if (raw.MAIL_PREVIEW === 'on') {
    if (isPossible) return 'everybody'
    throw new ConfigError('MAIL_PREVIEW=on goes with MAIL_DRIVER=folder and PRODUCTION=false only')
  }
  const isHere = ownHosts.test(new URL(publicUrl).hostname)
  return raw.MAIL_PREVIEW === 'auto' && isPossible && isHere ? 'machine' : 'off'
}
