/** Where somebody lives or a company sits, as it is sent, kept and printed. */
export interface Address {
  readonly name: string
  readonly company?: string
  readonly address: string
  readonly address2?: string
  readonly city: string
  readonly state?: string
  readonly postal_code?: string
  /** ISO 3166-1 alpha-2, in capitals. */
  readonly country: string
  readonly phone?: string
  readonly email?: string
}

/** What the post of one country asks for. From libaddressinput, see reference/README.md. */
export interface CountryFormat {
  /** Letters of the required parts: Address, City, State, Z for the postal code. */
  readonly require: string
  /** A pattern for the whole postal code, if the country has one. */
  readonly postalCode?: string
  readonly example?: string
  /** What is written before the postal code in letters from abroad: "CH-". */
  readonly prefix?: string
  /** States, provinces and the like: each as what the post writes, then its other names. */
  readonly states?: readonly (readonly string[])[]
}

/** By country code: every country of ISO 3166-1. */
export type AddressFormats = Readonly<Record<string, CountryFormat>>

export interface AddressProblem {
  readonly field: keyof Address
  /** The end of a sentence that begins with the field. */
  readonly issue: string
}

const parts = { A: 'address', C: 'city', S: 'state', Z: 'postal_code' } as const

/**
 * All that is wrong with an address in its country: parts that are missing, a postal code that the
 * country does not have, a state that it does not know. None if there is nothing.
 */
export function addressProblems(formats: AddressFormats, address: Address): AddressProblem[] {
  const format = formatOf(formats, address.country)
  if (!format) return [unknownCountry]
  const missing = Object.entries(parts).flatMap(([letter, field]) =>
    isRequired(format, letter) && isBlank(address[field]) ? [{ field, issue: 'is required' }] : [],
  )
  return [...missing, ...wrongParts(format, address)]
}

/** The same, but for what is missing: only what is there and cannot be right. */
export function wrongAddressParts(formats: AddressFormats, address: Address): AddressProblem[] {
  const format = formatOf(formats, address.country)
  return format ? wrongParts(format, address) : [unknownCountry]
}

const unknownCountry: AddressProblem = {
  field: 'country',
  issue: 'must be a country of ISO 3166-1 (alpha-2)',
}

function formatOf(formats: AddressFormats, country: string): CountryFormat | undefined {
  return Object.hasOwn(formats, country) ? formats[country] : undefined
}

/** A state is asked for only where there is a list to choose from. */
function isRequired({ require, states }: CountryFormat, letter: string): boolean {
  return require.includes(letter) && (letter !== 'S' || states !== undefined)
}

const isBlank = (text: string | undefined): boolean => text === undefined || text.trim() === ''

function wrongParts(format: CountryFormat, address: Address): AddressProblem[] {
  const { postal_code, state, country } = address
  const problems: AddressProblem[] = []
  if (postal_code !== undefined && !isBlank(postal_code) && !postalCodeOf(format, address)) {
    const { example } = format
    const such = example === undefined ? '' : `, such as ${example}`
    problems.push({ field: 'postal_code', issue: `must be a postal code of ${country}${such}` })
  }
  if (state !== undefined && !isBlank(state) && hasCodes(format) && !findState(format, state)) {
    const [[example = ''] = []] = format.states ?? []
    const issue = `must be a state or province of ${country}, such as ${example}`
    problems.push({ field: 'state', issue })
  }
  return problems
}

/**
 * Whether the post of the country sorts by short codes (CA, NSW, MI): there a state that is not in
 * the list is a mistake. Elsewhere the list holds names, of which there are more spellings, and
 * more after every reform, than any list has.
 */
function hasCodes({ require, states }: CountryFormat): boolean {
  return (
    require.includes('S') && (states?.every(([key]) => /^[A-Z]{2,3}$/.test(key ?? '')) ?? false)
  )
}

/** The postal code as its country writes it; undefined if it is none. */
function postalCodeOf(format: CountryFormat, address: Address): string | undefined {
  const { postal_code = '', country } = address
  const { postalCode, prefix = `${country}-` } = format
  const text = postal_code.trim().replace(/\s+/g, ' ').toUpperCase()
  if (postalCode === undefined) return text
  const pattern = new RegExp(`^(?:${postalCode})$`)
  const bare = withoutPrefix(withoutPrefix(text, prefix), `${country}-`)
  return [text, bare, bare.replace(/[ -]/g, '')].find((code) => pattern.test(code))
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length).trimStart() : text
}

/** A state by its code or one of its names, whatever their case and accents. */
function findState({ states = [] }: CountryFormat, text: string): readonly string[] | undefined {
  const wanted = folded(text)
  return (
    states.find(([key = '']) => folded(key) === wanted) ??
    states.find((names) => names.some((name) => folded(name) === wanted))
  )
}

function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()
}

/**
 * The address as the post of its country wants it: the postal code in capitals and without a
 * country's prefix, the state by its code where there are codes. Names and streets stay as they
 * were written: capitals throughout are for labels. An address with problems comes back as it is.
 */
export function normalisedAddress(formats: AddressFormats, address: Address): Address {
  const format = formatOf(formats, address.country)
  if (!format) return address
  const { postal_code, state } = address
  const code = postal_code === undefined ? undefined : postalCodeOf(format, address)
  const key = state !== undefined && hasCodes(format) ? findState(format, state)?.[0] : undefined
  return {
    ...address,
    ...(code === undefined || code === '' ? {} : { postal_code: code }),
    ...(key === undefined ? {} : { state: key }),
  }
}
