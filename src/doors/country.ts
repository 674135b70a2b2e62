/**
 * The country of a currency: ISO 4217 codes begin with the ISO 3166-1 code of their country, but
 * for those of several: the euro and what begins with X.
 */
export function countryOf(currency: string): string | undefined {
  return /^(?:X|EUR)/.test(currency) ? undefined : currency.slice(0, 2)
}
