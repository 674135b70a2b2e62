import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

export interface Charge {
  readonly key: string
  readonly id: string
  readonly amount: number
  readonly currency: string
  status: 'captured' | 'declined' | 'refunded'
}

/** One line of the file: what has happened to money. */
export interface Entry {
  readonly what: 'charged' | 'declined' | 'refunded'
  readonly key: string
  readonly amount: number
  readonly currency: string
}

/** What the provider knows, kept in a file: it survives being killed at any moment. */
export class Ledger implements Disposable {
  readonly charges = new Map<string, Charge>()
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

  #apply({ what, key, amount, currency }: Entry): Charge {
    const status = what === 'charged' ? 'captured' : what
    const charge: Charge = { key, id: `ch_${key}`, amount, currency, status }
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
