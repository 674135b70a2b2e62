import type {
  AuthoriseRequest,
  OperationOutcome,
  OperationRequest,
  PaymentDriver,
  PaymentDrivers,
  PaymentOutcome,
  PaymentReference,
} from '../../src/drivers/payment/driver.ts'
import { manualPayment } from '../../src/drivers/payment/manual.ts'

/** A payment provider in this process that remembers what it was asked for. */
export interface Provider {
  readonly drivers: PaymentDrivers
  readonly charges: AuthoriseRequest[]
  readonly refunds: OperationRequest[]
  readonly captures: OperationRequest[]
  readonly cancelled: PaymentReference[]
  /** What it does with the next charges; to throw is to leave the shop without an answer. */
  charge: (request: AuthoriseRequest) => Promise<PaymentOutcome>
  /** What it says when it is asked. */
  find: (key: string) => Promise<PaymentOutcome | undefined>
  refund: (request: OperationRequest) => Promise<OperationOutcome>
  capture: (request: OperationRequest) => Promise<OperationOutcome>
  cancel: (payment: PaymentReference) => Promise<PaymentOutcome>
}

export const captured = (key: string): PaymentOutcome => ({
  kind: 'captured',
  reference: `ref-${key}`,
})

export const done: OperationOutcome = { kind: 'done', reference: null }

type Behaviour = Partial<Pick<Provider, 'charge' | 'find' | 'refund' | 'capture' | 'cancel'>>

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
          authorise(request) {
            made.charges.push(request)
            return made.charge(request)
          },
          capture(request) {
            made.captures.push(request)
            return made.capture(request)
          },
          cancel(payment) {
            made.cancelled.push(payment)
            return made.cancel(payment)
          },
          find: ({ key }) => made.find(key),
          refund(request) {
            made.refunds.push(request)
            return made.refund(request)
          },
        },
      ],
    ]),
    charges: [],
    refunds: [],
    captures: [],
    cancelled: [],
    charge: ({ key }) => Promise.resolve(captured(key)),
    find: (key) =>
      Promise.resolve(
        made.charges.some((request) => request.key === key) ? captured(key) : undefined,
      ),
    refund: () => Promise.resolve(done),
    capture: () => Promise.resolve(done),
    cancel: () => Promise.resolve({ kind: 'failed', code: 'cancelled' }),
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
