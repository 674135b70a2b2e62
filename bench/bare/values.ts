/** Amounts here are in a currency of two digits, which is all that the measured shop uses. */
const currency = 'USD'

export const money = (minor: number) => ({ amount: decimal(minor), currency })

function decimal(minor: number): string {
  const text = String(minor).padStart(3, '0')
  return `${text.slice(0, -2)}.${text.slice(-2)}`
}

export const time = (atMs: number): string => new Date(atMs).toISOString()

export function stockStatus(available: number): string {
  if (available <= 0) return 'out_of_stock'
  return available <= 5 ? 'low_stock' : 'in_stock'
}

export const pictureOf = (origin: string, number: number, version: number): string =>
  `${origin}/images/products/${number}.svg?v=${version}`
