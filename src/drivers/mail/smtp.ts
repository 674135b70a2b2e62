import type { SMTPPoolOptions } from 'nodemailer'
import { ConfigError } from '../../config/read.ts'
import { RefusedError } from '../../db/subscriber.ts'
import { composed, nodemailer } from './compose.ts'
import type { MailAddress, MailDriver } from './driver.ts'

export type SmtpTls = 'auto' | 'required' | 'off'

export interface SmtpOptions {
  /** `smtp://user:password@host:port` (STARTTLS) or `smtps://…` (TLS from the first byte). */
  readonly url: string
  readonly from: MailAddress
  /** `auto`: required, but for a server on this machine. */
  readonly tls: SmtpTls
  /** For one message, all in all, and for every step of it. */
  readonly timeoutMs: number
  /** PEM of the authority that has signed the server's certificate, besides the known ones. */
  readonly ca?: string
}

export const connectionsMax = 5

/** Sends by a mail server, over a few connections that are kept for a while. */
export function smtpMail(options: SmtpOptions): MailDriver {
  const pool = poolOptions(options)
  const { from, timeoutMs } = options
  let transport: ReturnType<typeof openPool> | undefined
  return {
    code: 'smtp',
    async send(message) {
      const mail = composed(message, from)
      transport ??= openPool(pool)
      const { sendMail } = await transport
      try {
        await sendMail({ ...mail, signal: AbortSignal.timeout(timeoutMs) })
      } catch (error) {
        throw failureOf(error as SmtpFailure)
      }
    },
    async [Symbol.asyncDispose]() {
      const opened = await transport
      opened?.close()
    },
  }
}

async function openPool(options: SMTPPoolOptions & { pool: true }) {
  const { createTransport } = await nodemailer()
  const transport = createTransport(options)
  return {
    sendMail: (mail: Parameters<typeof transport.sendMail>[0]) => transport.sendMail(mail),
    close: () => transport.close(),
  }
}

function poolOptions(options: SmtpOptions): SMTPPoolOptions & { pool: true } {
  const { protocol, hostname, port, username, password } = readUrl(options.url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const isSecure = protocol === 'smtps:'
  const tls = tlsMode(options.tls, { host, isSecure })
  const { timeoutMs, ca } = options
  return {
    pool: true,
    maxConnections: connectionsMax,
    // A message whose connection breaks is tried again by its queue, which counts.
    maxRequeues: 0,
    idleTimeout: 10_000,
    host,
    port: port === '' ? (isSecure ? 465 : 587) : Number(port),
    secure: isSecure,
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'off',
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** Messages never repeat the URL: it holds a password. */
function readUrl(url: string): URL {
  if (url === '') throw new ConfigError('MAIL_DRIVER is smtp: set SMTP_URL')
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const isUsable =
    parsed && /^smtps?:$/.test(parsed.protocol) && parsed.hostname !== '' && isDecodable(parsed)
  if (!isUsable) {
    throw new ConfigError('SMTP_URL must be smtp://user:password@host:port or smtps://…')
  }
  if (parsed.search !== '' || !/^\/?$/.test(parsed.pathname)) {
    throw new ConfigError('SMTP_URL must end with the port; see SMTP_TLS and SMTP_TIMEOUT_MS')
  }
  return parsed
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function tlsMode(
  tls: SmtpTls,
  { host, isSecure }: { host: string; isSecure: boolean },
): 'required' | 'off' {
  if (isSecure && tls === 'off') throw new ConfigError('SMTP_URL is smtps://, but SMTP_TLS is off')
  if (tls !== 'auto') return tls
  return isSecure || !/^(localhost|127(\.\d+){3}|::1)$/.test(host) ? 'required' : 'off'
}

interface SmtpFailure extends Error {
  readonly code?: string
  readonly command?: string
  /** The server has said that the same again would be refused again (RFC 5321 §4.2.1). */
  readonly permanent?: boolean
}

/**
 * The server's word on this recipient or this message, if it is its last; on the sender or the
 * sign-in it speaks of our settings, which can be corrected while the message waits.
 */
function failureOf({ code, command, permanent, message }: SmtpFailure): Error {
  const isAboutMessage = command === 'RCPT TO' || command === 'DATA'
  // Made anew: what else stands in the error of a library may be more than a log should hold.
  if (permanent === true && isAboutMessage) return new RefusedError(message)
  return new Error(`mail not sent (${code ?? 'unknown'}): ${message}`)
}
