import { composed } from './compose.ts'
import type { MailDriver, MailMessage } from './driver.ts'

export interface MemoryMail extends MailDriver {
  /** Oldest first, each once. */
  readonly sent: readonly MailMessage[]
}

/** Keeps what it is given; for tests. */
export function memoryMail(): MemoryMail {
  const sent = new Map<string, MailMessage>()
  return {
    code: 'memory',
    get sent() {
      return [...sent.values()]
    },
    async send(message) {
      composed(message, { name: '', address: 'shop@example.com' })
      if (!sent.has(message.id)) sent.set(message.id, message)
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
