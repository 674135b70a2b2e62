import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

export interface Charge {
  readonly key: string
  readonly id: string
  readonly amount: number
  readonly currency: string
  readonly status: 'authorised' | 'captured' | 'declined' | 'cancelled' | 'refunded'
  /** What has gone back of it. */
  readonly refunded: number
}

/** One line of the file: what has happened to money. */
export interface Entry {
  readonly what: 'authorised' | 'charged' | 'declined' | 'cancelled' | 'refunded'
  readonly key: string
  readonly amount: number
  readonly currency: string
  /** The key of the capture or refund, which is made once for it. */
  readonly operation?: string
}

/** What the provider knows, kept in a file: it survives being killed at any moment. */
export class Ledger implements Disposable {
  readonly charges = new Map<string, Charge>()
  readonly operations = new Set<string>()
  readonly #file: number

  constructor(path: string) {
    for (const entry of readEntries(path)) this.#apply(entry)
    this.#file = openSync(path, 'a')
  }

  /** Durable before it returns. */
  append(entry: Entry): Charge {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
    fsyncSync(this.#file)
    return this.#apply(entry)
  }

  #apply({ what, key, amount, currency, operation }: Entry): Charge {
    if (operation !== undefined) this.operations.add(operation)
    const known = this.charges.get(key)
    const refunded = (known?.refunded ?? 0) + (what === 'refunded' ? amount : 0)
    // Of what was set aside a part may be collected; a refund leaves the amount as it is.
    const whole = what === 'refunded' ? (known?.amount ?? amount) : amount
    const made = what === 'charged' || what === 'refunded' ? 'captured' : what
    const status = refunded >= whole ? 'refunded' : made
    const charge: Charge = { key, id: `ch_${key}`, amount: whole, currency, status, refunded }
    this.charges.set(key, charge)
    return charge
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

/** Every line that was written whole. */
export function readEntries(path: string): Entry[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Entry)
}
