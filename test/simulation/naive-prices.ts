/** The settings a shop is simulated with, in the model's own terms. */
export interface Terms {
  /** The tax rate as a fraction: parts over whole. */
  readonly taxParts: bigint
  readonly taxWhole: bigint
  readonly isInclusive: boolean
  readonly isShippingTaxed: boolean
  readonly minorPerUnit: bigint
  readonly holdMs: number
  readonly reconcileMs: number
  readonly cartMs: number
  readonly keyMs: number
}

export interface Totals {
  readonly subtotal: bigint
  readonly shipping: bigint
  readonly tax: bigint
  readonly total: bigint
  readonly lineTaxes: readonly bigint[]
}

interface PricedLine {
  readonly number: number
  readonly quantity: number
  readonly price: bigint
}

export const shippingCodes: readonly string[] = ['standard', 'express', 'pickup']

/**
 * The arithmetic of an order, written down once more without a look at the shop's own: tax on the
 * sum, rounded half up once, and split by largest remainder.
 */
export function totalsOf(terms: Terms, lines: readonly PricedLine[], method: string): Totals {
  const amounts = lines.map(({ quantity, price }) => BigInt(quantity) * price)
  const subtotal = sum(amounts)
  const shipping = shippingOf(terms, method, subtotal)
  const shares = lines.map(({ number }, at) => ({ name: `${number}`, weight: amounts[at] ?? 0n }))
  if (terms.isShippingTaxed) shares.push({ name: '', weight: shipping })
  const { taxParts, taxWhole, isInclusive } = terms
  const whole = isInclusive ? taxWhole + taxParts : taxWhole
  const tax = (2n * sum(shares.map(({ weight }) => weight)) * taxParts + whole) / (2n * whole)
  const total = subtotal + shipping + (isInclusive ? 0n : tax)
  return { subtotal, shipping, tax, total, lineTaxes: split(tax, shares).slice(0, lines.length) }
}

function shippingOf({ minorPerUnit }: Terms, method: string, subtotal: bigint): bigint {
  const isFree = subtotal === 0n || (method === 'standard' && subtotal >= 50n * minorPerUnit)
  if (method === 'pickup' || isFree) return 0n
  return (method === 'express' ? 15n : 5n) * minorPerUnit
}

/** What is left over goes to the largest remainder, then weight, then the first name. */
function split(total: bigint, shares: readonly { name: string; weight: bigint }[]): bigint[] {
  const whole = sum(shares.map(({ weight }) => weight))
  if (whole === 0n) return shares.map(() => 0n)
  const parts = shares.map(({ weight }) => (total * weight) / whole)
  const byClaim = shares
    .map(({ name, weight }, at) => ({ at, name, weight, rest: (total * weight) % whole }))
    .toSorted((a, b) => {
      if (a.rest !== b.rest) return a.rest > b.rest ? -1 : 1
      if (a.weight !== b.weight) return a.weight > b.weight ? -1 : 1
      return a.name < b.name ? -1 : 1
    })
  const left = Number(total - sum(parts))
  for (const { at } of byClaim.slice(0, left)) parts[at] = (parts[at] ?? 0n) + 1n
  return parts
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
