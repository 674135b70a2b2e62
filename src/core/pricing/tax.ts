import { allocate, type LineId } from '../allocate.ts'
import { minor, sumMinor, type Minor } from '../money.ts'
import { multiply, ratio, type Ratio, type Rounding } from '../ratio.ts'
import { mostSpecific, type Area, type Destination } from './destination.ts'

/** The class of goods that say nothing else. */
export const standardClass = 'standard'
/** The class of what is never taxed, such as the sale of a gift card. */
export const untaxedClass = 'none'

/** One tax of one class of goods in one zone, for as long as it is law. */
export interface TaxRate {
  readonly name: string
  readonly taxClass: string
  readonly rate: Ratio
  /** Levied on the price with the taxes before it, not on the price alone. */
  readonly isCompound: boolean
  /** UTC milliseconds, included. */
  readonly from?: number | undefined
  /** UTC milliseconds, excluded. */
  readonly until?: number | undefined
}

/** Where one set of tax rules holds. */
export interface TaxZone extends Area {
  readonly code: string
  readonly name: string
  /** Prices, and shipping when taxed, contain the tax already. */
  readonly isInclusive: boolean
  readonly rounding: Rounding
  /** Rounded once for all lines of a rate, or line by line. */
  readonly roundPer: 'total' | 'line'
  /** The tax class of shipping; undefined: shipping is not taxed. */
  readonly shippingClass: string | undefined
  /** In the order in which compound rates build on each other. */
  readonly rates: readonly TaxRate[]
  /** A VAT id from another country than the shop's exempts its holder here. */
  readonly hasReverseCharge: boolean
}

/** The rules for one cart: a zone at one moment, for one buyer. */
export interface TaxRules {
  readonly zone: Pick<
    TaxZone,
    'code' | 'name' | 'isInclusive' | 'rounding' | 'roundPer' | 'shippingClass'
  >
  readonly classes: ReadonlyMap<string, TaxChain>
  /** Why this buyer pays no tax; undefined: it is due. */
  readonly exemption?: string | undefined
}

/** The taxes of one class, each as its share of the price without any. */
export interface TaxChain {
  /** The same for classes that are taxed alike. */
  readonly key: string
  readonly taxes: readonly { readonly name: string; readonly rate: Ratio; readonly share: Ratio }[]
  /** Sum of the shares. */
  readonly whole: Ratio
}

/** The zone whose area names the destination most exactly; undefined: no zone contains it. */
export function chooseTaxZone(
  zones: readonly TaxZone[],
  destination: Destination,
): TaxZone | undefined {
  return mostSpecific(zones, destination)
}

/** The rules of a zone at a moment. Rates that are not law yet, or no longer, are left out. */
export function taxRulesOf(zone: TaxZone, at: number, exemption?: string): TaxRules {
  const rates = zone.rates.filter(
    ({ from, until }) => (from === undefined || from <= at) && (until === undefined || at < until),
  )
  const byClass = Map.groupBy(rates, ({ taxClass }) => taxClass)
  const classes = new Map([...byClass].map(([name, own]) => [name, chainOf(own)] as const))
  return { zone, classes, exemption }
}

/** One rate on everything: what a shop has before anybody has made tax zones. */
export function flatTax(tax: {
  readonly rate: Ratio
  readonly isInclusive: boolean
  readonly isShippingTaxed: boolean
}): TaxZone {
  return {
    code: 'default',
    name: 'Everywhere',
    isInclusive: tax.isInclusive,
    // The rounding that tax offices ask for unless they say otherwise.
    rounding: 'half-up',
    roundPer: 'total',
    shippingClass: tax.isShippingTaxed ? standardClass : undefined,
    rates: [{ name: 'Tax', taxClass: standardClass, rate: tax.rate, isCompound: false }],
    hasReverseCharge: false,
  }
}

function chainOf(rates: readonly TaxRate[]): TaxChain {
  const taxes: { name: string; rate: Ratio; share: Ratio }[] = []
  let whole = ratio(0n, 1n)
  for (const { name, rate, isCompound } of rates) {
    if (rate.numerator < 0n) throw new RangeError('A tax rate cannot be negative.')
    const share = isCompound ? plus(rate, timesRatio(rate, whole)) : rate
    whole = taxes.length === 0 ? share : plus(whole, share)
    taxes.push({ name, rate, share })
  }
  const parts = taxes.map(({ name, share }) => `${name}=${share.numerator}/${share.denominator}`)
  return { key: parts.join('+'), taxes, whole }
}

const plus = (left: Ratio, right: Ratio): Ratio =>
  ratio(
    left.numerator * right.denominator + right.numerator * left.denominator,
    left.denominator * right.denominator,
  )

const over = (left: Ratio, right: Ratio): Ratio =>
  ratio(left.numerator * right.denominator, left.denominator * right.numerator)

const timesRatio = (left: Ratio, right: Ratio): Ratio =>
  ratio(left.numerator * right.numerator, left.denominator * right.denominator)

/** One thing to tax: a line, or the shipping. All amounts of a cart have one sign. */
export interface TaxablePart {
  readonly id: LineId
  readonly taxClass: string
  readonly amountMinor: Minor
}

/** One tax of a cart. */
export interface CartTax {
  readonly name: string
  readonly rate: Ratio
  /** What it was levied on, as priced. */
  readonly amountMinor: Minor
  readonly taxMinor: Minor
}

export interface TaxedParts {
  readonly taxMinor: Minor
  /** One per part; they add up to `taxMinor`. */
  readonly partTaxesMinor: readonly Minor[]
  /** One per rate; they add up to `taxMinor`. */
  readonly taxes: readonly CartTax[]
}

/**
 * The tax on every part. Rounded per total, each tax of a rate is rounded once on the sum of its
 * parts and split over them by largest remainder; rounded per line, each is rounded on its line.
 * Where prices contain the tax it is all the taxes of a chain together that are rounded, so that
 * they can never exceed the price; what they make is divided among them.
 * Throws MoneyRangeError, and RangeError for amounts of mixed signs.
 */
export function taxParts(parts: readonly TaxablePart[], rules: TaxRules): TaxedParts {
  const sums = parts.map(() => 0)
  const taxes = new Map<string, CartTax>()
  if (rules.exemption === undefined) {
    for (const [chain, indexes] of groupsOf(parts, rules)) {
      if (rules.zone.roundPer === 'total') taxGroup({ parts, indexes, chain, rules }, sums, taxes)
      else {
        for (const index of indexes) {
          taxGroup({ parts, indexes: [index], chain, rules }, sums, taxes)
        }
      }
    }
  }
  const partTaxesMinor = sums.map(minor)
  return { taxMinor: sumMinor(partTaxesMinor), partTaxesMinor, taxes: [...taxes.values()] }
}

/** A zone that says nothing of a class taxes it like all others: no slip makes goods tax-free. */
function chainFor(classes: TaxRules['classes'], taxClass: string): TaxChain | undefined {
  if (taxClass === untaxedClass) return undefined
  return classes.get(taxClass) ?? classes.get(standardClass)
}

/** The taxes on a class of goods by these rules, in their order; none for who pays none. */
export function taxesOn({ classes, exemption }: TaxRules, taxClass: string): TaxChain['taxes'] {
  if (exemption !== undefined) return []
  return chainFor(classes, taxClass)?.taxes ?? []
}

function groupsOf(parts: readonly TaxablePart[], { classes }: TaxRules): [TaxChain, number[]][] {
  const groups = new Map<string, [TaxChain, number[]]>()
  for (const [index, { taxClass }] of parts.entries()) {
    const chain = chainFor(classes, taxClass)
    if (!chain) continue
    const known = groups.get(chain.key)
    if (known) known[1].push(index)
    else groups.set(chain.key, [chain, [index]])
  }
  // In an order that the order of the lines does not change.
  return [...groups.values()].sort(([left], [right]) => (left.key < right.key ? -1 : 1))
}

interface TaxGroup {
  readonly parts: readonly TaxablePart[]
  readonly indexes: readonly number[]
  readonly chain: TaxChain
  readonly rules: TaxRules
}

function taxGroup(group: TaxGroup, sums: number[], taxes: Map<string, CartTax>): void {
  const { parts, indexes, chain, rules } = group
  const amounts = indexes.map((index) => parts[index]!.amountMinor)
  const ids = indexes.map((index) => parts[index]!.id)
  const wholeMinor = sumMinor(amounts)
  const share = (total: number): void => {
    const split = allocate(minor(total), amounts, ids)
    for (const [at, index] of indexes.entries()) sums[index]! += split[at]!
  }
  const taxesMinor = rules.zone.isInclusive
    ? containedTaxes(wholeMinor, chain, rules.zone.rounding)
    : chain.taxes.map((tax) => multiply(wholeMinor, tax.share, rules.zone.rounding))
  if (rules.zone.isInclusive) share(sumMinor(taxesMinor))
  else for (const tax of taxesMinor) share(tax)
  for (const [at, { name, rate }] of chain.taxes.entries()) {
    note(taxes, { name, rate, amountMinor: wholeMinor, taxMinor: taxesMinor[at]! })
  }
}

/** All taxes contained in a price, rounded together and then told apart. */
function containedTaxes(wholeMinor: Minor, chain: TaxChain, rounding: Rounding): Minor[] {
  const { whole } = chain
  const contained = ratio(whole.numerator, whole.numerator + whole.denominator)
  const total = multiply(wholeMinor, contained, rounding)
  const [only] = chain.taxes
  if (chain.taxes.length === 1 && only) return [total]
  let sharedMinor = 0
  let shares = ratio(0n, 1n)
  return chain.taxes.map(({ share }) => {
    shares = plus(shares, share)
    const upTo = whole.numerator === 0n ? 0 : multiply(total, over(shares, whole), 'half-up')
    const taxMinor = minor(upTo - sharedMinor)
    sharedMinor = upTo
    return taxMinor
  })
}

function note(taxes: Map<string, CartTax>, tax: CartTax): void {
  const key = `${tax.name} ${tax.rate.numerator}/${tax.rate.denominator}`
  const known = taxes.get(key)
  taxes.set(key, {
    ...tax,
    amountMinor: minor(tax.amountMinor + (known?.amountMinor ?? 0)),
    taxMinor: minor(tax.taxMinor + (known?.taxMinor ?? 0)),
  })
}

/**
 * What a buyer who pays no tax pays for one piece: where prices contain the tax, the price without
 * it, rounded for the piece, so that quantity × price is still what the line costs.
 */
export function priceForExempt(unitPriceMinor: Minor, taxClass: string, rules: TaxRules): Minor {
  const chain = chainFor(rules.classes, taxClass)
  if (rules.exemption === undefined || !rules.zone.isInclusive || !chain) return unitPriceMinor
  const { whole } = chain
  const net = ratio(whole.denominator, whole.numerator + whole.denominator)
  return multiply(unitPriceMinor, net, rules.zone.rounding)
}
