import { readVatId } from '../core/pricing/vat-id.ts'
import { ConfigError, flagOf, listOf, type RawSettings } from './read.ts'

export interface DocumentConfig {
  /** When invoices are issued without being asked for. */
  readonly issue: 'demand' | 'paid' | 'placed'
  readonly prefixes: { readonly invoice: string; readonly credit_note: string }
  /** Numbers begin anew each year. */
  readonly isYearly: boolean
  readonly seller: Seller
  /** An invoice without the seller's address is none: where customers pay, none is issued. */
  readonly needsAddress: boolean
  /** Files, tried after the font that comes with the shop. */
  readonly fonts: readonly string[]
}

export interface Seller {
  readonly name: string
  readonly address: readonly string[]
  readonly vatId: string | null
  readonly details: readonly string[]
}

export function documentConfig(raw: RawSettings): DocumentConfig {
  const prefixes = { invoice: raw.INVOICE_PREFIX, credit_note: raw.CREDIT_NOTE_PREFIX }
  checkPrefixes(prefixes)
  const issue = raw.INVOICES === 'paid' || raw.INVOICES === 'placed' ? raw.INVOICES : 'demand'
  const needsAddress = flagOf(raw.PRODUCTION)
  const address = linesOf(raw.SELLER_ADDRESS)
  if (needsAddress && issue !== 'demand' && address.length === 0) {
    throw new ConfigError(`INVOICES=${issue} needs SELLER_ADDRESS with PRODUCTION=true`)
  }
  return {
    issue,
    prefixes,
    isYearly: raw.INVOICE_NUMBERS === 'yearly',
    seller: {
      name: raw.SELLER_NAME === '' ? raw.STORE_NAME : raw.SELLER_NAME,
      address,
      vatId: vatIdOf(raw.SELLER_VAT_ID),
      details: linesOf(raw.SELLER_DETAILS),
    },
    needsAddress,
    fonts: listOf(raw.DOCUMENT_FONTS),
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('|')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Two series with one prefix would write the same numbers. */
function checkPrefixes(prefixes: DocumentConfig['prefixes']): void {
  for (const prefix of Object.values(prefixes)) {
    if (/^[A-Za-z0-9._/-]{1,20}$/.test(prefix)) continue
    throw new ConfigError(
      `INVOICE_PREFIX and CREDIT_NOTE_PREFIX are 1 to 20 letters, digits, . _ - and /, ` +
        `not "${prefix}"`,
    )
  }
  if (prefixes.invoice !== prefixes.credit_note) return
  throw new ConfigError('INVOICE_PREFIX and CREDIT_NOTE_PREFIX must differ')
}

function vatIdOf(text: string): string | null {
  if (text === '') return null
  const vatId = readVatId(text)
  if (vatId) return vatId.text
  throw new ConfigError(`SELLER_VAT_ID has not the form of a VAT id with its country: "${text}"`)
}
