import type { PaymentDriver } from './driver.ts'

const done = { kind: 'done', reference: null } as const

/** Payment on invoice or delivery: the order is placed at once, the money is booked by staff. */
export const manualPayment: PaymentDriver = {
  code: 'manual',
  name: 'Invoice or cash on delivery',
  offline: true,
  check: () => undefined,
  authorise: () => Promise.resolve({ kind: 'due' }),
  capture: () => Promise.resolve(done),
  cancel: () => Promise.resolve({ kind: 'failed', code: 'cancelled' }),
  refund: () => Promise.resolve(done),
  find: () => Promise.resolve({ kind: 'due' }),
}
