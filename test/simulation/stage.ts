import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context } from '../../src/context.ts'
import { ShopError } from '../../src/core/errors.ts'
import type { Tx } from '../../src/db/database.ts'
import { outsideTransactions } from '../../src/db/scope.ts'
import type {
  AuthoriseRequest,
  OperationOutcome,
  OperationRequest,
  PaymentDriver,
  DecidedOutcome,
} from '../../src/drivers/payment/driver.ts'
import { manualPayment } from '../../src/drivers/payment/manual.ts'
import type { Operation } from './operations.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

/** What the provider makes of a charge, and what becomes of its answer. */
export type ChargeFate =
  | 'approved'
  | 'declined'
  | 'failed'
  | 'lost before charging'
  | 'lost after charging'
  | 'lost after declining'
  | 'sent late'
  | 'travels slowly'
  | 'answers slowly'
  | 'dies before charging'
  | 'dies while it travels'
  | 'dies after charging'

/** What happens to one use-case, decided before it starts. */
export interface Luck {
  readonly charge: ChargeFate
  /** How often a call to ask or refund fails, before or after it acted. */
  readonly failingPercent: number
  /** Turns of the event loop before the start, to mix with what runs at the same time. */
  readonly startTurns: number
  /** The process dies with its n-th transaction, just before or just after its COMMIT. */
  readonly dies: { readonly transaction: number; readonly isCommitted: boolean } | undefined
  readonly random: Random
}

/** What the provider said, as this use-case heard it; `none` if it heard nothing and waits. */
export type Answer = DecidedOutcome | 'absent' | 'refunded' | 'thrown' | 'none'

export interface ProviderCall {
  readonly kind: 'charge' | 'find' | 'refund'
  readonly key: string
  readonly amountMinor: number | undefined
  answer: Answer
}

class DiedError extends Error {}

const nothingEver = new Promise<never>(() => undefined)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

/**
 * One use-case under way, on a context of its own: its calls to the provider are written down, and
 * it can be stopped for ever at any transaction or call, as if its process had died.
 */
export class Run {
  readonly operation: Operation
  readonly luck: Luck
  readonly calls: ProviderCall[] = []
  /** Which of all transactions were its own and did not fail, since it last started. */
  readonly transactions: number[] = []
  ending: 'running' | 'answered' | 'waiting' | 'dead' = 'running'
  outcome = ''
  readonly #world: World
  #begun = 0
  #stopped = Promise.withResolvers<void>()
  #answered: Promise<void> = Promise.resolve()
  #release: (() => void) | undefined

  constructor(world: World, operation: Operation, luck: Luck) {
    this.#world = world
    this.operation = operation
    this.luck = luck
  }

  /** Runs until there is an answer, the provider keeps it waiting, or it is dead. */
  async start(): Promise<void> {
    this.#answered = this.#run()
    await Promise.race([this.#answered, this.#stopped.promise])
  }

  /** The provider answers at last. */
  async resume(): Promise<void> {
    this.ending = 'running'
    this.transactions.length = 0
    this.#stopped = Promise.withResolvers()
    await turns(this.luck.random.below(10))
    this.#release?.()
    await Promise.race([this.#answered, this.#stopped.promise])
  }

  async #run(): Promise<void> {
    await turns(this.luck.startTurns)
    try {
      this.outcome = await this.operation.run(this.#context())
    } catch (error) {
      this.outcome = describeError(error)
    }
    this.ending = 'answered'
  }

  #context(): Context {
    const { ctx } = this.#world
    const payment = new Map([
      ['manual', manualPayment],
      ['test', outsideTransactions('payment test', this.#driver())],
    ])
    const transaction = <T>(work: (tx: Tx) => Promise<T>) => this.#transaction(this.#noting(work))
    return { ...ctx, db: { ...ctx.db, transaction }, drivers: { ...ctx.drivers, payment } }
  }

  #noting<T>(work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<T> {
    return async (tx) => {
      const result = await work(tx)
      this.transactions.push(++this.#world.count.transactions)
      return result
    }
  }

  async #transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const { dies } = this.luck
    const { db } = this.#world.ctx
    if (++this.#begun !== dies?.transaction) return db.transaction(work)
    if (dies.isCommitted) await db.transaction(work)
    else await db.transaction(dyingAfter(work)).catch(passDeath)
    return this.#stop('dead')
  }

  async #stop(ending: 'waiting' | 'dead'): Promise<never> {
    this.ending = ending
    this.#stopped.resolve()
    return nothingEver
  }

  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#release = resolve
    this.ending = 'waiting'
    this.#stopped.resolve()
    await promise
  }

  #driver(): PaymentDriver {
    return {
      code: 'test',
      name: 'Simulated provider',
      offline: false,
      check: () => undefined,
      authorise: (request) => this.#charge(request),
      capture: neverAsked,
      cancel: neverAsked,
      refund: (request) => this.#refund(request),
      find: ({ key }) => this.#find(key),
    }
  }

  async #charge({ key, amountMinor }: AuthoriseRequest): Promise<DecidedOutcome> {
    const call: ProviderCall = { kind: 'charge', key, amountMinor, answer: 'none' }
    this.calls.push(call)
    await turns(this.luck.random.below(3))
    this.#world.provider.receive(key)
    call.answer = await this.#decide(key, amountMinor)
    await turns(this.luck.random.below(3))
    if (typeof call.answer === 'string') throw new Error('no answer from the provider')
    return call.answer
  }

  async #decide(key: string, amountMinor: number): Promise<DecidedOutcome | 'thrown'> {
    const { provider, clock, terms } = this.#world
    const failed = (code: string) => provider.book(key, amountMinor, { kind: 'failed', code })
    // A request is on its way for less time than the shop waits before it looks a second time.
    const travelling = { amountMinor, arrivesBy: clock.now() + terms.holdMs / 2 }
    switch (this.luck.charge) {
      case 'approved':
        return provider.capture(key, amountMinor)
      case 'declined':
        return failed('declined')
      case 'failed':
        return failed('provider_error')
      case 'lost before charging':
        return 'thrown'
      case 'lost after charging':
        provider.capture(key, amountMinor)
        return 'thrown'
      case 'lost after declining':
        failed('declined')
        return 'thrown'
      case 'sent late':
        // A process that stood still for a while: it must not matter for how long.
        await this.#wait()
        return provider.capture(key, amountMinor)
      case 'travels slowly':
        provider.send(key, travelling)
        await this.#wait()
        return provider.arrive(key)
      case 'answers slowly':
        provider.capture(key, amountMinor)
        await this.#wait()
        return provider.arrive(key)
      case 'dies before charging':
        return this.#stop('dead')
      case 'dies while it travels':
        provider.send(key, travelling)
        return this.#stop('dead')
      case 'dies after charging':
        provider.capture(key, amountMinor)
        return this.#stop('dead')
    }
  }

  async #find(key: string): Promise<DecidedOutcome | undefined> {
    const call: ProviderCall = { kind: 'find', key, amountMinor: undefined, answer: 'thrown' }
    this.calls.push(call)
    await turns(this.luck.random.below(3))
    if (this.#fails()) throw new Error('the provider cannot be asked')
    const outcome = this.#world.provider.find(key)
    call.answer = outcome ?? 'absent'
    await turns(this.luck.random.pick([0, 1, 2, 6]))
    return outcome
  }

  async #refund({ payment, amountMinor }: OperationRequest): Promise<OperationOutcome> {
    const { key } = payment
    const call: ProviderCall = { kind: 'refund', key, amountMinor, answer: 'thrown' }
    this.calls.push(call)
    await turns(this.luck.random.below(3))
    if (this.#fails()) throw new Error('the provider refunds nothing now')
    this.#world.provider.refund(key, amountMinor)
    if (this.#fails()) throw new Error('the answer to the refund was lost')
    call.answer = 'refunded'
    return { kind: 'done', reference: null }
  }

  #fails(): boolean {
    return this.luck.random.chance(this.luck.failingPercent)
  }
}

/** This shop collects everything at once. */
function neverAsked(): Promise<never> {
  throw new Error('the provider was asked for what this shop never does')
}

function dyingAfter<T>(work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<never> {
  return async (tx) => {
    await work(tx)
    throw new DiedError()
  }
}

function passDeath(error: unknown): void {
  if (!(error instanceof DiedError)) throw error
}

/** A refusal as one line; whatever is none keeps its message, which no model ever predicts. */
function describeError(error: unknown): string {
  if (!(error instanceof ShopError)) return `broke: ${String(error)}`
  const { code, details } = error
  if (code === 'INSUFFICIENT_STOCK') {
    return `${code} ${String(details['sku'])} ${String(details['available'])}`
  }
  if (code === 'VERSION_CONFLICT') return `${code} ${String(details['current'])}`
  if (code === 'PRODUCT_UNAVAILABLE') return `${code} ${String(details['sku'])}`
  if (code !== 'PRICE_CHANGED') return code
  const items = details['items'] as readonly { readonly sku: string }[]
  return `${code} ${items.map(({ sku }) => sku).join(',')}`
}
