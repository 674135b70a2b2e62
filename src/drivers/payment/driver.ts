import type { Minor } from '../../core/money.ts'

export interface ChargeRequest {
  /** The same key always means the same charge: a provider acts on it at most once. */
  readonly key: string
  readonly amountMinor: Minor
  readonly currency: string
  /** What the client sent for this provider, such as a token; validated by the driver. */
  readonly data: Readonly<Record<string, unknown>>
}

export interface RefundRequest {
  /** The key of the charge. */
  readonly key: string
  readonly amountMinor: Minor
  readonly currency: string
}

export type PaymentOutcome =
  | { readonly kind: 'captured'; readonly reference: string }
  /** To be collected later, outside of this system (invoice, cash on delivery). */
  | { readonly kind: 'due' }
  | { readonly kind: 'failed'; readonly code: string }

/**
 * A way to pay. A method that throws leaves the outcome unknown: it is then asked for with `find`,
 * never assumed.
 */
export interface PaymentDriver {
  readonly code: string
  readonly name: string
  /** Decides without any network, so it may run inside the order's own transaction. */
  readonly offline: boolean
  /** Refuses data this provider cannot use: returns what is wrong with which field. */
  check(data: Readonly<Record<string, unknown>>): { field: string; issue: string } | undefined
  charge(request: ChargeRequest): Promise<PaymentOutcome>
  /** Gives the money of a charge back, whole; with the same key it acts once. */
  refund(request: RefundRequest): Promise<void>
  /** What became of the charge with this key; undefined if the provider has never seen it. */
  find(key: string): Promise<PaymentOutcome | undefined>
}

export type PaymentDrivers = ReadonlyMap<string, PaymentDriver>
