/**
 * Everything that is announced through the outbox. Each is delivered at least once, in no
 * guaranteed order; docs/events.md is made from this table.
 */
export const eventTopics = {
  'order.placed': {
    when: 'An order counts: its payment is captured, or due later.',
    payload: ['order_id', 'number', 'status'],
  },
  'order.payment_failed': {
    when: 'The payment of an order failed; its stock and its cart are free again.',
    payload: ['order_id', 'number', 'code'],
  },
  'order.refund_due': {
    when: 'Money arrived for an order that could not be kept; it is being refunded.',
    payload: ['order_id', 'number'],
  },
  'order.refunded': {
    when: 'That money has been given back in full.',
    payload: ['order_id', 'number'],
  },
  'stock.low': {
    when: 'An article came down to its threshold; once until it has been above it again.',
    payload: ['alert_id', 'variant_id', 'sku', 'available', 'threshold'],
  },
  'stock.subscription_made': {
    when: 'An address is to confirm that it wants to hear when an article is there again.',
    payload: ['subscription_id'],
  },
  'stock.back_in_stock': {
    when: 'An article is there again for which somebody waits.',
    payload: ['subscription_id'],
  },
  'stock.back_order_filled': {
    when: 'Goods came for an order that had bought them before they were there.',
    payload: ['order_id', 'variant_id', 'quantity'],
  },
  'order.paid': {
    when: 'All of the money for an order that was placed before is here now.',
    payload: ['order_id', 'number'],
  },
  'payment.refunded': {
    when: 'A part of an order’s money, or all of it, has been given back.',
    payload: ['order_id', 'number', 'payment_id', 'operation_id', 'amount_minor'],
  },
  'payment.refund_failed': {
    when: 'The provider could not give money back: it is still owed, and staff has to act.',
    payload: ['order_id', 'number', 'payment_id', 'operation_id', 'amount_minor'],
  },
  'order.changed': {
    when: 'Articles were added to an order, or it goes elsewhere or another way.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'order.processing': {
    when: 'An order is being put together; its customer cannot cancel it any more.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'order.cancelled': {
    when: 'An order that counted is cancelled as a whole; stock and money go back.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'order.lines_cancelled': {
    when: 'Some of the pieces of an order are cancelled. The subject is the cancellation.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'order.shipped': {
    when: 'A parcel of an order has left. The subject is the fulfilment.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'order.delivered': {
    when: 'A parcel of an order has arrived. The subject is the fulfilment.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'return.requested': {
    when: 'Somebody wants to send goods back. The subject is the return.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'return.decided': {
    when: 'A return was approved, refused or withdrawn. The subject is the return.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'return.received': {
    when: 'Goods have come back and their money is on its way. The subject is the return.',
    payload: ['order_id', 'number', 'status', 'subject_id'],
  },
  'note.added': {
    when: 'Staff wrote something on an order that its customer should read.',
    payload: ['order_id', 'number', 'note_id'],
  },
  'account.link_due': {
    when: 'Somebody is to get a mail with a link that is good once. The link is not in the event.',
    payload: ['token_id'],
  },
  'account.reset_requested': {
    when: 'Somebody asked for a new password; whether there is such an account is looked up later.',
    payload: ['sealed_email'],
  },
  'account.registration_requested': {
    when: 'Somebody registered, and has to confirm the address; it may be taken.',
    payload: ['sealed_registration'],
  },
  'account.password_changed': {
    when: 'An account has a new password.',
    payload: ['account_id', 'sealed_email', 'at'],
  },
  'account.email_changed': {
    when: 'An account has a new e-mail address; sealed is the one that it had before.',
    payload: ['account_id', 'sealed_email', 'at'],
  },
  'account.email_change_refused': {
    when: 'An account could not get the address it wanted, since another one has it.',
    payload: ['account_id', 'sealed_email', 'at'],
  },
  'account.erased': {
    when: 'An account is gone; its orders lose the name too, when their payment is settled.',
    payload: ['account_id', 'sealed_email', 'at', 'order_ids', 'sealed_emails'],
  },
  'account.factor_changed': {
    when: 'How somebody may sign in to an account was changed; its owner should hear of it.',
    payload: ['account_id', 'change', 'at'],
  },
} as const

/**
 * Topics whose payload holds something of a person, sealed by a secret of the shop. Such events are
 * forgotten when everybody has heard of them.
 */
export const personalTopics = [
  'account.reset_requested',
  'account.registration_requested',
  'account.password_changed',
  'account.email_changed',
  'account.email_change_refused',
  'account.erased',
] as const satisfies readonly (keyof typeof eventTopics)[]

export type EventTopic = keyof typeof eventTopics
