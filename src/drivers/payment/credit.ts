import { manualPayment } from './manual.ts'
import type { PaymentDriver } from './driver.ts'

/**
 * The method of an order that gift cards and store credit pay in full: nothing is left to charge,
 * so nobody is asked. An order with something left is refused before it comes here.
 */
export const creditPayment: PaymentDriver = {
  ...manualPayment,
  code: 'credit',
  name: 'Gift card or store credit',
  authorise: () => Promise.resolve({ kind: 'failed', code: 'nothing_to_pay_with' }),
  find: () => Promise.resolve(undefined),
}
