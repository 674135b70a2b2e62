import { hash } from 'node:crypto'

/**
 * What a provider may do to a request. `before` and `after`: it fails without, or after, having
 * done what was asked. `late`: the caller hears nothing, and the charge is made much later.
 */
export const faults = [
  'none',
  'slow',
  'decline',
  'timeout-before',
  'timeout-after',
  'late',
  '500-before',
  '500-after',
  '409-before',
  '409-after',
  '429-before',
  '429-after',
  'reset-before',
  'reset-after',
  'broken-json',
] as const

export type Fault = (typeof faults)[number]
export type Operation = 'create' | 'charge' | 'find' | 'capture' | 'cancel' | 'refund'

/** How the provider behaves from now on. The first entry that says something is followed. */
export interface Behaviour {
  /** Consumed in order, one fault a charge. */
  readonly script?: readonly Fault[]
  /** What every request of this kind gets, as long as this behaviour lasts. */
  readonly always?: Partial<Record<Operation, Fault>>
  /** Faults by chance: the same seed, key and number of the try give the same fault. */
  readonly seeded?: {
    readonly seed: number
    readonly share: number
    readonly faults: readonly Fault[]
  }
  readonly slowMs?: number
  readonly lateMs?: number
  readonly webhooks?: Webhooks
}

/** How events are told: each `copies` times, each time after a random wait, so out of order. */
export interface Webhooks {
  readonly url: string
  readonly copies: number
  readonly delayMaxMs: number
  readonly seed: number
  /** How far the listener's clock is ahead of this machine's. */
  readonly aheadMs?: number
}

export interface Incident {
  readonly operation: Operation
  readonly key: string
  /** Counts the requests of this kind with this key, from 1. */
  readonly attempt: number
}

/** A number from 0 to 1 (exclusive) that depends on nothing but what it is made from. */
export function chance(...parts: readonly (string | number)[]): number {
  return parseInt(hash('sha256', parts.join('|'), 'hex').slice(0, 12), 16) / 2 ** 48
}

export class FaultPlan {
  readonly #behaviour: Behaviour
  #next = 0

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour
  }

  faultFor({ operation, key, attempt }: Incident): Fault {
    const { script = [], always = {}, seeded } = this.#behaviour
    if (operation === 'charge' && this.#next < script.length) return script[this.#next++] ?? 'none'
    const given = always[operation]
    if (given) return given
    if (!seeded || chance(seeded.seed, operation, key, attempt) >= seeded.share) return 'none'
    const index = chance(seeded.seed, 'which', operation, key, attempt) * seeded.faults.length
    return seeded.faults[Math.floor(index)] ?? 'none'
  }
}
