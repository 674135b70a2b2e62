import type { CartLine, CartToPrice } from '../../src/core/pricing/cart.ts'
import { taxRulesOf, type TaxRate, type TaxRules } from '../../src/core/pricing/tax.ts'
import { ratio } from '../../src/core/ratio.ts'
import { formatMinor } from '../../src/core/money.ts'
import type { Promotion } from '../../src/core/promotion/apply.ts'
import type { RandomCase } from '../../src/core/testing.ts'
import { benefitKinds, conditionKinds } from '../../src/domains/promotion/kinds.ts'
import { categoryOf } from './table.ts'

const categories = ['a', 'b', 'c'].map(categoryOf)
const classes = ['standard', 'reduced', 'zero', 'none']

/** Any cart at all: of any currency, size, tax and promotions. */
export function randomCart(random: RandomCase): CartToPrice<string> {
  const currency = random.pick(['EUR', 'JPY', 'KWD'])
  const bitsMax = random.pick([3, 10, 20, 36])
  return {
    currency,
    lines: random.list(random.integer(0, 8), () => randomLine(random, bitsMax)),
    tax: randomTax(random),
    shipping: random.pick([undefined, { priceMinor: random.size(bitsMax) }]),
    promotions: random.list(random.integer(0, 5), () => randomPromotion(random, currency)),
    giftStock: new Map([[categories[0] ?? '', random.integer(0, 2)]]),
    at: random.integer(0, 2 ** 41),
  }
}

function randomLine(random: RandomCase, bitsMax: number): CartLine<string> {
  return {
    id: `line ${random.integer(0, 2 ** 50)}`,
    quantity: random.integer(0, random.pick([1, 3, 25, 99])),
    unitPriceMinor: random.size(bitsMax),
    productId: random.pick(categories),
    categories: random.pick([[], [random.pick(categories)]]),
    taxClass: random.pick(classes),
    isDiscountable: random.integer(0, 9) > 0,
  }
}

export function randomTax(random: RandomCase): TaxRules {
  const rateOf = (taxClass: string, index: number): TaxRate => ({
    name: `Tax ${index}`,
    taxClass,
    rate: ratio(BigInt(random.integer(0, 3000)), 10_000n),
    isCompound: random.integer(0, 2) === 0,
  })
  const zone = {
    code: 'zone',
    name: 'Zone',
    isInclusive: random.integer(0, 1) === 0,
    rounding: random.pick(['half-up', 'half-even', 'half-down', 'down', 'up'] as const),
    roundPer: random.pick(['total', 'line'] as const),
    shippingClass: random.pick([undefined, 'standard', 'reduced']),
    rates: ['standard', 'reduced', 'zero'].flatMap((name) =>
      random.list(random.integer(0, 3), () => rateOf(name, random.integer(0, 2))),
    ),
    hasReverseCharge: false,
  }
  return taxRulesOf(zone, 0, random.integer(0, 9) === 0 ? 'exempt' : undefined)
}

export const percentages = ['0.5', '10', '12.5', '33.333333', '50', '99', '100']

function randomBenefit(random: RandomCase, currency: string) {
  const amount = formatMinor(random.size(20), currency)
  const target = random.pick(['order', 'lines', 'shipping'])
  const percent = random.pick(percentages)
  const filter = random.pick([{}, { categories: [random.pick(categories)] }])
  const quantity = random.integer(2, 4)
  return random.pick([
    { kind: 'percentage', percent, target, ...filter },
    { kind: 'fixed', amount, target, ...filter },
    { kind: 'fixed_price', price: amount, ...filter },
    { kind: 'cheapest_free', of: quantity, free: random.integer(1, quantity), ...filter },
    { kind: 'buy_x_get_y', buy: quantity, get: random.integer(1, 3), percent, got: filter },
    { kind: 'free_shipping' },
    { kind: 'gift_article', variant: categories[0] },
  ])
}

export function randomPromotion(random: RandomCase, currency: string): Promotion {
  const { kind, ...parameters } = randomBenefit(random, currency)
  return promotionWith(random, { currency, kind, parameters })
}

export function promotionWith(
  random: RandomCase,
  written: { currency: string; kind: string; parameters: object },
): Promotion {
  const { currency, kind, parameters } = written
  const bound = benefitKinds.get(kind)?.bind(parameters as never, { currency })
  const subtotal = conditionKinds.get('subtotal')
  const parametersOfCheck = { at_least: formatMinor(random.size(12), currency) }
  const check = subtotal?.bind(parametersOfCheck as never, { currency })
  if (!bound || !check) throw new Error(`there is no ${kind}`)
  return {
    id: `promotion ${random.integer(0, 2 ** 50)}`,
    name: kind,
    priority: random.integer(0, 3),
    group: random.pick([undefined, undefined, 'group']),
    isExclusive: random.integer(0, 7) === 0,
    currency,
    conditions: random.integer(0, 3) === 0 ? [{ kind: 'subtotal', check }] : [],
    benefit: { kind, ...bound },
  }
}

/** Cuts 0 … quantity into ranges anyhow. */
export function randomRanges(random: RandomCase, quantity: number): { from: number; to: number }[] {
  const cuts = random.list(random.integer(0, 3), () => random.integer(0, quantity))
  const ends = [...new Set([...cuts, quantity])].sort((left, right) => left - right)
  let from = 0
  return ends.map((to) => {
    const range = { from, to }
    from = to
    return range
  })
}
