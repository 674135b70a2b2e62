import type { DecidedOutcome } from '../../src/drivers/payment/driver.ts'

interface Charge {
  readonly amountMinor: number
  readonly outcome: DecidedOutcome
  readonly isRefunded: boolean
}

interface Travelling {
  readonly amountMinor: number
  readonly arrivesBy: number
}

/**
 * The books of a payment provider. It acts once per key; a request may travel for a while before
 * it gets here, whether or not anybody still waits for the answer.
 */
export class Provider {
  readonly #charges = new Map<string, Charge>()
  readonly #travelling = new Map<string, Travelling>()
  readonly #asked = new Set<string>()

  /** Notes a request to charge. The shop must send each key once only. */
  receive(key: string): void {
    if (this.#asked.has(key)) throw new Error(`the provider was told twice to charge ${key}`)
    this.#asked.add(key)
  }

  book(key: string, amountMinor: number, outcome: DecidedOutcome): DecidedOutcome {
    this.#charges.set(key, { amountMinor, outcome, isRefunded: false })
    return outcome
  }

  capture(key: string, amountMinor: number): DecidedOutcome {
    return this.book(key, amountMinor, { kind: 'captured', reference: `paid_${key}` })
  }

  find(key: string): DecidedOutcome | undefined {
    return this.#charges.get(key)?.outcome
  }

  refund(key: string, amountMinor: number): void {
    const charge = this.#charges.get(key)
    if (charge?.outcome.kind !== 'captured' || charge.amountMinor !== amountMinor) {
      throw new Error(`a refund of ${amountMinor} for ${key}, which was never charged`)
    }
    this.#charges.set(key, { ...charge, isRefunded: true })
  }

  send(key: string, travelling: Travelling): void {
    this.#travelling.set(key, travelling)
  }

  /** The request arrives: from now on the money has moved. */
  arrive(key: string): DecidedOutcome {
    const travelling = this.#travelling.get(key)
    this.#travelling.delete(key)
    if (travelling) return this.capture(key, travelling.amountMinor)
    const known = this.find(key)
    if (!known) throw new Error(`nothing is on its way for ${key}`)
    return known
  }

  /** The keys of requests that are here at the latest at that time. */
  arrivingBy(time: number): string[] {
    return [...this.#travelling]
      .filter(([, { arrivesBy }]) => arrivesBy <= time)
      .map(([key]) => key)
  }

  /** What this provider holds for the shop under a key. */
  heldMinor(key: string): number {
    const charge = this.#charges.get(key)
    if (charge?.outcome.kind !== 'captured' || charge.isRefunded) return 0
    return charge.amountMinor
  }

  keys(): string[] {
    return [...this.#charges.keys()]
  }
}
