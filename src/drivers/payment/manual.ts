import type { PaymentDriver } from './driver.ts'

/** Payment on invoice or delivery: the order is placed at once, the money is booked by staff. */
export const manualPayment: PaymentDriver = {
  code: 'manual',
  name: 'Invoice or cash on delivery',
  offline: true,
  check: () => undefined,
  charge: () => Promise.resolve({ kind: 'due' }),
  refund: () => Promise.resolve(),
  find: () => Promise.resolve({ kind: 'due' }),
}
