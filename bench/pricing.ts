import { minor, formatMinor } from '../src/core/money.ts'
import type { CartToPrice } from '../src/core/pricing/cart.ts'
import { priceCart } from '../src/core/pricing/price-cart.ts'
import { flatTax, taxRulesOf } from '../src/core/pricing/tax.ts'
import type { Promotion } from '../src/core/promotion/apply.ts'
import { ratio } from '../src/core/ratio.ts'
import { benefitKinds, conditionKinds } from '../src/domains/promotion/kinds.ts'

// What it costs to price a cart of 100 lines under 50 promotions that are all in force: CPU time of
// this process, so that a busy machine does not count. Run with: node bench/pricing.ts

const [lineCount, promotionCount, rounds] = [100, 50, 5_000]

const reading = { currency: 'EUR' }

/** Kinds of every sort, of which all are tried and most take something off. */
const written: readonly (readonly [string, object])[] = [
  ['percentage', { percent: '0.5', target: 'order' }],
  ['percentage', { percent: '1', target: 'lines' }],
  ['fixed', { amount: '0.10', target: 'order' }],
  ['buy_x_get_y', { buy: 5, get: 1, percent: '10', times_max: 1 }],
  ['cheapest_free', { of: 300, free: 1 }],
  ['fixed_price', { price: '250' }],
  ['percentage', { percent: '10', target: 'shipping' }],
]

const promotions = Array.from({ length: promotionCount }, (_, index): Promotion => {
  const [kind, parameters] = written[index % written.length] ?? ['', {}]
  const bound = benefitKinds.get(kind)?.bind(parameters as never, reading)
  const check = conditionKinds.get('subtotal')?.bind({ at_least: '50' } as never, reading)
  if (!bound || !check) throw new Error(`there is no ${kind}`)
  return {
    id: `promotion ${index}`,
    name: `Promotion ${index}`,
    priority: index % 5,
    group: undefined,
    isExclusive: false,
    currency: 'EUR',
    conditions: [{ kind: 'subtotal', check }],
    benefit: { kind, ...bound },
  }
})

const cart: CartToPrice<number> = {
  currency: 'EUR',
  lines: Array.from({ length: lineCount }, (_, index) => ({
    id: index,
    quantity: 1 + (index % 4),
    unitPriceMinor: minor(499 + index * 37),
    productId: `product ${index}`,
    variantId: `variant ${index}`,
    categories: [`category ${index % 10}`, 'all'],
  })),
  tax: taxRulesOf(flatTax({ rate: ratio(19n, 100n), isInclusive: true, isShippingTaxed: true }), 0),
  shipping: { priceMinor: minor(490) },
  promotions,
  at: 0,
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

const many = (times: number) => () => {
  for (let round = 0; round < times; round++) priceCart(cart)
}

many(500)()
const eachMs = Array.from({ length: 5 }, () => cpuMs(many(rounds / 5)) / (rounds / 5))
const priced = priceCart(cart)
const applied = priced.trials.filter(({ isApplied }) => isApplied).length
console.log(
  `${lineCount} lines, ${promotionCount} promotions of which ${applied} apply, total ` +
    `${formatMinor(priced.totalMinor, 'EUR')}: ${Math.min(...eachMs).toFixed(3)} to ` +
    `${Math.max(...eachMs).toFixed(3)} ms of CPU for one pricing`,
)
if (Math.min(...eachMs) > 1) process.exitCode = 1
