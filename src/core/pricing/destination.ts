/** Where goods go, as far as it is known; prices, taxes and shipping depend on it. */
export interface Destination {
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country?: string | undefined
  /** ISO 3166-2 without the country: `CA` for California, `QC` for Québec; as shoppers write it. */
  readonly region?: string | undefined
  readonly postcode?: string | undefined
}

/** Which destinations something is for. What is absent matches everything. */
export interface Area {
  readonly countries?: readonly string[] | undefined
  readonly regions?: readonly string[] | undefined
  /** See `matchesPostcode`; any one of them. */
  readonly postcodes?: readonly string[] | undefined
}

/**
 * Whether a postcode fits a pattern: `*` stands for any rest, `#` for one digit, `51001..51005` for
 * a range of numbers. Blanks, hyphens and case do not count. Patterns are a language of their own,
 * because a regular expression from the outside can be made to run for ever.
 */
export function matchesPostcode(postcode: string, pattern: string): boolean {
  const code = plain(postcode)
  const range = /^(\d{1,12})\.\.(\d{1,12})$/.exec(pattern.replaceAll(/\s/g, ''))
  if (range) {
    const [, from = '', to = ''] = range
    const isNumber = /^\d{1,12}$/.test(code) && code.length === from.length
    return isNumber && Number(from) <= Number(code) && Number(code) <= Number(to)
  }
  return fits(code, plain(pattern))
}

function fits(code: string, pattern: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const wanted = pattern.charAt(at)
    if (wanted === '*') return true
    const found = code.charAt(at)
    if (wanted === '#' ? !/^\d$/.test(found) : wanted !== found) return false
  }
  return code.length === pattern.length
}

const plain = (text: string): string => text.replaceAll(/[\s-]/g, '').toUpperCase()

/** What a postcode pattern may look like, for checking input. */
export const postcodePattern =
  '^(?:[0-9]{1,12}\\.\\.[0-9]{1,12}|[0-9A-Za-z# -]{0,15}[0-9A-Za-z#*])$'

/**
 * How exactly an area names a destination: 0 for everywhere, 1 for its country, 2 for its region,
 * 4 for its postcode, and their sums; undefined if it does not contain it.
 */
export function specificity(area: Area, destination: Destination): number | undefined {
  const { country, region, postcode } = destination
  let found = 0
  if (area.countries) {
    if (country === undefined || !area.countries.includes(country)) return undefined
    found += 1
  }
  if (area.regions) {
    const name = region?.trim().toUpperCase()
    if (name === undefined || !area.regions.some((known) => known.toUpperCase() === name)) {
      return undefined
    }
    found += 2
  }
  if (area.postcodes) {
    const fitting = area.postcodes.some((one) => matchesPostcode(postcode ?? '', one))
    if (postcode === undefined || !fitting) return undefined
    found += 4
  }
  return found
}

/** Of several areas the one that names the destination best; the first code among equals. */
export function mostSpecific<T extends Area & { readonly code: string }>(
  areas: readonly T[],
  destination: Destination,
): T | undefined {
  let best: { readonly area: T; readonly rank: number } | undefined
  for (const area of areas) {
    const rank = specificity(area, destination)
    if (rank === undefined) continue
    const isBetter = !best || rank > best.rank || (rank === best.rank && area.code < best.area.code)
    if (isBetter) best = { area, rank }
  }
  return best?.area
}
