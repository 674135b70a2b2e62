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
  'account.factor_changed': {
    when: 'How somebody may sign in to an account was changed; its owner should hear of it.',
    payload: ['account_id', 'change', 'at'],
  },
} as const

export type EventTopic = keyof typeof eventTopics
