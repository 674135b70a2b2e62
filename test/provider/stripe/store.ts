import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Entry } from '../ledger.ts'

/** An object of Stripe, as far as the shop looks at it. */
export interface StripeObject {
  readonly id: string
  readonly object: string
  readonly [field: string]: unknown
}

export interface StripeReply {
  readonly status: number
  readonly body: object
}

interface Remembered {
  readonly key: string
  /** Of the address and the parameters: another request by the same key is refused. */
  readonly request: string
  readonly reply: StripeReply
}

/** One line of the file: all that one request has changed. */
interface Line {
  readonly objects?: readonly StripeObject[]
  readonly remembered?: Remembered
  readonly entry?: Entry
}

/** What the provider knows, in a file: it survives being killed at any moment. */
export class Store {
  readonly objects = new Map<string, StripeObject>()
  readonly remembered = new Map<string, Remembered>()
  readonly #file: number
  #count = 0

  constructor(path: string) {
    for (const line of readLines(path)) this.#apply(line)
    this.#file = openSync(path, 'a')
  }

  /** Durable before it returns. */
  append(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
    fsyncSync(this.#file)
    this.#apply(line)
  }

  newId(prefix: string): string {
    return `${prefix}_${process.pid}x${++this.#count}x${Date.now()}`
  }

  list(object: string): StripeObject[] {
    return [...this.objects.values()].filter((one) => one.object === object)
  }

  #apply({ objects = [], remembered }: Line): void {
    for (const one of objects) this.objects.set(one.id, one)
    if (remembered) this.remembered.set(remembered.key, remembered)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

/** Every line that was written whole. */
function readLines(path: string): Line[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Line)
}

/** What happened to money, in order. */
export function readStripeEntries(path: string): Entry[] {
  return readLines(path).flatMap(({ entry }) => (entry ? [entry] : []))
}
