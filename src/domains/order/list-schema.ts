/** What lists of orders can be filtered by. */
export const orderStatuses = [
  'pending_payment',
  'placed',
  'paid',
  'processing',
  'partially_shipped',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
  'returned',
] as const

export const paymentStatuses = [
  'open',
  'pending',
  'due',
  'authorised',
  'captured',
  'failed',
  'voided',
  'refund_due',
  'refunded',
] as const
