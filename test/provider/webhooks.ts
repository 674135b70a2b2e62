import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { chance, type Webhooks } from './faults.ts'
import type { Charge } from './ledger.ts'

export const webhookSecret = 'whsec_of_the_fake_provider'

export interface ProviderEvent {
  readonly type: string
  readonly charge: Charge
}

/**
 * Tells a URL what happened, the way bad providers do: several times, late and in any order. Signed
 * as Standard Webhooks are; copies of one event have one id.
 */
export class WebhookSender {
  readonly #webhooks: Webhooks
  readonly #sign: Sign
  #count = 0

  constructor(webhooks: Webhooks, sign: Sign = standardHeaders) {
    this.#webhooks = webhooks
    this.#sign = sign
  }

  send(event: ProviderEvent): void {
    this.sendAs(`evt_${randomUUID()}`, event)
  }

  sendAs(id: string, event: object): void {
    const { seed, delayMaxMs, copies } = this.#webhooks
    const body = JSON.stringify(event)
    const number = ++this.#count
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = chance(seed, number, copy) * delayMaxMs
      void sleep(delayMs).then(() => this.#deliver(id, body))
    }
  }

  async #deliver(id: string, body: string): Promise<void> {
    await fetch(this.#webhooks.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#sign(id, body) },
      body,
      // Who does not answer is told again by the next copy, if there is one.
    }).catch(() => undefined)
  }
}

/** The headers that prove who sends. */
export type Sign = (id: string, body: string) => Record<string, string>

const standardHeaders: Sign = (id, body) => {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature(id, timestamp, body),
  }
}

export function signature(id: string, timestamp: string, body: string): string {
  const signed = `${id}.${timestamp}.${body}`
  return `v1,${createHmac('sha256', webhookSecret).update(signed).digest('base64')}`
}
