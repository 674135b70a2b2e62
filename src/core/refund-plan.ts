import { minor, sumMinor, type Minor } from './money.ts'

export interface Refundable {
  readonly id: string
  /** What of it can still be given up, or back. */
  readonly openMinor: Minor
}

export interface RefundSources {
  /** What was to be collected and has not been, the latest payment first. */
  readonly uncollected: readonly Refundable[]
  /** What gift cards and store credit paid. */
  readonly creditMinor: Minor
  /** What was collected, the latest payment first. */
  readonly captured: readonly Refundable[]
}

export interface RefundPart {
  readonly id: string
  readonly amountMinor: Minor
}

export interface RefundPlan {
  readonly released: readonly RefundPart[]
  readonly creditMinor: Minor
  readonly refunded: readonly RefundPart[]
  /** What there is no money for. */
  readonly missingMinor: Minor
}

/**
 * Divides what an order is no longer worth over what it was, or is to be, paid with: what has not
 * been collected is not collected, then gift cards and store credit get theirs back, then the
 * latest payments. The parts and what is missing add up to `amountMinor`.
 */
export function planRefund(amountMinor: Minor, sources: RefundSources): RefundPlan {
  const released = take(amountMinor, sources.uncollected)
  const creditMinor = minor(Math.min(released.leftMinor, sources.creditMinor))
  const refunded = take(minor(released.leftMinor - creditMinor), sources.captured)
  const missingMinor = refunded.leftMinor
  return { released: released.parts, creditMinor, refunded: refunded.parts, missingMinor }
}

function take(
  amountMinor: Minor,
  from: readonly Refundable[],
): { parts: RefundPart[]; leftMinor: Minor } {
  const parts: RefundPart[] = []
  let leftMinor = amountMinor
  for (const { id, openMinor } of from) {
    const part = minor(Math.min(leftMinor, openMinor))
    if (part > 0) parts.push({ id, amountMinor: part })
    leftMinor = minor(leftMinor - part)
  }
  return { parts, leftMinor }
}

/** What a plan gives, in all. */
export const plannedMinor = ({ released, creditMinor, refunded }: RefundPlan): Minor =>
  minor(sumMinor([...released, ...refunded].map((part) => part.amountMinor)) + creditMinor)
