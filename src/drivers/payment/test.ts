import { minor } from '../../core/money.ts'
import type {
  AuthoriseRequest,
  OperationOutcome,
  OperationRequest,
  PaymentDriver,
  PaymentOutcome,
} from './driver.ts'

const outcomes = ['approve', 'authorise', 'decline', 'error', 'timeout', 'action']
const chargesKeptMax = 10_000

/**
 * A provider for trying things out: it does what `payment_data.outcome` says and moves no money.
 * `authorise` sets the money aside and no more; `error` fails without charging; `timeout` charges,
 * but its answer is lost on the way; `action` waits for the payer, who comes when it is asked next.
 */
export function testPayment(): PaymentDriver {
  const charges = new Map<string, PaymentOutcome>()
  const keep = (key: string, outcome: PaymentOutcome) => {
    charges.delete(key)
    charges.set(key, outcome)
    // Only a retry soon after needs them; the map must not grow for ever.
    if (charges.size > chargesKeptMax) charges.delete(charges.keys().next().value ?? '')
    return outcome
  }
  return {
    code: 'test',
    name: 'Test payment (no money moves)',
    offline: false,
    check({ outcome = 'approve', ...rest }) {
      const [unknown] = Object.keys(rest)
      if (unknown) return { field: `payment_data.${unknown}`, issue: 'is not known' }
      if (typeof outcome === 'string' && outcomes.includes(outcome)) return undefined
      return { field: 'payment_data.outcome', issue: `must be one of ${outcomes.join(', ')}` }
    },
    async authorise(request) {
      const outcome = charges.get(request.key) ?? keep(request.key, decide(request))
      if (request.data['outcome'] === 'timeout') throw new Error('the test provider timed out')
      return Promise.resolve(outcome)
    },
    capture({ payment: { key }, amountMinor, operationKey }) {
      keep(key, { kind: 'captured', reference: `test_${key}`, amountMinor: minor(amountMinor) })
      return Promise.resolve(done(operationKey))
    },
    cancel({ key }) {
      const known = charges.get(key)
      if (known?.kind === 'captured') return Promise.resolve(known)
      return Promise.resolve(keep(key, { kind: 'failed', code: 'cancelled' }))
    },
    refund: ({ operationKey }: OperationRequest) => Promise.resolve(done(operationKey)),
    find({ key }) {
      const known = charges.get(key)
      if (known?.kind !== 'action_required') return Promise.resolve(known)
      return Promise.resolve(keep(key, { kind: 'captured', reference: known.reference }))
    },
  }
}

const done = (key: string): OperationOutcome => ({ kind: 'done', reference: `test_${key}` })

function decide({ key, data, capture }: AuthoriseRequest): PaymentOutcome {
  const reference = `test_${key}`
  const { outcome } = data
  if (outcome === 'decline') return { kind: 'failed', code: 'declined' }
  if (outcome === 'error') return { kind: 'failed', code: 'provider_error' }
  if (outcome === 'action') {
    return { kind: 'action_required', reference, action: { type: 'test' } }
  }
  const isLater = capture === 'later' || outcome === 'authorise'
  return isLater ? { kind: 'authorised', reference } : { kind: 'captured', reference }
}
