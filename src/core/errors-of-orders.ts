import type { ErrorDefinition } from './errors.ts'

/** What may be wrong with stock, carts, orders and their money; in the order of the statuses. */
export const errorsOfOrders = {
  INSUFFICIENT_STOCK: {
    status: 409,
    message: 'Only {available} of {sku} left.',
    hint: 'Lower the quantity or remove the item.',
  },
  STOCK_NOT_SOLD: {
    status: 409,
    message: 'Of {sku} this order has only {available} to give back.',
    hint: 'Lower the quantity: what was given back before does not count again.',
  },
  STOCK_CHANGED: {
    status: 409,
    message: 'There are {current} of {sku} on hand, not {expected}.',
    hint: 'Count again, and send what is on hand now as expected_on_hand.',
  },
  BUNDLE_CHANGED: {
    status: 409,
    message: 'The bundle {sku} has other parts now than when this order bought it.',
    hint: 'Add its parts to the order instead.',
  },
  ALREADY_CLOSED: {
    status: 409,
    message: '{resource} is {status} already.',
    hint: 'Read it again: what you want to do has been done, or cannot be done any more.',
  },
  CART_LOCKED: {
    status: 409,
    message: 'This cart is being checked out.',
    hint: 'Wait for the answer of the checkout that is running.',
  },
  ALREADY_CHECKED_OUT: {
    status: 409,
    message: 'This cart has already become an order.',
    hint: 'Read the order instead of placing it again.',
  },
  PRICE_CHANGED: {
    status: 409,
    message: 'The price of {sku} changed from {seen} to {current}.',
    hint: 'Show the new price; the next checkout of this cart accepts it.',
  },
  TRACKED_BY_UNIT: {
    status: 409,
    message: 'Every piece of {sku} has a serial number: it cannot be counted by quantity alone.',
    hint: 'Name its units by serial number: POST /api/v1/admin/units, docs/serial-numbers.md.',
  },
  NOT_TRACKED_BY_UNIT: {
    status: 409,
    message: '{sku} is not tracked by unit.',
    hint: 'Switch it on: PUT /api/v1/admin/variants/{id}/unit-tracking.',
  },
  SERIALS_MISSING: {
    status: 409,
    message: 'There are {on_hand} of {sku} at {location}, and serial numbers for {given} of them.',
    hint: 'Give one serial number for each piece on hand, or have them generated.',
  },
  UNIT_STATE: {
    status: 409,
    message: 'Unit {serial} is {state}.',
    hint: 'Read its history: GET /api/v1/admin/units/{serial}.',
  },
  AMBIGUOUS_ITEM: {
    status: 409,
    message: 'The cart holds several variants of this product.',
    hint: 'Name the line by its cart_item_id.',
  },
  PAYMENT_PENDING: {
    status: 409,
    message: 'Order {number} still waits for its payment.',
    hint: 'Wait until the payment is made or has failed.',
  },
  ORDER_IN_PROCESS: {
    status: 409,
    message: 'Order {number} is {status}: it is too late for this.',
    hint: 'Ask the shop, or send the goods back when they have come.',
  },
  ORDER_NOT_SHIPPED: {
    status: 409,
    message: 'Order {number} is {status}: it is too early for this.',
    hint: 'What has not left can be cancelled; a parcel must be shipped before it arrives.',
  },
  ORDER_SHIPPED: {
    status: 409,
    message: 'Order {number} is {status}: goods have left already.',
    hint: 'Ask for a return instead.',
  },
  ORDER_CLOSED: {
    status: 409,
    message: 'Order {number} is {status}; nothing can be done about it any more.',
    hint: 'Place a new order.',
  },
  ORDER_NOT_EDITABLE: {
    status: 422,
    message: 'The order cannot be changed like this: {reason}.',
    hint: 'Cancel it, or a part of it, and place a new one.',
  },
  QUANTITY_EXCEEDED: {
    status: 409,
    message: 'Only {available} of {sku} can be meant.',
    hint: 'Read the order again: pieces that are cancelled, packed or returned are not open.',
  },
  RETURN_WINDOW_CLOSED: {
    status: 409,
    message: 'The time for returning {sku} was over on {until}.',
    hint: 'Ask the shop whether it takes the goods back nevertheless.',
  },
  WRONG_STATE: {
    status: 409,
    message: 'The {resource} is {status} already.',
    hint: 'Read it again; what has been done once cannot be done another way.',
  },
  GIFT_CARD_SPENT: {
    status: 409,
    message: 'A gift card of this order has been used already.',
    hint: 'Cancel the other lines alone.',
  },
  PAYMENT_REFUNDED: {
    status: 409,
    message: 'The articles were sold out before the payment arrived; it is refunded in full.',
    hint: 'The cart is yours again: check what is still available.',
  },
  PAYMENT_STATE: {
    status: 409,
    message: 'This payment is {status}: it cannot be {action} (any more).',
    hint: 'Read the payments of the order: something has happened to it meanwhile.',
  },
  PAYMENT_IN_PROGRESS: {
    status: 409,
    message: 'Money of this order is on its way right now.',
    hint: 'Repeat the request in a moment, when the provider has answered.',
    retryAfterSeconds: 1,
  },
  CAPTURE_EXCEEDS_AUTHORISED: {
    status: 409,
    message: 'Only {available} can be captured of this payment.',
    hint: 'Capture less, or leave the amount out to capture all of it.',
  },
  REFUND_EXCEEDS_CAPTURED: {
    status: 409,
    message: 'Only {available} can be given back.',
    hint: 'Refund less: what was not captured, or went back already, cannot go back again.',
  },
  COUPON_INVALID: {
    status: 422,
    message: 'The code {code} cannot be used: {reason}.',
    hint: 'Remove the code from the cart, or change the cart so that it counts.',
  },
  PROMOTION_USED_UP: {
    status: 409,
    message: 'Somebody else has just used the last of a discount in this cart.',
    hint: 'Read the cart: its total has changed. The next checkout takes it as it is.',
  },
  TOTAL_CHANGED: {
    status: 409,
    message: 'The total is {current}, not {seen}.',
    hint: 'Show the cart as it is now, and send its total as expected_total.',
  },
  LIMIT_TOO_LOW: {
    status: 409,
    message: 'More of this promotion has been used already than the new limits allow.',
    hint: 'Raise limit_total or budget, or switch the promotion off by is_active.',
  },
  CURRENCY_UNAVAILABLE: {
    status: 422,
    message: '{sku} has no price in {currency}.',
    hint: 'Remove the item, or keep the currency of the cart.',
  },
  GIFT_CARD_INVALID: {
    status: 422,
    message: 'This gift card cannot be used: {reason}.',
    hint: 'Check the code; the balance can be asked for at /api/v1/checkout/gift-card-balances.',
  },
  CREDIT_SPENT: {
    status: 409,
    message: 'The gift card or store credit has just been spent by another order.',
    hint: 'Repeat the checkout: it takes what is left.',
  },
  NOTHING_TO_PAY_WITH: {
    status: 422,
    message: 'There are {due} left to pay, and no payment method was named for them.',
    hint: 'Name another payment_method than "credit", or add a gift card.',
  },
  CART_EMPTY: {
    status: 422,
    message: 'The cart is empty.',
    hint: 'Add a product first.',
  },
  PRODUCT_UNAVAILABLE: {
    status: 422,
    message: '{sku} is no longer for sale.',
    hint: 'Remove the item from the cart.',
  },
  VARIANT_REQUIRED: {
    status: 422,
    message: 'This product has several variants.',
    hint: 'Send the variant_id of one of them.',
  },
  EMAIL_REQUIRED: {
    status: 422,
    message: 'A guest must give an e-mail address.',
    hint: 'Send "email" at the top level or in shipping_info.',
  },
  UNKNOWN_SHIPPING_METHOD: {
    status: 422,
    message: 'There is no shipping method "{code}".',
    hint: 'The available methods are: {available}.',
  },
  UNKNOWN_PAYMENT_METHOD: {
    status: 422,
    message: 'There is no payment method "{code}".',
    hint: 'The available methods are: {available}.',
  },
  AMOUNT_TOO_LARGE: {
    status: 422,
    message: 'The amount is larger than this system can count exactly.',
    hint: 'Lower the quantity or split the order.',
  },
  PAYMENT_DECLINED: {
    status: 422,
    message: 'The payment was declined.',
    hint: 'The cart is unchanged: try another payment method.',
  },
  SELLER_UNKNOWN: {
    status: 409,
    message: 'An invoice must name the seller’s address, which this shop does not know.',
    hint: 'Set SELLER_ADDRESS, and SELLER_VAT_ID if there is one.',
  },
  NOTHING_TO_INVOICE: {
    status: 409,
    message: 'Order {number} has nothing that could be invoiced (any more).',
    hint: 'Orders are invoiced once they count; a correction is a credit note.',
  },
  DRAFT_CLOSED: {
    status: 409,
    message: 'This draft is {state} and cannot be changed or ordered any more.',
    hint: 'Make a new draft; an order that came of this one is changed as an order.',
  },
  NOT_INVOICED: {
    status: 409,
    message: 'Nothing of this was invoiced, so that there is nothing to credit.',
    hint: 'Issue the invoice first; what was never invoiced needs no credit note.',
  },
  CREDIT_EXCEEDS_INVOICED: {
    status: 409,
    message: 'That is more than was invoiced and not credited yet.',
    hint: 'Read the documents of the order, and credit at most what is left.',
  },
  PAYMENT_UNAVAILABLE: {
    status: 503,
    message: 'The payment provider does not answer.',
    hint: 'Repeat the request with the same Idempotency-Key: it can never charge twice.',
    retryAfterSeconds: 2,
  },
} as const satisfies Record<string, ErrorDefinition>
