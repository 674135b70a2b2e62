import type { Model } from './model.ts'
import {
  adding,
  buying,
  clearing,
  looking,
  setting,
  signingIn,
  type CheckoutPlan,
  type Operation,
} from './operations.ts'
import type { Random } from './random.ts'
import {
  closing,
  expirer,
  extending,
  reconciler,
  relay,
  repricing,
  restating,
  restocking,
  sweeper,
} from './staff.ts'
import type { ChargeFate, Luck } from './stage.ts'
import { choosePriceAndStock, customers, sessions, type World } from './world.ts'
import type { Article, LineName, Shopper } from './state.ts'

const kinds = {
  adding: 36,
  setting: 8,
  clearing: 2,
  buying: 30,
  repeating: 24,
  signingIn: 4,
  repricing: 5,
  restating: 3,
  restocking: 7,
  extending: 1,
  closing: 1,
  reconciling: 18,
  expiring: 6,
  sweeping: 2,
  relaying: 2,
} as const

type Kind = keyof typeof kinds

const fates: Readonly<Record<ChargeFate, number>> = {
  approved: 30,
  declined: 10,
  failed: 6,
  'lost before charging': 7,
  'lost after charging': 7,
  'lost after declining': 3,
  'sent late': 18,
  'travels slowly': 7,
  'answers slowly': 7,
  'dies before charging': 4,
  'dies while it travels': 4,
  'dies after charging': 4,
}

const repeatsKept = 5

/** What everybody in a group is after, so that they get in each other's way. */
interface Focus {
  readonly shopper: Shopper | undefined
  readonly sku: string | undefined
}

/** Chooses what happens next. It looks at the model, so that most of it makes sense. */
export class Workload {
  readonly #world: World
  readonly #random: Random
  /** Requests with a key, to be sent once more, as they were or with another body. */
  readonly #repeats: (() => Operation)[] = []
  #keyCount = 0
  #variantCount = 0
  #waiting: readonly Operation[] = []
  #focus: Focus = { shopper: undefined, sku: undefined }

  constructor(world: World) {
    this.#world = world
    this.#random = world.random
  }

  get #model(): Model {
    return this.#world.model
  }

  /** Use-cases that run at the same time; `waiting` are those that got no answer yet. */
  group(waiting: readonly Operation[]): Operation[] {
    this.#waiting = waiting
    const random = this.#random
    const size = random.weighted({ 1: 60, 2: 18, 3: 12, 4: 6, 5: 4 })
    this.#focus = { shopper: undefined, sku: undefined }
    if (size === '1') return [random.chance(6) ? this.#looking() : this.#operation()]
    if (random.chance(35)) this.#focus = { shopper: this.#shopper(), sku: undefined }
    else if (random.chance(60)) this.#focus = { shopper: undefined, sku: this.#sku() }
    return Array.from({ length: Number(size) }, () => this.#operation())
  }

  luck(): Luck {
    const random = this.#random
    const dies = { transaction: random.between(1, 3), isCommitted: random.chance(50) }
    const charge = random.weighted(fates)
    return {
      charge,
      failingPercent: random.pick([0, 0, 20, 60]),
      startTurns: random.pick([0, 0, 0, 1, 2]),
      // Who charges long after the shop has given up and then dies is the one that nobody finds:
      // the limit that docs/reliability.md tells of.
      dies: random.chance(5) && charge !== 'sent late' ? dies : undefined,
      // Its own numbers: how long one waits must not change what others do next.
      random: random.fork(),
    }
  }

  /** When nothing goes wrong any more. */
  calm(): Luck {
    return {
      charge: 'approved',
      failingPercent: 0,
      startTurns: 0,
      dies: undefined,
      random: this.#random.fork(),
    }
  }

  #operation(): Operation {
    const kind = this.#random.weighted(kinds)
    return this.#makers[kind]()
  }

  readonly #makers: Readonly<Record<Kind, () => Operation>> = {
    adding: () => this.#adding(),
    setting: () => this.#setting(),
    clearing: () => this.#clearing(),
    buying: () => this.#buying(),
    repeating: () => this.#repeating(),
    signingIn: () =>
      signingIn(this.#world, this.#random.pick(customers), this.#random.pick(sessions)),
    repricing: () => this.#repricing(),
    restating: () => this.#restating(),
    restocking: () => this.#restocking(),
    extending: () => this.#extending(),
    closing: () =>
      this.#random.chance(20)
        ? closing(this.#world, this.#random.pick(customers))
        : this.#restocking(),
    reconciling: () => reconciler,
    expiring: () => expirer,
    sweeping: () => sweeper,
    relaying: () => relay(this.#world),
  }

  #shopper(): Shopper {
    if (this.#focus.shopper) return this.#focus.shopper
    const customer = this.#random.pick(customers)
    const session = this.#random.pick(sessions)
    if (this.#random.chance(45)) return { customer: undefined, session }
    return { customer, session: this.#random.chance(30) ? session : undefined }
  }

  #sku(): string {
    if (this.#focus.sku !== undefined && this.#random.chance(85)) return this.#focus.sku
    return this.#random.pick([...this.#model.variants.keys()])
  }

  #article(): Article {
    if (this.#random.chance(2)) return { sku: 'nothing' }
    if (this.#random.chance(80)) return { sku: this.#sku() }
    const product = this.#random.pick([...this.#model.products.keys()])
    return { product, anyVariant: this.#random.chance(50) }
  }

  /** Mostly none, sometimes the right one, and now and then one that is out of date. */
  #version(current: number | undefined): number | undefined {
    if (!this.#random.chance(25)) return undefined
    return Math.max((current ?? 0) - (this.#random.chance(30) ? 1 : 0), 0)
  }

  #key(percent: number): string | undefined {
    return this.#random.chance(percent) ? `key-${++this.#keyCount}` : undefined
  }

  #repeating(): Operation {
    const latest = this.#repeats.at(-1)
    if (this.#waiting.length > 0 && this.#random.chance(40)) return this.#random.pick(this.#waiting)
    if (!latest) return this.#adding()
    return this.#random.chance(50) ? latest() : this.#random.pick(this.#repeats)()
  }

  #remember(again: () => Operation): void {
    this.#repeats.push(again)
    if (this.#repeats.length > repeatsKept) this.#repeats.shift()
  }

  #adding(): Operation {
    const shopper = this.#shopper()
    const wish = {
      shopper,
      article: this.#article(),
      quantity: this.#random.pick([1, 1, 1, 2, 3, 7]),
      version: this.#version(this.#model.cartOf(shopper)?.version),
      key: this.#key(25),
    }
    if (wish.key !== undefined) {
      this.#remember(() => adding(this.#world, wish))
      if (this.#random.chance(10)) {
        this.#remember(() => adding(this.#world, { ...wish, quantity: wish.quantity + 1 }))
      }
    }
    return adding(this.#world, wish)
  }

  #setting(): Operation {
    const shopper = this.#shopperWithGoods()
    const cart = this.#model.cartOf(shopper)
    const numbers = cart?.lines.map(({ number }) => number) ?? []
    const line = numbers.length > 0 ? this.#random.pick(numbers) : 1
    const product = this.#random.pick([...this.#model.products.keys()])
    const at: LineName = this.#random.chance(80) ? { line } : { product }
    const quantity = this.#random.pick([0, 0, 1, 2, 3, 5])
    return setting(this.#world, { shopper, at, quantity, version: this.#version(cart?.version) })
  }

  #clearing(): Operation {
    const shopper = this.#shopper()
    return clearing(this.#world, shopper, this.#version(this.#model.cartOf(shopper)?.version))
  }

  #looking(): Operation {
    return looking(this.#world, this.#shopper())
  }

  #buying(): Operation {
    const random = this.#random
    const shopper = this.#shopperWithGoods()
    const plan: CheckoutPlan = {
      shopper,
      key: this.#key(85),
      version: this.#version(this.#model.cartOf(shopper)?.version),
      shipping: random.pick([undefined, undefined, 'standard', 'express', 'pickup']),
      payment: random.weighted({ test: 80, manual: 18, barter: 2 }),
      hasEmail: !random.chance(3),
    }
    const wish = random.chance(3) ? { ...plan, shipping: 'pigeon' } : plan
    if (wish.key !== undefined) {
      this.#remember(() => buying(this.#world, wish))
      // A shopper who is not answered asks again and again.
      this.#remember(() => buying(this.#world, wish))
      if (random.chance(10)) {
        this.#remember(() => buying(this.#world, { ...wish, shipping: 'express' }))
      }
    }
    return buying(this.#world, wish)
  }

  /** Mostly somebody who has something in the cart. */
  #shopperWithGoods(): Shopper {
    const someone = this.#shopper()
    if (this.#random.chance(10) || this.#hasGoods(someone)) return someone
    const filled = [...this.#model.carts.values()].filter(
      ({ lines, status }) => lines.length > 0 && status === 'open',
    )
    if (filled.length === 0) return someone
    const [kind, name] = this.#random.pick(filled).owner.split(' ')
    if (kind === 'session') return { customer: undefined, session: name }
    return kind === 'customer' ? { customer: name, session: undefined } : someone
  }

  #hasGoods(shopper: Shopper): boolean {
    return (this.#model.cartOf(shopper)?.lines.length ?? 0) > 0
  }

  #repricing(): Operation {
    const sku = this.#sku()
    const { price } = choosePriceAndStock(this.#random)
    const product = this.#model.variants.get(sku)?.product ?? ''
    const version = this.#version(this.#model.products.get(product)?.version)
    return repricing(this.#world, { sku, price, version })
  }

  #restating(): Operation {
    const product = this.#random.pick([...this.#model.products.keys()])
    const status = this.#random.weighted({ active: 60, archived: 30, draft: 10 })
    const version = this.#version(this.#model.products.get(product)?.version)
    return restating(this.#world, { product, status, version })
  }

  #restocking(): Operation {
    const change = {
      sku: this.#random.chance(2) ? 'nothing' : this.#sku(),
      quantity: this.#random.pick([-7, -2, -1, 1, 2, 5, 12]),
      key: this.#key(30),
    }
    if (change.key !== undefined) this.#remember(() => restocking(this.#world, change))
    return restocking(this.#world, change)
  }

  #extending(): Operation {
    const product = this.#random.pick([...this.#model.products.keys()])
    const sku = this.#random.chance(20) ? this.#sku() : `${product}-new${++this.#variantCount}`
    return extending(this.#world, { product, sku, ...choosePriceAndStock(this.#random) })
  }
}
