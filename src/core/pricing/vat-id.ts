const eight = '[0-9]{8}'
const nine = '[0-9]{9}'

/**
 * The forms of VAT identification numbers by the country that gives them, without their prefix: of
 * the Member States as the European Commission publishes them for VIES, of Northern Ireland (XI),
 * the United Kingdom, Switzerland and Norway as their tax offices do.
 */
const formats: Readonly<Record<string, string>> = {
  AT: `U${eight}`,
  BE: '[01][0-9]{9}',
  BG: '[0-9]{9,10}',
  CY: `${eight}[A-Z]`,
  CZ: '[0-9]{8,10}',
  DE: nine,
  DK: eight,
  EE: nine,
  EL: nine,
  ES: '(?:[A-Z][0-9]{7}[0-9A-Z]|[0-9]{8}[A-Z])',
  FI: eight,
  FR: `[0-9A-HJ-NP-Z]{2}${nine}`,
  GB: '(?:[0-9]{9}|[0-9]{12}|GD[0-4][0-9]{2}|HA[5-9][0-9]{2})',
  HR: '[0-9]{11}',
  HU: eight,
  IE: '(?:[0-9]{7}[A-W][A-I]?|[0-9][A-Z+*][0-9]{5}[A-W])',
  IT: '[0-9]{11}',
  LT: '(?:[0-9]{9}|[0-9]{12})',
  LU: eight,
  LV: '[0-9]{11}',
  MT: eight,
  NL: '[0-9A-Z+*]{10}[0-9]{2}',
  NO: `${nine}(?:MVA)?`,
  PL: '[0-9]{10}',
  PT: nine,
  RO: '[1-9][0-9]{1,9}',
  SE: '[0-9]{10}01',
  SI: eight,
  SK: '[0-9]{10}',
  CH: `E${nine}(?:MWST|TVA|IVA)?`,
  XI: '(?:[0-9]{9}|[0-9]{12}|GD[0-4][0-9]{2}|HA[5-9][0-9]{2})',
}

export interface VatId {
  /** Prefix and number without blanks, dots and hyphens, upper case. */
  readonly text: string
  /** ISO 3166-1: Greece is GR, though its numbers begin with EL. */
  readonly country: string
}

/**
 * Reads a VAT id by its form alone: whether it has been given to somebody only its country knows.
 * Undefined for anything that no country gives out.
 */
export function readVatId(text: string): VatId | undefined {
  if (text.length > 30) return undefined
  const plain = text.replaceAll(/[\s.-]/g, '').toUpperCase()
  const prefix = plain.slice(0, 2)
  const format = Object.hasOwn(formats, prefix) ? formats[prefix] : undefined
  if (format === undefined || !new RegExp(`^${format}$`).test(plain.slice(2))) return undefined
  return { text: plain, country: prefix === 'EL' ? 'GR' : prefix }
}
