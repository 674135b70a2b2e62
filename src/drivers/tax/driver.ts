import type { Destination } from '../../core/pricing/destination.ts'
import type { TaxRules, TaxZone } from '../../core/pricing/tax.ts'

/** What is known when the tax rules for a cart are asked for. */
export interface TaxQuestion {
  /** The zones of the shop, for a provider that works with them. */
  readonly zones: readonly TaxZone[]
  /** The rules wherever no zone is. */
  readonly fallback: TaxZone
  readonly destination: Destination
  /** UTC milliseconds. */
  readonly at: number
  /** Where the shop is. */
  readonly homeCountry: string | undefined
  /** A VAT id whose form has been checked. */
  readonly vatId: { readonly text: string; readonly country: string } | undefined
  /** Why the buyer is exempt wherever the goods go, if so. */
  readonly exemption: string | undefined
}

/**
 * Says which taxes a cart bears. It is asked while carts are priced, also inside a transaction, so
 * it answers at once from what it has: one that asks somebody over the network does so beside the
 * requests and keeps the answers.
 */
export interface TaxProvider {
  readonly code: string
  rulesFor(question: TaxQuestion): TaxRules
}
