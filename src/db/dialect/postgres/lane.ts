import type { ClientBase, Connection, FieldDef } from 'pg'
import { Messages } from './messages.ts'
import { parserOf } from './types.ts'

/** What a statement came to. */
export interface Outcome {
  readonly rows: unknown[]
  /** What the server says that it did, such as `UPDATE 3` or `COMMIT`. */
  readonly tag: string
}

type Row = Record<string, unknown>

/** A statement as this connection has it prepared. */
class Prepared {
  readonly name: string
  #columns: readonly { readonly name: string; readonly parse: (text: string) => unknown }[] = []
  #empty: Row = {}

  constructor(name: string) {
    this.name = name
  }

  describe(fields: readonly FieldDef[]): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) }))
    this.#empty = Object.fromEntries(fields.map(({ name }) => [name, null]))
  }

  /** All rows have the same columns from the start: that makes them quick to fill. */
  rowOf(values: Values): Row {
    const row = { ...this.#empty }
    let at = 0
    for (const { name, parse } of this.#columns) {
      const text = values[at++]
      if (text !== null && text !== undefined) row[name] = parse(text)
    }
    return row
  }
}

type Values = readonly (string | null)[]

/** A statement under way. */
interface Step {
  readonly prepared: Prepared
  /** Rows as the server sent them. */
  readonly answers: Values[]
  tag: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs the statements of one connection in order. What is asked for within one turn of the event
 * loop is sent in one piece and answered in one piece, and statements are prepared and described
 * once: `pg` by itself would have every one of them described, synchronised and answered alone,
 * which costs the server and this process more than running it does.
 *
 * Those that travel together are to be one transaction, or one statement. After an error those
 * behind it have not run, and fail with it.
 */
export class Lane {
  readonly #client: ClientBase
  readonly #prepared = new Map<string, Prepared>()
  readonly #messages = new Messages()
  #gathered: Step[] = []
  /** Something has been sent, or is about to be, and what comes now has to wait. */
  #isBusy = false

  constructor(client: ClientBase) {
    this.#client = client
  }

  /** A statement with a `name` stays prepared under it. */
  async run(sql: string, params: readonly unknown[], name = ''): Promise<Outcome> {
    const prepared = this.#write(sql, params, name)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const step: Step = { prepared, answers: [], tag: '', resolve, reject }
    this.#gathered.push(step)
    this.#sendSoon()
    await promise
    return { rows: step.answers.map((values) => prepared.rowOf(values)), tag: step.tag }
  }

  #write(sql: string, params: readonly unknown[], name: string): Prepared {
    const known = this.#prepared.get(name)
    if (!known) this.#messages.prepare(name, sql)
    this.#messages.execute(name, params)
    const prepared = known ?? new Prepared(name)
    if (name !== '') this.#prepared.set(name, prepared)
    return prepared
  }

  /** When everybody who can go on now has said what is wanted. */
  #sendSoon(): void {
    if (this.#isBusy || this.#gathered.length === 0) return
    this.#isBusy = true
    queueMicrotask(() => process.nextTick(() => this.#send()))
  }

  #send(): void {
    const steps = this.#gathered
    this.#gathered = []
    this.#messages.sync()
    this.#client.query(
      new Batch(this.#messages.take(), steps, (failedAt) => {
        // Whether the server has prepared it is not known: it will be done anew.
        for (const { prepared } of steps.slice(failedAt)) this.#forget(prepared)
        this.#isBusy = false
        this.#sendSoon()
      }),
    )
  }

  #forget(prepared: Prepared): void {
    if (this.#prepared.get(prepared.name) === prepared) this.#prepared.delete(prepared.name)
  }
}

/** Statements that are sent and answered together, as `pg` wants to have a query of one's own. */
class Batch {
  /** Set by `pg`, which stops waiting when it is called. */
  callback: (() => void) | undefined
  readonly #bytes: Buffer
  readonly #steps: readonly Step[]
  readonly #end: (failedAt: number) => void
  #at = 0
  #isEnded = false

  constructor(bytes: Buffer, steps: readonly Step[], end: (failedAt: number) => void) {
    this.#bytes = bytes
    this.#steps = steps
    this.#end = end
  }

  submit({ stream }: Connection): void {
    if (stream.writable) stream.write(this.#bytes)
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#steps[this.#at]?.prepared.describe(fields)
  }

  handleDataRow({ fields }: { readonly fields: Values }): void {
    this.#steps[this.#at]?.answers.push(fields)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const step = this.#steps[this.#at]
    if (step) step.tag = text
    this.#at += 1
  }

  handleReadyForQuery(): void {
    for (const { resolve } of this.#steps) resolve()
    this.#finish(this.#steps.length)
  }

  handleError(error: unknown): void {
    // When every statement was answered, it is their end that has failed, and with it all of them.
    const failedAt = this.#at === this.#steps.length ? 0 : this.#at
    for (const [index, { resolve, reject }] of this.#steps.entries()) {
      if (index < failedAt) resolve()
      else reject(error)
    }
    this.#finish(failedAt)
  }

  /** A connection that ends may say so several times. */
  #finish(failedAt: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.callback?.()
    this.#end(failedAt)
  }
}
