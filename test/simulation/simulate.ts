import { createHash } from 'node:crypto'
import { audit } from '../../src/domains/audit/audit.ts'
import type { Context } from '../../src/context.ts'
import { Explanation, type Played } from './explain.ts'
import { chooseTime, deadlinesOf } from './moments.ts'
import { observe, type Observed } from './observe.ts'
import { finishing, type Prediction } from './predictions.ts'
import { Random } from './random.ts'
import { Run } from './stage.ts'
import { expirer, reconciler, relay, sweeper } from './staff.ts'
import type { Operation } from './operations.ts'
import { Workload } from './workload.ts'
import { openWorld, type World } from './world.ts'

export interface Options {
  readonly seed: number
  readonly steps: number
  readonly trace?: ((line: string) => void) | undefined
  /** Makes the shop break a promise on purpose, to see that it is noticed. */
  readonly sabotage?: ((ctx: Context) => Context) | undefined
}

export interface Result {
  readonly seed: number
  /** Of the whole trace: two runs of one seed must not differ in anything. */
  readonly hash: string
  readonly operations: number
  readonly orders: number
  /** How often each kind of answer was given. */
  readonly outcomes: ReadonlyMap<string, number>
  /** The most orders of events that had to be tried to explain one group. */
  readonly attemptsMax: number
}

/** Says what went wrong and by which command it goes wrong again. */
export class SimulationError extends Error {
  readonly seed: number

  constructor({ seed, steps }: Options, step: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const length = steps === stepsDefault ? '' : ` --steps ${steps}`
    super(
      `seed ${seed} failed at step ${step}:\n${reason}\n\n` +
        `Repeat it: npm run simulate -- --seed ${seed}${length} --trace`,
      { cause },
    )
    this.seed = seed
  }
}

export const stepsDefault = 60
const auditEvery = 20
const secondMs = 1_000

/** Plays one seed from an empty shop to the last settled payment. Throws SimulationError. */
export async function simulate(options: Options): Promise<Result> {
  await using world = await openWorld(new Random(options.seed), options.sabotage)
  const simulation = new Simulation(world, options)
  try {
    return await simulation.play()
  } catch (error) {
    throw new SimulationError(options, simulation.step, error)
  }
}

class Simulation {
  readonly #world: World
  readonly #options: Options
  readonly #workload: Workload
  readonly #hash = createHash('sha256')
  readonly #outcomes = new Map<string, number>()
  /** Checkouts whose provider lets them wait. */
  #waiting: Run[] = []
  #orders: ReadonlyMap<string, number> = new Map()
  #operations = 0
  #attemptsMax = 0
  /** Clocks may be set back, but what was once meant to happen later must still happen. */
  #latestTime: number
  step = 0

  constructor(world: World, options: Options) {
    this.#world = world
    this.#options = options
    this.#workload = new Workload(world)
    this.#latestTime = world.clock.time
  }

  async play(): Promise<Result> {
    await this.#explain([])
    while (this.step < this.#options.steps) {
      this.step += 1
      await this.#takeStep()
      if (this.step % auditEvery === 0) await this.#audit()
    }
    await this.#comeToRest()
    return {
      seed: this.#options.seed,
      hash: this.#hash.digest('hex'),
      operations: this.#operations,
      orders: this.#world.model.orders.size,
      outcomes: this.#outcomes,
      attemptsMax: this.#attemptsMax,
    }
  }

  async #takeStep(): Promise<void> {
    const { random } = this.#world
    switch (random.weighted({ group: 70, time: 18, arrival: 6, resumption: 4, restart: 1 })) {
      case 'group':
        return this.#playGroup(this.#nextGroup())
      case 'time':
        return this.#moveClock(chooseTime(this.#world))
      case 'arrival':
        return this.#deliver(this.#world.provider.arrivingBy(Infinity).slice(0, 1))
      case 'resumption':
        return this.#playGroup([])
      case 'restart':
        this.#say(`the process dies and starts again; ${this.#waiting.length} answers are lost`)
        this.#waiting = []
    }
  }

  #nextGroup(): Operation[] {
    return this.#workload.group(this.#waiting.map(({ operation }) => operation))
  }

  #say(text: string): void {
    const time = new Date(this.#world.clock.time).toISOString()
    const line = `${String(this.step).padStart(4)} ${time} ${text}`
    this.#hash.update(`${line}\n`)
    this.#options.trace?.(line)
  }

  /** Starts use-cases together, maybe with an answer that somebody has waited for. */
  async #playGroup(operations: readonly Operation[]): Promise<void> {
    const { random } = this.#world
    const resumed = this.#chooseAnswer(operations.length === 0 ? 100 : 12)
    const all = resumed.length > 0 && random.chance(60) ? [...operations, reconciler] : operations
    const fresh = all.map((operation) => new Run(this.#world, operation, this.#workload.luck()))
    await this.#playRuns(fresh, resumed)
  }

  /** Late answers like to come when the reconciler is about to look at the same order. */
  #chooseAnswer(percent: number): Run[] {
    const { random, model, clock } = this.#world
    if (this.#waiting.length === 0) return []
    const due = this.#waiting.findIndex((run) => {
      const order = model.orders.get(this.#orderOf(run))
      return order !== undefined && order.checkAt <= clock.time
    })
    if (due >= 0 && random.chance(50)) return this.#waiting.splice(due, 1)
    if (!random.chance(percent)) return []
    return this.#waiting.splice(random.below(this.#waiting.length), 1)
  }

  #orderOf(run: Run): number {
    return this.#orders.get(run.calls[0]?.key ?? '') ?? 0
  }

  async #playRuns(fresh: readonly Run[], resumed: readonly Run[]): Promise<void> {
    await Promise.all([...resumed.map((run) => run.resume()), ...fresh.map((run) => run.start())])
    const observed = await observe(this.#world)
    this.#orders = observed.orders
    const played = [
      ...resumed.map((run) => this.#playedLate(run)),
      ...fresh.map((run) => this.#playedNow(run)),
    ]
    this.#note(played)
    await this.#explain(played, observed)
    this.#waiting.push(...fresh.filter(({ ending }) => ending === 'waiting'))
  }

  #playedNow(run: Run): Played {
    const { operation, ending, outcome, calls, transactions } = run
    return {
      label: operation.label,
      ending: ending === 'running' ? 'dead' : ending,
      outcome,
      transactions,
      heard: calls.map(({ key, ...call }) => ({ ...call, order: this.#orders.get(key) ?? 0 })),
      predict: operation.predict,
    }
  }

  /** The rest of a checkout whose provider answers at last. */
  #playedLate(run: Run): Played {
    const order = this.#orderOf(run)
    const { answer } = run.calls[0] ?? { answer: 'none' as const }
    return {
      ...this.#playedNow(run),
      label: `order ${order} hears from its provider`,
      predict: (model) =>
        typeof answer === 'string'
          ? failing(`an answer from the provider, not ${answer}`)
          : finishing(model, order, { key: run.operation.key, outcome: answer }),
    }
  }

  #note(played: readonly Played[]): void {
    for (const { label, ending, outcome } of played) {
      const answer = ending === 'answered' ? outcome : ending
      this.#say(`${played.length > 1 ? '| ' : ''}${label} → ${answer}`)
      const kind = kindOf(answer)
      this.#outcomes.set(kind, (this.#outcomes.get(kind) ?? 0) + 1)
      this.#operations += 1
    }
  }

  async #explain(played: readonly Played[], known?: Observed): Promise<void> {
    const world = this.#world
    world.model.now = world.clock.time
    const explanation = new Explanation(world.model, played, known ?? (await observe(world)))
    world.model = explanation.find()
    this.#attemptsMax = Math.max(this.#attemptsMax, explanation.attempts)
  }

  async #moveClock(byMs: number): Promise<void> {
    const { clock, provider } = this.#world
    await this.#deliver(provider.arrivingBy(clock.time + byMs))
    clock.time += byMs
    this.#latestTime = Math.max(this.#latestTime, clock.time)
    this.#say(`time moves by ${byMs / secondMs} s`)
  }

  /** Requests on their way to the provider get there, and money moves. */
  #deliver(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#world.provider.arrive(key)
      this.#say(`the charge ${key.slice(-4)} arrives at the provider`)
    }
    return Promise.resolve()
  }

  async #audit(): Promise<void> {
    const violations = await audit(this.#world.ctx)
    if (violations.length > 0) throw new Error(`the audit finds: ${JSON.stringify(violations)}`)
  }

  /** Lets every answer come and every job run, until there is nothing left to do. */
  async #comeToRest(): Promise<void> {
    const { clock, provider, model, terms } = this.#world
    await this.#deliver(provider.arrivingBy(Infinity))
    for (const run of this.#waiting.splice(0)) await this.#playRuns([], [run])
    clock.time = Math.max(clock.time, this.#latestTime)
    // Every payment needs two looks at the most, and a refund one more.
    for (let round = 0; round < 6; round++) {
      clock.time += Math.max(terms.reconcileMs, terms.holdMs) + 1
      for (const operation of [expirer, reconciler, relay(this.#world)])
        await this.#playCalmly(operation)
    }
    clock.time = Math.max(clock.time, ...deadlinesOf(model)) + 1
    await this.#playCalmly(sweeper)
    await this.#audit()
    await this.#assertRest()
  }

  async #playCalmly(operation: Operation): Promise<void> {
    await this.#playRuns([new Run(this.#world, operation, this.#workload.calm())], [])
  }

  /** Nothing waits, and the provider holds what the books say. */
  async #assertRest(): Promise<void> {
    const { model, provider, ctx } = this.#world
    const { orders } = await observe(this.#world)
    for (const [id, number] of orders) {
      const { payment, totals } = model.order(number)
      if (payment === 'pending' || payment === 'refund_due') {
        throw new Error(`order ${number} is still ${payment}`)
      }
      const kept = payment === 'captured' ? totals.total : 0n
      const held = provider.heldMinor(id)
      if (BigInt(held) !== kept) {
        throw new Error(`order ${number} is ${payment}: ${held} at the provider, not ${kept}`)
      }
    }
    const strangers = provider.keys().filter((key) => !orders.has(key))
    if (strangers.length > 0) throw new Error(`charges without an order: ${strangers.join()}`)
    const [row] = await ctx.db.read.runner.all(
      `select count(*) as count from outbox where status <> 'delivered'`,
      [],
    )
    const { count } = row as { readonly count: number }
    if (count > 0) throw new Error(`${count} events were not delivered`)
    const named = await ctx.db.read.runner.all(namedAfterErasure, [])
    if (named.length > 0) throw new Error(`erased, and named: ${JSON.stringify(named)}`)
  }
}

/** Whoever closed their account while an order waited for its payment is not in it any more. */
const namedAfterErasure = `select o.number, o.email from orders o
  join order_events e on e.order_id = o.id and e.type in ('erasure_due', 'anonymised')
  where o.email not like 'erased-%@invalid'`

// oxlint-disable-next-line require-yield -- it ends before anything happens
function* failing(what: string): Prediction {
  return what
}

/** An answer without its numbers: `201 order paid again`, `INSUFFICIENT_STOCK`. */
function kindOf(answer: string): string {
  const [first = '', ...rest] = answer.split(' ')
  const words = rest.filter((word) => /^([A-Z_]{4,}|[a-z]{3,})$/.test(word))
  return [...(/^v?\d{1,2}$/.test(first) ? [] : [first]), ...words].join(' ')
}
