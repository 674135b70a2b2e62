import type { Static } from 'typebox'
import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import { isCurrency } from '../../core/money.ts'
import { parseRatio } from '../../core/ratio.ts'
import { momentOf } from '../../http/schema.ts'
import type { DraftLineWanted } from '../cart/drafting.ts'
import { checkedVatId } from '../cart/terms.ts'
import { priceOf } from '../catalog/filter.ts'
import type { CheckoutCommand } from '../checkout/command.ts'
import { refuseWrongAddress } from '../customer/addresses.ts'
import { getCustomer } from '../customer/customers.ts'
import { normalCode } from '../promotion/coupons.ts'
import type { Draft, DraftCommand } from './drafts.ts'
import type { DraftBody, PayBody } from './schema.ts'

type Given = Static<typeof DraftBody>

/** Whether a draft says what something is to cost, which not all staff may. */
export const hasOwnPrices = ({ items }: Given): boolean =>
  items.some(({ price, discount_percent }) => price !== undefined || discount_percent !== undefined)

/** What staff want drafted. Throws VALIDATION_ERROR, EMAIL_REQUIRED, NOT_FOUND. */
export async function commandOf(ctx: Context, given: Given): Promise<DraftCommand> {
  const { shipping_info: shipping, billing_info: billing, currency: chosen } = given
  const currency = chosen ?? ctx.config.store.currency
  if (!isCurrency(currency)) throw invalid('currency', 'is no currency of ISO 4217')
  if (shipping) refuseWrongAddress('shipping_info', shipping)
  if (billing) refuseWrongAddress('billing_info', billing)
  const customerId = given.customer_id?.toLowerCase()
  const expiresAt = momentOf('expires_at', given.expires_at) ?? undefined
  if (expiresAt !== undefined && expiresAt <= ctx.clock.now()) {
    throw invalid('expires_at', 'must be in the future')
  }
  return {
    customerId,
    email: await emailOf(ctx, given.email, customerId),
    shipping,
    billing,
    shippingMethod: given.shipping_method,
    note: given.note,
    expiresAt,
    contents: {
      lines: linesOf(given, currency),
      codes: [...new Set((given.codes ?? []).map(normalCode))],
      currency,
      destination: shipping && destinationOf(shipping),
      vatId: given.vat_id === undefined ? undefined : checkedVatId(given.vat_id),
    },
  }
}

const destinationOf = ({ country, state, postal_code }: Address) => ({
  country,
  region: state,
  postcode: postal_code,
})

async function emailOf(
  ctx: Context,
  email: string | undefined,
  customerId: string | undefined,
): Promise<string> {
  if (email !== undefined) return email
  if (customerId === undefined) throw new ShopError('EMAIL_REQUIRED')
  return (await getCustomer(ctx, { by: 'id', id: customerId })).email
}

function linesOf({ items }: Given, currency: string): DraftLineWanted[] {
  const lines = items.map((item, index) => {
    const { price, discount_percent: percent } = item
    const field = `items.${index}`
    if (price !== undefined && percent !== undefined) {
      throw invalid(`${field}.discount_percent`, 'cannot be combined with price')
    }
    return {
      variantId: item.variant_id.toLowerCase(),
      quantity: item.quantity,
      priceMinor: price === undefined ? undefined : priceOf(`${field}.price`, price, currency),
      off: percent === undefined ? undefined : parseRatio(`${percent}%`),
    }
  })
  if (new Set(lines.map(({ variantId }) => variantId)).size === lines.length) return lines
  throw invalid('items', 'must name each variant once')
}

/** The checkout of a draft. Refuses one that is given up or too old (DRAFT_CLOSED). */
export function checkoutOf(draft: Draft, given: Static<typeof PayBody>): CheckoutCommand {
  const { row, state } = draft
  // One that was ordered goes on: who repeats the request is told of that order.
  if (state === 'cancelled' || state === 'expired') throw new ShopError('DRAFT_CLOSED', { state })
  const addressOf = (json: string | null) =>
    json === null ? undefined : (JSON.parse(json) as Address)
  const shipping = addressOf(row.shipping_address) ?? given.shipping_info
  const billing = addressOf(row.billing_address) ?? given.billing_info
  if (shipping) refuseWrongAddress('shipping_info', shipping)
  if (billing) refuseWrongAddress('billing_info', billing)
  const customerId = row.customer_id ?? undefined
  if (!shipping && customerId === undefined) throw invalid('shipping_info', 'is required')
  return {
    shopper: { customerId, sessionKey: undefined, draftCartId: row.cart_id },
    email: row.email,
    addresses: { shipping, billing },
    shippingMethod: row.shipping_method ?? undefined,
    paymentMethod: given.payment_method,
    paymentData: given.payment_data ?? {},
    vatId: undefined,
    giftCards: [],
    useStoreCredit: false,
    expectedTotal: given.expected_total,
    version: undefined,
  }
}
