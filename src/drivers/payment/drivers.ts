import { ConfigError } from '../../config/read.ts'
import { outsideTransactions } from '../../db/scope.ts'
import type { PaymentDriver, PaymentDrivers } from './driver.ts'
import { httpPayment, type HttpPaymentOptions } from './http.ts'
import { manualPayment } from './manual.ts'
import { stripePayment, type StripeOptions } from './stripe.ts'
import { testPayment } from './test.ts'

/** What the drivers need to know of the configuration. */
export interface PaymentSettings {
  readonly methods: readonly string[]
  readonly http: HttpPaymentOptions
  readonly stripe: StripeOptions
}

const makers: Readonly<Record<string, (settings: PaymentSettings) => PaymentDriver>> = {
  manual: () => manualPayment,
  test: testPayment,
  http: ({ http }) => httpPayment(http),
  stripe: ({ stripe }) => stripePayment(stripe),
}

/** The configured payment methods, in the order in which they are offered. */
export function paymentDrivers(settings: PaymentSettings): PaymentDrivers {
  return new Map(settings.methods.map((code) => [code, paymentDriver(code, settings)]))
}

function paymentDriver(code: string, settings: PaymentSettings): PaymentDriver {
  const maker = makers[code]
  if (!maker) {
    const known = Object.keys(makers).join(', ')
    throw new ConfigError(`PAYMENT_METHODS: "${code}" is unknown; known are ${known}`)
  }
  const driver = maker(settings)
  return driver.offline ? driver : outsideTransactions(`payment ${code}`, driver)
}
