import { getText, postText } from './client/connection.ts'

/** What the requests are made from. It goes to the client's process, so it is plain data. */
export interface Facts {
  readonly productCount: number
  /** Numbers of categories with enough in them to fill a page after filtering. */
  readonly categories: readonly number[]
  /** Searches of one or two words, taken from names of products. */
  readonly searches: readonly string[]
  /** Numbers of products of which there is more than any run can sell. */
  readonly articles: readonly number[]
}

/** A number from 0 up to, but not including, `limit`. */
export type Random = (limit: number) => number

/** What one connection does: requests to make ready, then one list of requests per operation. */
export interface Visitor {
  readonly prepare: readonly string[]
  next(): readonly string[]
}

export interface Place {
  readonly facts: Facts
  readonly random: Random
  /** Tells the sessions of this visitor from those of all others. */
  readonly name: string
}

export interface Scenario {
  readonly label: string
  /** The share of the bare server's rate that the shop is to reach. */
  readonly ratioMin: number
  /** What two idle cores are expected to give per second. */
  readonly expectedRate?: number
  visitor(place: Place): Visitor
}

/** The same numbers for the same seed, so that both servers get the same requests (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

const sorts = ['created_at', '-created_at', 'price', '-price', 'name', '-name'] as const

function pick<T>(random: Random, list: readonly T[]): T {
  const item = list[random(list.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

function reading(path: (place: Place) => string): Scenario['visitor'] {
  return (place) => ({ prepare: [], next: () => [getText(`/api/v1/products${path(place)}`)] })
}

/** Carts that a visitor adds to by turns. */
export const sessionsPerConnection = 8
const linesPerCart = 5

function addText(session: string, article: number, quantity: number): string {
  return postText('/api/v1/cart/items', session, JSON.stringify({ product_id: article, quantity }))
}

/** Adds to carts that hold five articles already, by turns: 256 sessions at 32 connections. */
function adding({ facts, random, name }: Place): Visitor {
  const carts = Array.from({ length: sessionsPerConnection }, (_, index) => ({
    session: `${name}-${index}`,
    articles: distinct(random, facts.articles, linesPerCart),
  }))
  const all = carts.flatMap(({ session, articles }) =>
    articles.map((article) => addText(session, article, 1)),
  )
  let turn = 0
  return {
    prepare: all,
    next() {
      const cart = carts[turn++ % carts.length]
      if (!cart) throw new Error('no cart')
      return [addText(cart.session, pick(random, cart.articles), 1 + random(3))]
    },
  }
}

function distinct(random: Random, list: readonly number[], count: number): number[] {
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(pick(random, list))
  return [...chosen]
}

/** A new session each time: an article into its cart, then the whole checkout. */
function buying(paymentMethod: 'manual' | 'test'): Scenario['visitor'] {
  const address = {
    name: 'Ada Lovelace',
    address: '12 St James Square',
    city: 'London',
    postal_code: 'SW1Y 4JH',
    country: 'GB',
  }
  const order = { shipping_info: address, payment_method: paymentMethod }
  return ({ facts, random, name }) => {
    let count = 0
    return {
      prepare: [],
      next() {
        const session = `${name}-${count++}`
        const body = JSON.stringify({ email: `${session}@example.com`, ...order })
        return [
          addText(session, pick(random, facts.articles), 1 + random(3)),
          postText('/api/v1/checkout', session, body),
        ]
      },
    }
  }
}

export const scenarios = {
  detail: {
    label: 'product detail',
    ratioMin: 0.6,
    expectedRate: 10_000,
    visitor: reading(({ facts, random }) => `/${1 + random(facts.productCount)}`),
  },
  first: {
    label: 'list of 20, first page, any sort',
    ratioMin: 0.6,
    expectedRate: 4_000,
    visitor: reading(({ random }) => `?sort=${pick(random, sorts)}`),
  },
  page50: {
    label: 'list of 20, pages 46 to 55, any sort',
    ratioMin: 0.6,
    expectedRate: 4_000,
    visitor: reading(({ random }) => `?page=${46 + random(10)}&sort=${pick(random, sorts)}`),
  },
  filtered: {
    label: 'list of 20, category + price + in stock',
    ratioMin: 0.6,
    expectedRate: 4_000,
    visitor: reading(
      ({ facts, random }) =>
        `?category=${pick(random, facts.categories)}&min_price=${5 + random(50)}` +
        `&max_price=${200 + random(800)}&in_stock=true`,
    ),
  },
  searched: {
    label: 'list of 20, searched',
    ratioMin: 0.6,
    expectedRate: 4_000,
    visitor: reading(({ facts, random }) => `?search=${pick(random, facts.searches)}`),
  },
  add: {
    label: 'add to a cart of five lines',
    ratioMin: 0.5,
    expectedRate: 3_000,
    visitor: adding,
  },
  manual: {
    label: 'whole checkout, manual payment',
    ratioMin: 0.5,
    expectedRate: 700,
    visitor: buying('manual'),
  },
  test: {
    label: 'whole checkout, test payment',
    ratioMin: 0.5,
    expectedRate: 700,
    visitor: buying('test'),
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

/** Names that stand for several scenarios on the command line. */
export const groups: Readonly<Record<string, readonly ScenarioName[]>> = {
  list: ['first', 'page50', 'filtered', 'searched'],
  checkout: ['manual', 'test'],
  reads: ['detail', 'first', 'page50', 'filtered', 'searched'],
}
