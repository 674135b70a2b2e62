import { ConfigError } from '../../config/read.ts'
import { outsideTransactions } from '../../db/scope.ts'
import type { PaymentDriver, PaymentDrivers } from './driver.ts'
import { manualPayment } from './manual.ts'
import { testPayment } from './test.ts'

const makers: Readonly<Record<string, () => PaymentDriver>> = {
  manual: () => manualPayment,
  test: testPayment,
}

/** The configured payment methods, in the order in which they are offered. */
export function paymentDrivers(codes: readonly string[]): PaymentDrivers {
  return new Map(codes.map((code) => [code, paymentDriver(code)]))
}

function paymentDriver(code: string): PaymentDriver {
  const maker = makers[code]
  if (!maker) {
    const known = Object.keys(makers).join(', ')
    throw new ConfigError(`PAYMENT_METHODS: "${code}" is unknown; known are ${known}`)
  }
  const driver = maker()
  return driver.offline ? driver : outsideTransactions(`payment ${code}`, driver)
}
