import type { AddressInfo } from 'node:net'
import { buildApp } from '../../src/app.ts'
import type { Context } from '../../src/context.ts'
import { uuidSource } from '../../src/ids.ts'
import { Connection } from '../client/connection.ts'
import {
  scenarios,
  seededRandom,
  type Facts,
  type ScenarioName,
  type Visitor,
} from '../scenarios.ts'
import { openContextOn } from './context.ts'
import { ConnectionRecorder, type Step } from './recorder.ts'
import type { Recording } from './script.ts'
import type { ServerKind } from './server.ts'

/** What one request asked of the database server. */
export interface RecordedRequest {
  /** Method and path. */
  readonly name: string
  readonly steps: readonly Step[]
}

export interface Recorded extends Recording {
  readonly requests: readonly RecordedRequest[]
}

/** Somebody whose operations are recorded. */
export interface Guest {
  readonly visitor: Visitor
  /** Texts that belong to the next operation alone. */
  readonly ownTexts: readonly string[]
}

/** Whether each operation is a whole checkout. */
export const isBuying = (name: ScenarioName) => name === 'manual' || name === 'test'

type Shop = Awaited<ReturnType<typeof buildApp>>['app']

/** A shop in this process: its clock stands still during an operation, and its ids are known. */
export class RecordingShop implements AsyncDisposable {
  readonly #ctx: Context
  readonly #app: Shop
  readonly #connection: Connection
  readonly #recorder: ConnectionRecorder
  readonly #facts: Facts
  readonly #state: State

  private constructor(parts: Parts) {
    this.#ctx = parts.ctx
    this.#app = parts.app
    this.#connection = parts.connection
    this.#recorder = parts.recorder
    this.#facts = parts.facts
    this.#state = parts.state
  }

  static async open(database: Place, facts: Facts): Promise<RecordingShop> {
    const state: State = { nowMs: Date.now(), ids: [] }
    const newId = uuidSource()
    const ctx = await openContextOn(database.url, {
      clock: { now: () => state.nowMs },
      newId: () => {
        const id = newId()
        state.ids.push(id)
        return id
      },
    })
    const { app } = await buildApp(ctx)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const connection = await Connection.open((app.server.address() as AddressInfo).port)
    const recorder = new ConnectionRecorder(database.kind)
    return new RecordingShop({ ctx, app, connection, recorder, facts, state })
  }

  /** A visitor who has done what has to be there before the first operation. */
  async prepare(name: ScenarioName, index: number): Promise<Guest> {
    const session = `recorded-${name}-${process.pid}-${index}`
    const { articles } = this.#facts
    const article = articles[index % articles.length] ?? 1
    // Every article is bought once; what is only read or added to is chosen by chance.
    const facts = isBuying(name) ? { ...this.#facts, articles: [article] } : this.#facts
    const random = seededRandom(index + 1)
    const visitor = scenarios[name].visitor({ facts, random, name: session })
    for (const text of visitor.prepare) await this.#request(text)
    // Who buys does it in a new session each time; others come back to theirs.
    return { visitor, ownTexts: isBuying(name) ? [`${session}-0`] : [] }
  }

  /** The next operation of a visitor. */
  async record({ visitor, ownTexts }: Guest): Promise<Recorded> {
    this.#state.ids = []
    this.#state.nowMs = Date.now()
    const requests: RecordedRequest[] = []
    for (const text of visitor.next()) requests.push(await this.#request(text))
    return {
      requests,
      steps: requests.flatMap(({ steps }) => steps),
      ownTexts: [...this.#state.ids, ...ownTexts],
      nowMs: this.#state.nowMs,
    }
  }

  async #request(text: string): Promise<RecordedRequest> {
    this.#recorder.take()
    const { status, body } = await this.#connection.request(text)
    const [name = ''] = text.split(' HTTP', 1)
    if (status >= 300) throw new Error(`${name} answered ${status}: ${body.toString()}`)
    return { name, steps: this.#recorder.take() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close()
    this.#recorder[Symbol.dispose]()
    await this.#app.close()
    await this.#ctx[Symbol.asyncDispose]()
  }
}

interface Place {
  readonly kind: ServerKind
  readonly url: string
}

interface State {
  nowMs: number
  ids: string[]
}

interface Parts {
  readonly ctx: Context
  readonly app: Shop
  readonly connection: Connection
  readonly recorder: ConnectionRecorder
  readonly facts: Facts
  readonly state: State
}

/** What is counted about the statements of a request. */
export interface Cost {
  readonly statements: number
  readonly transactions: number
  /** How often the shop waits for an answer; BEGIN and COMMIT are answered too. */
  readonly waits: number
}

export function costOf(steps: readonly Step[]): Cost {
  const count = (kind: Step['kind']) => steps.filter((step) => step.kind === kind).length
  return {
    statements: count('statement'),
    transactions: count('commit'),
    waits: steps.filter(({ joined }) => !joined).length,
  }
}
