import type {
  ChargeRequest,
  PaymentDriver,
  PaymentDrivers,
  PaymentOutcome,
  RefundRequest,
} from '../../src/drivers/payment/driver.ts'
import { manualPayment } from '../../src/drivers/payment/manual.ts'

/** A payment provider in this process that remembers what it was asked for. */
export interface Provider {
  readonly drivers: PaymentDrivers
  readonly charges: ChargeRequest[]
  readonly refunds: RefundRequest[]
  /** What it does with the next charges; to throw is to leave the shop without an answer. */
  charge: (request: ChargeRequest) => Promise<PaymentOutcome>
  /** What it says when it is asked. */
  find: (key: string) => Promise<PaymentOutcome | undefined>
  refund: (request: RefundRequest) => Promise<void>
}

export const captured = (key: string): PaymentOutcome => ({
  kind: 'captured',
  reference: `ref-${key}`,
})

type Behaviour = Partial<Pick<Provider, 'charge' | 'find' | 'refund'>>

/** Offered as `test`; approves everything unless it is told otherwise. */
export function provider(behaviour: Behaviour = {}): Provider {
  const made: Provider = {
    drivers: new Map<string, PaymentDriver>([
      ['manual', manualPayment],
      [
        'test',
        {
          code: 'test',
          name: 'Recording',
          offline: false,
          check: () => undefined,
          charge(request) {
            made.charges.push(request)
            return made.charge(request)
          },
          find: (key) => made.find(key),
          refund(request) {
            made.refunds.push(request)
            return made.refund(request)
          },
        },
      ],
    ]),
    charges: [],
    refunds: [],
    charge: ({ key }) => Promise.resolve(captured(key)),
    find: (key) =>
      Promise.resolve(
        made.charges.some((request) => request.key === key) ? captured(key) : undefined,
      ),
    refund: () => Promise.resolve(),
  }
  return Object.assign(made, behaviour)
}

export const silent = () => Promise.reject(new Error('the provider does not answer'))

/** A door that opens once, for holding a request in the middle. */
export function gate() {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  return {
    open,
    reached,
    async pass(): Promise<void> {
      reach()
      await opened
    },
  }
}
