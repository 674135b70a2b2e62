import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import type { CartToPrice } from '../../src/core/pricing/cart.ts'
import { priceCart } from '../../src/core/pricing/price-cart.ts'
import type { Promotion } from '../../src/core/promotion/apply.ts'
import { benefitKinds, conditionKinds } from '../../src/domains/promotion/kinds.ts'
import { categoryOf, taxOf } from './table.ts'

const shoes = categoryOf('shoes')
const hats = categoryOf('hats')
const product = categoryOf('p1')
const other = categoryOf('p2')
const group = categoryOf('gold')

const basket: CartToPrice<string> = {
  currency: 'EUR',
  tax: taxOf('0% excl'),
  at: Date.parse('2026-11-20T12:00:00Z'),
  lines: [
    {
      id: 'a',
      quantity: 2,
      unitPriceMinor: minor(1_000),
      productId: product,
      variantId: product,
      // The category of a product, and the one above it.
      categories: [categoryOf('sandals'), shoes],
    },
  ],
  buyer: { customerId: 'ada', groups: [group], orderCount: 0 },
  destination: { country: 'DE' },
}

interface Given {
  readonly conditions?: readonly (readonly [string, object])[]
  readonly benefit?: readonly [string, object]
  readonly promotion?: Partial<Promotion>
}

function promotion({ conditions = [], benefit, promotion: given }: Given): Promotion {
  const reading = { currency: 'EUR' }
  const [kind, parameters] = benefit ?? ['fixed', { amount: '1.00' }]
  const bound = benefitKinds.get(kind)?.bind(parameters as never, reading)
  assert.ok(bound, kind)
  return {
    id: 'one',
    name: 'One',
    priority: 0,
    group: undefined,
    isExclusive: false,
    currency: undefined,
    conditions: conditions.map(([name, wanted]) => {
      const check = conditionKinds.get(name)?.bind(wanted as never, reading)
      assert.ok(check, name)
      return { kind: name, check }
    }),
    benefit: { kind, ...bound },
    ...given,
  }
}

function tried(given: Given, cart: Partial<CartToPrice<string>> = {}) {
  const priced = priceCart({ ...basket, ...cart, promotions: [promotion(given)] })
  const [trial] = priced.trials
  assert.ok(trial)
  return { priced, trial }
}

interface Case {
  readonly condition: readonly [string, object]
  readonly cart?: Partial<CartToPrice<string>>
  /** Undefined: it holds. */
  readonly reason?: string
}

const nobody = { groups: [], orderCount: 0 }
const at = (text: string) => ({ at: Date.parse(text) })

const cases: readonly Case[] = [
  { condition: ['subtotal', { at_least: '20.00' }] },
  {
    condition: ['subtotal', { at_least: '20.01' }],
    reason: 'the goods cost 20.00, less than 20.01',
  },
  { condition: ['subtotal', { at_least: '20', categories: [shoes] }] },
  {
    condition: ['subtotal', { at_least: '20', categories: [hats] }],
    reason: 'the goods cost 0.00, less than 20.00',
  },
  { condition: ['quantity', { at_least: 2 }] },
  { condition: ['quantity', { at_least: 3 }], reason: 'there are 2 pieces, fewer than 3' },
  {
    condition: ['quantity', { at_least: 1, except_products: [product] }],
    reason: 'there are 0 pieces, fewer than 1',
  },
  {
    condition: ['quantity', { at_least: 1, except_categories: [shoes] }],
    reason: 'there are 0 pieces, fewer than 1',
  },
  { condition: ['products', { products: [other, product.toUpperCase()] }] },
  { condition: ['products', { products: [other] }], reason: 'none of its products is in the cart' },
  {
    condition: ['products', { products: [other, product], all: true }],
    reason: 'not all of its products are in the cart',
  },
  { condition: ['categories', { categories: [hats, shoes] }] },
  {
    condition: ['categories', { categories: [hats] }],
    reason: 'nothing in the cart is of its categories',
  },
  { condition: ['customer_group', { groups: [group] }] },
  {
    condition: ['customer_group', { groups: [hats] }],
    reason: 'the customer is in none of its groups',
  },
  {
    condition: ['customer_group', { groups: [group] }],
    cart: { buyer: nobody },
    reason: 'the customer is in none of its groups',
  },
  { condition: ['first_order', {}] },
  {
    condition: ['first_order', {}],
    cart: { buyer: nobody },
    reason: 'only a signed-in customer has a first order',
  },
  {
    condition: ['first_order', {}],
    cart: { buyer: { customerId: 'ada', groups: [], orderCount: 1 } },
    reason: 'the customer has ordered before',
  },
  { condition: ['dates', {}] },
  { condition: ['dates', { weekdays: ['fri'] }] },
  { condition: ['dates', { weekdays: ['sat', 'sun'] }], reason: 'it is not for a fri' },
  { condition: ['dates', { from_time: '12:00', until_time: '13:00' }] },
  {
    condition: ['dates', { from_time: '12:01', until_time: '13:00' }],
    reason: 'it is from 12:01 to 13:00 only',
  },
  {
    condition: ['dates', { from_time: '11:00', until_time: '12:00' }],
    reason: 'it is from 11:00 to 12:00 only',
  },
  {
    condition: ['dates', { from_time: '22:00', until_time: '02:00' }],
    cart: at('2026-11-20T01:59:59Z'),
  },
  {
    condition: ['dates', { from_time: '22:00', until_time: '02:00' }],
    cart: at('2026-11-20T22:00:00Z'),
  },
  {
    condition: ['dates', { from_time: '22:00', until_time: '02:00' }],
    reason: 'it is from 22:00 to 02:00 only',
  },
  { condition: ['currency', { currencies: ['USD', 'EUR'] }] },
  { condition: ['currency', { currencies: ['USD'] }], reason: 'it is not for carts in EUR' },
  { condition: ['country', { countries: ['AT', 'DE'] }] },
  { condition: ['country', { countries: ['FR'] }], reason: 'it is not for DE' },
  {
    condition: ['country', { countries: ['DE'] }],
    cart: { destination: {} },
    reason: 'it is not known yet where the goods go',
  },
  { condition: ['coupon', {}], reason: 'none of its codes has been entered' },
  {
    condition: ['coupon', {}],
    cart: { codes: [{ code: 'X', promotionId: 'another' }] },
    reason: 'none of its codes has been entered',
  },
  { condition: ['coupon', {}], cart: { codes: [{ code: 'X', promotionId: 'one' }] } },
  {
    condition: ['coupon', {}],
    cart: { codes: [{ code: 'X', promotionId: 'one', problem: 'X is used up' }] },
    reason: 'X is used up',
  },
]

describe('a condition', () => {
  for (const { condition, cart, reason } of cases) {
    const [kind, parameters] = condition
    const outcome = reason === undefined ? 'holds' : `says that ${reason}`
    test(`${kind} ${JSON.stringify(parameters)} ${outcome}`, () => {
      const { trial, priced } = tried({ conditions: [condition] }, cart)
      assert.deepEqual(
        [trial.isApplied, trial.reason, trial.by, priced.discountMinor],
        reason === undefined ? [true, undefined, undefined, 100] : [false, reason, kind, 0],
      )
    })
  }

  test('of every kind there is one above', () => {
    const kinds = new Set(cases.map(({ condition: [kind] }) => kind))
    assert.deepEqual([...conditionKinds.keys()].toSorted(), [...kinds].toSorted())
  })

  test('all of them have to hold', () => {
    const conditions = [
      ['quantity', { at_least: 1 }],
      ['currency', { currencies: ['USD'] }],
    ] as const
    assert.equal(tried({ conditions }).trial.by, 'currency')
  })
})

describe('a promotion is refused', () => {
  const refused = (given: Partial<Promotion>, cart: Partial<CartToPrice<string>> = {}) =>
    tried({ promotion: given }, cart).trial.reason

  test('before it begins and from its end on', () => {
    const now = basket.at ?? 0
    assert.equal(refused({ from: now + 1 }), 'it has not begun yet')
    assert.equal(refused({ until: now }), 'it has ended')
    assert.equal(refused({ from: now, until: now + 1 }), undefined)
  })

  test('in another currency, and when its limit is reached', () => {
    assert.equal(refused({ currency: 'USD' }), 'it is in USD, the cart in EUR')
    assert.equal(
      refused({}, { exhausted: new Map([['one', 'it has been used up']]) }),
      'it has been used up',
    )
  })

  test('when nothing is left to take off', () => {
    const { trial } = tried({ benefit: ['free_shipping', {}] })
    assert.deepEqual(
      [trial.reason, trial.by],
      ['there is nothing left to take off', 'free_shipping'],
    )
  })
})

describe('a gift', () => {
  const benefit = ['gift_article', { variant: other, quantity: 2 }] as const

  test('comes with the order and costs nothing', () => {
    const { priced } = tried({ benefit }, { giftStock: new Map([[other, 2]]) })
    assert.deepEqual(priced.gifts, [{ variantId: other, quantity: 2, promotionId: 'one' }])
    assert.deepEqual(
      [priced.subtotalMinor, priced.discountMinor, priced.totalMinor],
      [2_000, 0, 2_000],
    )
  })

  test('is not given when there is too little of it, nor with nothing', () => {
    assert.equal(
      tried({ benefit }, { giftStock: new Map([[other, 1]]) }).trial.reason,
      'the gift is out of stock',
    )
    assert.equal(tried({ benefit }, { lines: [] }).trial.reason, 'the cart is empty')
  })
})

describe('what is no goods', () => {
  test('gets no discount: a gift card is money', () => {
    const lines = basket.lines.map((line) => ({ ...line, isDiscountable: false }))
    const { trial } = tried({}, { lines })
    assert.equal(trial.reason, 'nothing in the cart is meant by it')
  })
})

describe('a rule is refused', () => {
  const bind = (kind: string, parameters: object, currency?: string) => () =>
    (benefitKinds.get(kind) ?? conditionKinds.get(kind))?.bind(parameters as never, { currency })

  test('whose amount has no currency, or does not fit it', () => {
    assert.throws(bind('fixed', { amount: '1' }), {
      code: 'VALIDATION_ERROR',
      details: { field: 'currency', issue: 'is required for "amount"' },
    })
    assert.throws(bind('fixed', { amount: '1.5' }, 'JPY'), {
      details: { field: 'amount', issue: 'is not an amount in JPY' },
    })
    assert.throws(bind('subtotal', { at_least: '1.001' }, 'EUR'), {
      details: { field: 'at_least', issue: 'is not an amount in EUR' },
    })
  })

  test('whose percentage is nothing or more than everything', () => {
    for (const percent of ['0', '100.000001', '101']) {
      assert.throws(bind('percentage', { percent }), {
        details: { field: 'percent', issue: 'must be above 0 and at most 100' },
      })
    }
  })

  test('whose time of day has only one end', () => {
    assert.throws(bind('dates', { from_time: '10:00' }), {
      details: { field: 'until_time', issue: 'is required with the other' },
    })
    assert.throws(bind('dates', { until_time: '10:00' }), {
      details: { field: 'from_time', issue: 'is required with the other' },
    })
  })
})

test('every method is quoted with what promotions take off it, and the chosen one is charged', () => {
  const method = (code: string, price: number) => ({
    code,
    name: code,
    kind: 'flat' as const,
    tariffs: { EUR: { priceMinor: minor(price) } },
    daysMin: 1,
    daysMax: 2,
  })
  const methods = [
    method('post', 490),
    method('courier', 1_500),
    { ...method('far', 1), area: { countries: ['FR'] } },
  ]
  const half = promotion({ benefit: ['percentage', { percent: '50', target: 'shipping' }] })
  const priced = priceCart({ ...basket, methods, shipping: methods[1], promotions: [half] })
  const quotes = priced.quotes.map(({ method: { code }, priceMinor, discountMinor, reason }) => [
    code,
    priceMinor,
    discountMinor,
    reason,
  ])
  assert.deepEqual(quotes, [
    ['post', 490, 245, undefined],
    ['courier', 1_500, 750, undefined],
    ['far', undefined, 0, 'it does not deliver there'],
  ])
  assert.deepEqual(
    [priced.shippingMinor, priced.shippingDiscountMinor, priced.totalMinor],
    [1_500, 750, 2_750],
  )
  assert.equal(priced.trials.length, 1)
  const far = priceCart({ ...basket, shipping: methods[2] })
  assert.deepEqual([far.shippingProblem, far.totalMinor], ['it does not deliver there', 2_000])
})
