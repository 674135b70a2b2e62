import type { Shopper } from '../cart/cart.ts'
import type { AddressChoices, ChosenAddresses } from '../customer/addresses.ts'

export interface CheckoutCommand {
  readonly shopper: Shopper
  readonly email: string | undefined
  readonly addresses: AddressChoices
  readonly shippingMethod: string | undefined
  readonly paymentMethod: string
  readonly paymentData: Readonly<Record<string, unknown>>
  readonly vatId: string | undefined
  /** Codes of gift cards to pay with, before the payment method. */
  readonly giftCards: readonly string[]
  readonly useStoreCredit: boolean
  /** What the caller has shown as the total, as a decimal. */
  readonly expectedTotal: string | undefined
  /** The cart version the caller has seen, from If-Match. */
  readonly version: number | undefined
}

/** The same with the addresses that were chosen. */
export interface AddressedCommand extends Omit<CheckoutCommand, 'addresses'> {
  readonly addresses: ChosenAddresses
}
