/** What lists can be filtered by. */
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
