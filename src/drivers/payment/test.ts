import type { ChargeRequest, PaymentDriver, PaymentOutcome } from './driver.ts'

const outcomes = ['approve', 'decline', 'error', 'timeout']
const chargesKeptMax = 10_000

/**
 * A provider for trying things out: it does what `payment_data.outcome` says and moves no money.
 * `error` fails without charging; `timeout` charges, but its answer is lost on the way.
 */
export function testPayment(): PaymentDriver {
  const charges = new Map<string, PaymentOutcome>()
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
    async charge(request) {
      const outcome = charges.get(request.key) ?? decide(request)
      charges.set(request.key, outcome)
      // Only a retry soon after needs them; the map must not grow for ever.
      if (charges.size > chargesKeptMax) charges.delete(charges.keys().next().value ?? '')
      if (request.data['outcome'] === 'timeout') throw new Error('the test provider timed out')
      return Promise.resolve(outcome)
    },
    refund: () => Promise.resolve(),
    find: (key) => Promise.resolve(charges.get(key)),
  }
}

function decide({ key, data }: ChargeRequest): PaymentOutcome {
  if (data['outcome'] === 'decline') return { kind: 'failed', code: 'declined' }
  if (data['outcome'] === 'error') return { kind: 'failed', code: 'provider_error' }
  return { kind: 'captured', reference: `test_${key}` }
}
