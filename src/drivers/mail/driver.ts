import { RefusedError } from '../../db/subscriber.ts'

export interface MailAddress {
  readonly name: string
  readonly address: string
}

export interface MailMessage {
  /**
   * Letters, digits, `.`, `_` and `-`, at most 100; best a UUIDv7. The same id is the same message:
   * it becomes its Message-ID (RFC 5322 §3.6.4), by which mail systems recognise a repetition.
   */
  readonly id: string
  /** One address without a name: `ada@example.com`. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** A way to get messages to people. */
export interface MailDriver extends AsyncDisposable {
  readonly code: string
  /**
   * Resolves when somebody else has taken over the message. Throws RefusedError when trying again
   * would not help, anything else when it may. A repetition (the same id) does no harm.
   */
  send(message: MailMessage): Promise<void>
  /** Deletes the messages to these addresses that it still has, where it keeps any. */
  forget?(addresses: readonly string[]): Promise<void>
}

const idPattern = /^[\w.-]{1,100}$/
/** Nothing that would need quotes, so that no address can turn into two, or into a header. */
const addressPattern = /^[^\s\p{C}"(),:;<>@[\\\]]{1,64}@[^\s\p{C}"(),:;<>@[\\\]]+$/u
const addressLengthMax = 254

export function isMailId(id: string): boolean {
  return idPattern.test(id)
}

export function isMailAddress(address: string): boolean {
  return address.length <= addressLengthMax && addressPattern.test(address)
}

/** Refuses what no driver can send. */
export function assertSendable({ id, to }: MailMessage): void {
  if (!isMailId(id)) throw new RefusedError('a mail has an id that cannot be its Message-ID')
  if (!isMailAddress(to)) throw new RefusedError('a mail is for something that is no address')
}
