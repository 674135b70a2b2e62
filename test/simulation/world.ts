import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { minor } from '../../src/core/money.ts'
import { createCategory } from '../../src/domains/catalog/categories.ts'
import { createProduct } from '../../src/domains/catalog/writes.ts'
import { insertCustomer } from '../../src/domains/customer/queries.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { Model } from './model.ts'
import type { Terms } from './naive-prices.ts'
import { Provider } from './provider.ts'
import type { Random } from './random.ts'

const currencies = [
  { code: 'USD', minorPerUnit: 100n },
  { code: 'JPY', minorPerUnit: 1n },
  { code: 'KWD', minorPerUnit: 1_000n },
] as const

const taxRates = [
  { text: '8.25%', taxParts: 825n, taxWhole: 10_000n },
  { text: '19%', taxParts: 19n, taxWhole: 100n },
  { text: '0.2', taxParts: 1n, taxWhole: 5n },
  { text: '7.7%', taxParts: 77n, taxWhole: 1_000n },
  { text: '0.333333', taxParts: 333_333n, taxWhole: 1_000_000n },
  { text: '0', taxParts: 0n, taxWhole: 1n },
] as const

/** Nights on which clocks are moved, and other places where dates go wrong. */
const starts = [
  '2026-03-29T00:59:30Z',
  '2026-10-25T00:30:00Z',
  '2026-11-01T05:45:00Z',
  '2026-12-31T23:50:00Z',
  '2028-02-28T23:40:00Z',
  '2026-06-15T12:00:00Z',
] as const

export const sessions = ['s1', 's2', 's3'] as const
export const customers = ['ada', 'bob', 'cy'] as const
const prices = [0, 1, 3, 99, 333, 999, 1_999, 4_999, 10_007, 123_456] as const

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** A shop in memory with its own time, its provider, and the model of what it should be. */
export interface World extends AsyncDisposable {
  readonly ctx: Context
  readonly provider: Provider
  readonly terms: Terms
  readonly clock: { now(): number; time: number }
  readonly random: Random
  /** Names that the simulation uses, and the ids that the shop has given. */
  readonly ids: {
    readonly customers: Map<string, string>
    readonly variants: Map<string, string>
    /** Of the idempotency keys that the shop knows. */
    readonly claims: Set<string>
  }
  readonly products: Map<string, string>
  readonly count: { transactions: number }
  model: Model
}

export async function openWorld(
  random: Random,
  sabotage: (ctx: Context) => Context = (ctx) => ctx,
): Promise<World> {
  const clock = { time: Date.parse(random.pick(starts)), now: () => clock.time }
  const { settings, terms } = chooseTerms(random)
  const ctx = await createContext({
    config: configOf({
      ...readSettings({}),
      ...settings,
      MAIL_DRIVER: 'none',
      DATABASE_URL: 'sqlite::memory:',
    }),
    secrets: { jwt: 'j'.repeat(43), cookie: 'c'.repeat(43) },
    log: createLog('silent'),
    clock,
    newId: countingIds(clock),
  })
  await prepareShop(ctx)
  const world: World = {
    ctx: sabotage(ctx),
    provider: new Provider(),
    terms,
    clock,
    random,
    ids: { customers: new Map(), variants: new Map(), claims: new Set<string>() },
    products: new Map(),
    count: { transactions: 0 },
    model: new Model(terms),
    [Symbol.asyncDispose]: () => ctx[Symbol.asyncDispose](),
  }
  await addCustomers(world)
  await addProducts(world)
  return world
}

function chooseTerms(random: Random) {
  const currency = random.pick(currencies)
  const { text, ...rate } = random.pick(taxRates)
  const [isInclusive, isShippingTaxed] = [random.chance(50), random.chance(50)]
  const [holdMinutes, reconcileSeconds] = [random.pick([3, 15]), random.pick([10, 30])]
  const [keyHours, cartDays] = [random.pick([1, 24]), random.pick([1, 30])]
  return {
    settings: {
      STORE_CURRENCY: currency.code,
      TAX_RATE: text,
      TAX_INCLUSIVE: String(isInclusive),
      TAX_ON_SHIPPING: String(isShippingTaxed),
      HOLD_MINUTES: String(holdMinutes),
      RECONCILE_AFTER_SECONDS: String(reconcileSeconds),
      IDEMPOTENCY_HOURS: String(keyHours),
      CART_DAYS: String(cartDays),
    },
    terms: {
      ...rate,
      isInclusive,
      isShippingTaxed,
      minorPerUnit: currency.minorPerUnit,
      holdMs: holdMinutes * minuteMs,
      reconcileMs: reconcileSeconds * 1_000,
      cartMs: cartDays * 24 * hourMs,
      keyMs: keyHours * hourMs,
    },
  }
}

/** UUIDv7 made from the time and a count, so that ids sort in the order in which they were made. */
function countingIds(clock: { now(): number }): () => string {
  let count = 0
  let latest = 0
  return () => {
    latest = Math.max(latest, clock.now())
    const time = latest.toString(16).padStart(12, '0')
    const tail = (++count).toString(16).padStart(12, '0')
    return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`
  }
}

async function addCustomers({ ctx, ids, model }: World): Promise<void> {
  const now = ctx.clock.now()
  for (const name of customers) {
    const id = ctx.newId()
    // Registering takes 30 ms of hashing on another thread, and order is what this is all about.
    await ctx.db.transaction((tx) =>
      insertCustomer(tx, {
        id,
        username: name,
        email: `${name}@example.com`,
        first_name: name,
        last_name: null,
        postal_address: null,
        password_hash: 'none',
        role: 'customer',
        email_verified_at: null,
        created_at: now,
        updated_at: now,
      }),
    )
    ids.customers.set(name, id)
    model.accounts.add(name)
  }
}

async function addProducts(world: World): Promise<void> {
  const { ctx, random, model, products } = world
  const shelf = await createCategory(ctx, { name: 'Shelf', description: '' })
  for (const name of ['p1', 'p2', 'p3']) {
    const count = random.pick([1, 1, 2, 3])
    const variants = Array.from({ length: count }, (_, index) => ({
      sku: `${name}-${'abc'[index]}`,
      ...choosePriceAndStock(random),
    }))
    const id = await createProduct(ctx, {
      name,
      slug: name,
      description: 'A thing',
      categoryId: random.chance(50) ? shelf : null,
      variants: variants.map(({ price, ...rest }) => ({ ...rest, priceMinor: minor(price) })),
    })
    products.set(name, id)
    model.addProduct(name)
    for (const variant of variants) {
      model.stock(name, { ...variant, price: BigInt(variant.price) })
    }
  }
}

export function choosePriceAndStock(random: Random): { price: number; onHand: number } {
  return { price: random.pick(prices), onHand: random.pick([0, 1, 2, 3, 5, 8, 20]) }
}
