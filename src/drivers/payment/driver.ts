import type { Minor } from '../../core/money.ts'

export interface AuthoriseRequest {
  /** The same key always means the same payment: a provider acts on it at most once. */
  readonly key: string
  readonly amountMinor: Minor
  readonly currency: string
  /** What the client sent for this provider, such as a token; validated by the driver. */
  readonly data: Readonly<Record<string, unknown>>
  /** `later`: the money is set aside, and collected by `capture`. */
  readonly capture: 'now' | 'later'
  /** By what name the provider knows who pays, if it keeps cards for them. */
  readonly payer?: string | undefined
  /**
   * Writes down what the provider calls the payment. A driver whose `find` goes by it calls this
   * before any money can move; it throws if the shop has given up on the payment meanwhile.
   */
  readonly keep: (reference: string) => Promise<void>
}

/** A payment as its provider is asked about it. */
export interface PaymentReference {
  readonly key: string
  /** What the provider calls it, as far as it has said so. */
  readonly reference: string | null
  readonly amountMinor: Minor
  readonly currency: string
}

/** Something to be done to a payment, once for each `operationKey`. */
export interface OperationRequest {
  readonly payment: PaymentReference
  readonly operationKey: string
  readonly amountMinor: Minor
}

export type OperationOutcome =
  | { readonly kind: 'done'; readonly reference: string | null }
  /** For good: trying again would not help. */
  | { readonly kind: 'failed'; readonly code: string }

/** What the payer has to do before the payment can go on, such as 3-D Secure. */
export interface PaymentAction {
  readonly type: string
  readonly client_secret?: string
  readonly redirect_url?: string
}

export type DecidedOutcome =
  | { readonly kind: 'captured'; readonly reference: string; readonly amountMinor?: Minor }
  /** The money is set aside, and not collected yet. */
  | { readonly kind: 'authorised'; readonly reference: string }
  /** To be collected later, outside of this system (invoice, cash on delivery). */
  | { readonly kind: 'due' }
  | {
      readonly kind: 'failed'
      readonly code: string
      /** The payer could still pay it at the provider, unless it is cancelled there. */
      readonly isOpen?: boolean
    }

export type PaymentOutcome =
  | DecidedOutcome
  | {
      readonly kind: 'action_required'
      readonly reference: string
      readonly action: PaymentAction
    }

/** A request of a provider, as it came. */
export interface RawEvent {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** UTC milliseconds. */
  readonly now: number
}

/** What a provider tells of, without anything of a person. */
export interface PaymentEvent {
  /** The provider's own, the same for each copy. */
  readonly id: string
  readonly type: string
  readonly change: PaymentChange
}

export type PaymentChange =
  /** Undefined `outcome`: something went wrong, and the provider has to be asked. */
  | {
      readonly about: 'payment'
      readonly key: string
      readonly outcome?: DecidedOutcome
    }
  | {
      readonly about: 'refund'
      /** What the provider calls the payment. */
      readonly payment: string
      /** What it calls the refund. */
      readonly reference: string
      /** Ours, if the refund is one that this shop has asked for. */
      readonly operationKey: string | null
      readonly amountMinor: number
      readonly status: 'done' | 'failed'
    }
  /** Nothing that this shop has to know. */
  | { readonly about: 'nothing' }

export interface SavedCard {
  readonly id: string
  readonly brand: string
  readonly last4: string
  readonly expMonth: number
  readonly expYear: number
}

/** Cards that a provider keeps for a customer. Numbers never come here. */
export interface CardVault {
  /** Makes somebody known, once for each key; returns the provider's name for them. */
  open(customer: { readonly key: string }): Promise<string>
  /** Begins to save a card: what the client needs to hand it to the provider directly. */
  setUp(payer: string, key: string): Promise<{ id: string; clientSecret: string }>
  list(payer: string): Promise<SavedCard[]>
  /** Forgets a card; false if it is none of this payer's. */
  remove(payer: string, card: string): Promise<boolean>
  /** Forgets the person with all cards. */
  forget(payer: string): Promise<void>
}

/**
 * A way to pay. A method that throws leaves the outcome unknown: it is then asked for with `find`,
 * or done again with the same key, never assumed.
 */
export interface PaymentDriver {
  readonly code: string
  readonly name: string
  /** Decides without any network, so it may run inside the order's own transaction. */
  readonly offline: boolean
  /** Refuses data this provider cannot use: returns what is wrong with which field. */
  check(data: Readonly<Record<string, unknown>>): { field: string; issue: string } | undefined
  authorise(request: AuthoriseRequest): Promise<PaymentOutcome>
  /** Collects what was authorised, all or a part; the rest is given up. */
  capture(request: OperationRequest): Promise<OperationOutcome>
  /** Sees to it that nothing is collected any more. Returns what the payment has come to. */
  cancel(payment: PaymentReference): Promise<PaymentOutcome>
  /** Gives money back, all or a part. */
  refund(request: OperationRequest): Promise<OperationOutcome>
  /** What became of a payment; undefined if the provider has never seen it. */
  find(payment: PaymentReference): Promise<PaymentOutcome | undefined>
  /** Reads what the provider tells; undefined if its signature is wrong or too old. */
  readEvent?(event: RawEvent): Promise<PaymentEvent | undefined>
  readonly cards?: CardVault
}

export type PaymentDrivers = ReadonlyMap<string, PaymentDriver>
