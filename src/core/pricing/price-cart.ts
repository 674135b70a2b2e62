import type { LineId } from '../allocate.ts'
import { currencyDigits, minor, sumMinor, timesMinor, type Minor } from '../money.ts'
import { applyPromotions, inOrder, type Progress, type Promotion } from '../promotion/apply.ts'
import type { BasketLine } from '../promotion/rule.ts'
import type { CartLine, CartToPrice, PricedCart, PricedLine, ShippingQuote } from './cart.ts'
import { quoteShipping, type Parcel, type Quote, type ShippingMethod } from './shipping.ts'
import { priceForExempt, standardClass, taxParts, type TaxedParts, type TaxRules } from './tax.ts'

/**
 * Prices a cart, in this order: line subtotals; promotions on goods, by priority; shipping, by what
 * is then paid for the goods; promotions on shipping; tax on what is left; the total. The order of
 * the lines and of the promotions changes no figure, as long as the ids of the lines differ.
 *
 * Money is rounded where a percentage or a tax is taken (each says how), and nowhere else: what is
 * spread over lines adds up to what was spread.
 *
 * Throws MoneyRangeError when any sum is beyond ±(2^53 - 1), UnknownCurrencyError, and RangeError
 * for negative or fractional input, which callers refuse before they come here.
 */
export function priceCart<Id extends LineId>(cart: CartToPrice<Id>): PricedCart<Id> {
  currencyDigits(cart.currency)
  const prices = cart.lines.map((line) => unitPriceOf(line, cart))
  const subtotals = cart.lines.map((line, index) => lineSubtotal(line, prices[index]!))
  const subtotalMinor = sumMinor(subtotals)
  const progress = startProgress(cart, { prices, subtotals })
  const promotions = inOrder(cart.promotions ?? [])
  applyPromotions(progress, promotions, 'goods')
  const parcel = parcelOf(cart, { subtotalMinor, goodsMinor: sumMinor(progress.leftMinor) })
  const quotes = (cart.methods ?? []).map((method) =>
    quoteOption({ progress, promotions, parcel, tax: cart.tax }, method),
  )
  const shipping = shippingOf(cart, parcel, quotes)
  const shippingMinor = shipping.priceMinor ?? minor(0)
  progress.shippingLeftMinor = shippingMinor
  applyPromotions(progress, promotions, 'shipping')
  const taxed = taxCart(cart, progress)
  return {
    currency: cart.currency,
    lines: pricedLines(cart, { prices, subtotals, progress, taxed }),
    subtotalMinor,
    ...totalsOf(cart, { subtotalMinor, shippingMinor, progress, taxed }),
    taxes: taxed.taxes,
    discounts: progress.discounts,
    gifts: progress.discounts.flatMap(({ gifts, promotionId }) =>
      gifts.map((gift) => ({ ...gift, promotionId })),
    ),
    quotes,
    method: shipping.method,
    shippingProblem: shipping.priceMinor === undefined ? shipping.reason : undefined,
    trials: progress.trials,
  }
}

const taxClassOf = ({ taxClass = standardClass }: CartLine): string => taxClass

function unitPriceOf(line: CartLine, { tax }: CartToPrice): Minor {
  requireCount(line.unitPriceMinor, 'Unit price')
  return priceForExempt(line.unitPriceMinor, taxClassOf(line), tax)
}

function lineSubtotal(line: CartLine, unitPriceMinor: Minor): Minor {
  requireCount(line.quantity, 'Quantity')
  return timesMinor(unitPriceMinor, line.quantity)
}

function requireCount(value: number, name: string): void {
  if (Number.isInteger(value) && value >= 0) return
  throw new RangeError(`${name} ${value} is not a whole number from 0 up.`)
}

interface Amounts {
  readonly prices: readonly Minor[]
  readonly subtotals: readonly Minor[]
}

const nobody = { groups: [], orderCount: 0 } as const

function startProgress(cart: CartToPrice, { prices, subtotals }: Amounts): Progress {
  const lines: BasketLine[] = cart.lines.map((line, index) => ({
    id: line.id,
    productId: line.productId ?? '',
    variantId: line.variantId ?? '',
    categories: line.categories ?? [],
    quantity: line.quantity,
    unitPriceMinor: prices[index]!,
    subtotalMinor: subtotals[index]!,
    isDiscountable: line.isDiscountable ?? true,
  }))
  const { currency, at = 0, buyer = nobody, destination = {}, codes = [] } = cart
  const giftStock = cart.giftStock ?? new Map<string, number>()
  return {
    facts: { currency, at, lines, buyer, destination, codes, giftStock },
    leftMinor: [...subtotals],
    shippingLeftMinor: undefined,
    exhausted: cart.exhausted ?? new Map(),
    budgetLeft: cart.budgetLeft ?? new Map(),
    discounts: [],
    trials: [],
    groups: new Set(),
    exclusive: undefined,
  }
}

function parcelOf(
  cart: CartToPrice,
  { subtotalMinor, goodsMinor }: Pick<Parcel, 'subtotalMinor' | 'goodsMinor'>,
): Parcel {
  const toSend = cart.lines.filter(({ needsShipping = true }) => needsShipping)
  const weights = toSend.map(({ weightGrams = 0, quantity }) => weightGrams * quantity)
  return {
    currency: cart.currency,
    subtotalMinor,
    goodsMinor,
    itemCount: toSend.reduce((count, { quantity }) => count + quantity, 0),
    weightGrams: weights.reduce((sum, weight) => sum + weight, 0),
    destination: cart.destination ?? {},
  }
}

type Chosen = Quote & { readonly method: ShippingMethod | undefined }

function shippingOf(
  { shipping, tax }: CartToPrice,
  parcel: Parcel,
  quotes: readonly ShippingQuote[],
): Chosen {
  if (shipping === undefined) return { priceMinor: minor(0), method: undefined }
  if (shipping === 'first') {
    const first = quotes.find(({ priceMinor }) => priceMinor !== undefined)
    return { priceMinor: first?.priceMinor ?? minor(0), method: first?.method }
  }
  if ('tariffs' in shipping) {
    const quote = quoteFor(tax, shipping, parcel)
    return { ...quote, method: quote.priceMinor === undefined ? undefined : shipping }
  }
  requireCount(shipping.priceMinor, 'Shipping')
  return { priceMinor: shippingForExempt(shipping.priceMinor, tax), method: undefined }
}

function quoteFor(tax: TaxRules, method: ShippingMethod, parcel: Parcel): Quote {
  const quote = quoteShipping(method, parcel)
  if (quote.priceMinor === undefined) return quote
  return { priceMinor: shippingForExempt(quote.priceMinor, tax) }
}

function shippingForExempt(priceMinor: Minor, tax: TaxRules): Minor {
  const { shippingClass } = tax.zone
  return shippingClass === undefined ? priceMinor : priceForExempt(priceMinor, shippingClass, tax)
}

interface Option {
  readonly progress: Progress
  readonly promotions: readonly Promotion[]
  readonly parcel: Parcel
  readonly tax: TaxRules
}

/** What another method would cost: promotions on shipping are tried for it without a trace. */
function quoteOption(option: Option, method: ShippingMethod): ShippingQuote {
  const quote = quoteFor(option.tax, method, option.parcel)
  if (quote.priceMinor === undefined) {
    return { method, priceMinor: undefined, discountMinor: minor(0), reason: quote.reason }
  }
  const { priceMinor } = quote
  const trial: Progress = {
    ...option.progress,
    leftMinor: [...option.progress.leftMinor],
    shippingLeftMinor: priceMinor,
    discounts: [...option.progress.discounts],
    trials: [],
    groups: new Set(option.progress.groups),
  }
  applyPromotions(trial, option.promotions, 'shipping')
  const discountMinor = minor(priceMinor - (trial.shippingLeftMinor ?? 0))
  return { method, priceMinor, discountMinor, reason: undefined }
}

/** Taxed shipping is one line more, after all others. */
function taxCart(cart: CartToPrice, { leftMinor, shippingLeftMinor }: Progress): TaxedParts {
  const parts = cart.lines.map((line, index) => ({
    id: line.id,
    taxClass: taxClassOf(line),
    amountMinor: leftMinor[index]!,
  }))
  const { shippingClass } = cart.tax.zone
  if (shippingClass !== undefined) {
    const amountMinor = shippingLeftMinor ?? minor(0)
    parts.push({ id: '', taxClass: shippingClass, amountMinor })
  }
  return taxParts(parts, cart.tax)
}

interface Worked {
  readonly progress: Progress
  readonly taxed: TaxedParts
}

function totalsOf(
  cart: CartToPrice,
  worked: Worked & { readonly subtotalMinor: Minor; readonly shippingMinor: Minor },
) {
  const { progress, taxed, subtotalMinor, shippingMinor } = worked
  const shippingDiscountMinor = sumMinor(progress.discounts.map((one) => one.shippingMinor))
  const discountMinor = sumMinor(progress.discounts.map((one) => one.amountMinor))
  const { isInclusive } = cart.tax.zone
  const netMinor = minor(subtotalMinor - discountMinor + shippingMinor)
  return {
    discountMinor,
    shippingDiscountMinor,
    taxMinor: taxed.taxMinor,
    shippingMinor,
    shippingTaxMinor: taxed.partTaxesMinor[cart.lines.length] ?? minor(0),
    totalMinor: isInclusive ? netMinor : minor(netMinor + taxed.taxMinor),
    itemCount: minor(cart.lines.reduce((count, line) => count + line.quantity, 0)),
    isTaxInclusive: isInclusive,
  }
}

function pricedLines<Id extends LineId>(
  { lines, tax }: CartToPrice<Id>,
  { prices, subtotals, progress, taxed }: Amounts & Worked,
): PricedLine<Id>[] {
  return lines.map(({ id, quantity }, index) => {
    const leftMinor = progress.leftMinor[index]!
    const taxMinor = taxed.partTaxesMinor[index]!
    return {
      id,
      quantity,
      unitPriceMinor: prices[index]!,
      subtotalMinor: subtotals[index]!,
      discountMinor: minor(subtotals[index]! - leftMinor),
      taxMinor,
      totalMinor: tax.zone.isInclusive ? leftMinor : minor(leftMinor + taxMinor),
    }
  })
}
