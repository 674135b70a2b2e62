import type { SendMailOptions } from 'nodemailer'
import { assertSendable, type MailAddress, type MailMessage } from './driver.ts'

/** Loaded with the first message: a shop starts without it. */
export const nodemailer = () => import('nodemailer')

/** The message as nodemailer wants it; refuses what cannot be sent. */
export function composed(message: MailMessage, from: MailAddress): SendMailOptions {
  assertSendable(message)
  const { id, to, subject, text, html } = message
  return {
    messageId: `<${id}@${domainOf(from)}>`,
    from,
    to: { name: '', address: to },
    // Nobody but the one it is for, whatever could be read into the headers.
    envelope: { from: from.address, to: [to] },
    subject: oneLine(subject),
    text,
    html,
    // Holiday notices stay at home (RFC 3834 §5).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

const domainOf = ({ address }: MailAddress): string => address.slice(address.lastIndexOf('@') + 1)

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
