import { minor, type Minor } from '../money.ts'
import type { Apply, Basket, Check, Effect, Gift, Phase } from './rule.ts'

/** A promotion, ready to be tried. */
export interface Promotion {
  readonly id: string
  readonly name: string
  /** Tried from the lowest number up; then by id. */
  readonly priority: number
  /** Of one group one promotion applies: the first, and of equal priority the one worth most. */
  readonly group: string | undefined
  /** Applies only where no other has, and no other after it. */
  readonly isExclusive: boolean
  /** Amounts are in it, and it is for carts in it alone; undefined: it has no amounts. */
  readonly currency: string | undefined
  /** UTC milliseconds, included. */
  readonly from?: number | undefined
  /** UTC milliseconds, excluded. */
  readonly until?: number | undefined
  readonly conditions: readonly { readonly kind: string; readonly check: Check }[]
  readonly benefit: { readonly kind: string; readonly phase: Phase; readonly apply: Apply }
}

/** One promotion that was tried: what `explain` shows. */
export interface Trial {
  readonly promotionId: string
  readonly name: string
  readonly isApplied: boolean
  /** Why it was refused; undefined if it was applied. */
  readonly reason: string | undefined
  /** The kind of condition or benefit that refused it. */
  readonly by: string | undefined
  readonly amountMinor: Minor
}

/** What one promotion gives. */
export interface Discount {
  readonly promotionId: string
  readonly name: string
  readonly amountMinor: Minor
  /** One per line of the cart. */
  readonly linesMinor: readonly Minor[]
  readonly shippingMinor: Minor
  readonly gifts: readonly Gift[]
}

/** What is known while promotions are tried, one after another. */
export interface Progress {
  readonly facts: Omit<Basket, 'leftMinor' | 'shippingLeftMinor' | 'promotionId'>
  readonly leftMinor: Minor[]
  shippingLeftMinor: Minor | undefined
  /** Why a promotion must not be used at all, by its id: its limit is reached. */
  readonly exhausted: ReadonlyMap<string, string>
  /** What a promotion may still give, by its id; without an entry any amount. */
  readonly budgetLeft: ReadonlyMap<string, Minor>
  readonly discounts: Discount[]
  readonly trials: Trial[]
  readonly groups: Set<string>
  exclusive: string | undefined
}

/** In the order in which they are tried, whatever order they come in. */
export function inOrder(promotions: readonly Promotion[]): Promotion[] {
  return [...promotions].sort((left, right) => {
    if (left.priority !== right.priority) return left.priority - right.priority
    return left.id < right.id ? -1 : 1
  })
}

/** Tries the promotions of one phase, which are in order. */
export function applyPromotions(
  progress: Progress,
  promotions: readonly Promotion[],
  phase: Phase,
): void {
  const ofPhase = promotions.filter(({ benefit }) => benefit.phase === phase)
  const done = new Set<Promotion>()
  for (const promotion of ofPhase) {
    if (done.has(promotion)) continue
    const rivals = rivalsOf(promotion, ofPhase)
    for (const rival of rivals) done.add(rival)
    tryRivals(progress, rivals)
  }
}

/** A promotion and those of its group that have its priority. */
function rivalsOf(promotion: Promotion, all: readonly Promotion[]): readonly Promotion[] {
  const { group, priority } = promotion
  if (group === undefined) return [promotion]
  return all.filter((other) => other.group === group && other.priority === priority)
}

type Outcome =
  | { readonly effect: Effect; readonly amountMinor: Minor }
  | { readonly effect: undefined; readonly reason: string; readonly by: string | undefined }

function tryRivals(progress: Progress, rivals: readonly Promotion[]): void {
  const outcomes = rivals.map((promotion) => outcomeOf(progress, promotion))
  let best: { readonly index: number; readonly amountMinor: Minor } | undefined
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcome.effect) continue
    const { amountMinor } = outcome
    if (!best || amountMinor > best.amountMinor) best = { index, amountMinor }
  }
  for (const [index, promotion] of rivals.entries()) {
    const outcome = outcomes[index]!
    if (!outcome.effect) refuse(progress, promotion, outcome)
    else if (index === best?.index) take(progress, promotion, outcome)
    else {
      const reason = `"${rivals[best?.index ?? 0]!.name}" of the same group is worth more`
      refuse(progress, promotion, { reason, by: undefined })
    }
  }
}

function outcomeOf(progress: Progress, promotion: Promotion): Outcome {
  const reason = whyNotTried(progress, promotion)
  if (reason !== undefined) return { effect: undefined, reason, by: undefined }
  const basket: Basket = {
    ...progress.facts,
    leftMinor: progress.leftMinor,
    shippingLeftMinor: progress.shippingLeftMinor,
    promotionId: promotion.id,
  }
  for (const { kind, check } of promotion.conditions) {
    const refusal = check(basket)
    if (refusal !== undefined) return { effect: undefined, reason: refusal, by: kind }
  }
  const effect = promotion.benefit.apply(basket)
  const by = promotion.benefit.kind
  if (typeof effect === 'string') return { effect: undefined, reason: effect, by }
  const amountMinor = amountOf(effect)
  const budget = progress.budgetLeft.get(promotion.id)
  if (budget !== undefined && amountMinor > budget) {
    return { effect: undefined, reason: 'its budget has been spent', by: undefined }
  }
  if (amountMinor > 0 || (effect.gifts ?? []).length > 0) return { effect, amountMinor }
  return { effect: undefined, reason: 'there is nothing left to take off', by }
}

function amountOf({ linesMinor = [], shippingMinor = 0 }: Effect): Minor {
  let amount = shippingMinor
  for (const line of linesMinor) amount += line
  return minor(amount)
}

function whyNotTried(progress: Progress, promotion: Promotion): string | undefined {
  const { facts, exclusive, groups, discounts } = progress
  const { group, currency, from, until } = promotion
  if (from !== undefined && facts.at < from) return 'it has not begun yet'
  if (until !== undefined && facts.at >= until) return 'it has ended'
  if (currency !== undefined && currency !== facts.currency) {
    return `it is in ${currency}, the cart in ${facts.currency}`
  }
  const exhausted = progress.exhausted.get(promotion.id)
  if (exhausted !== undefined) return exhausted
  if (exclusive !== undefined) return `"${exclusive}" excludes all others`
  if (promotion.isExclusive && discounts.length > 0) {
    return `it excludes others, and "${discounts[0]!.name}" applies already`
  }
  if (group !== undefined && groups.has(group)) return `another of the group "${group}" applies`
  return undefined
}

function refuse(
  progress: Progress,
  promotion: Promotion,
  { reason, by }: { readonly reason: string; readonly by: string | undefined },
): void {
  const { id: promotionId, name } = promotion
  progress.trials.push({
    promotionId,
    name,
    isApplied: false,
    reason,
    by,
    amountMinor: minor(0),
  })
}

function take(
  progress: Progress,
  promotion: Promotion,
  { effect, amountMinor }: { readonly effect: Effect; readonly amountMinor: Minor },
): void {
  const { id: promotionId, name, group } = promotion
  const linesMinor = progress.leftMinor.map((left, index) => {
    const off = minor(effect.linesMinor?.[index] ?? 0)
    if (off < 0 || off > left) throw new RangeError(`${name} takes ${off} from ${left}.`)
    progress.leftMinor[index] = minor(left - off)
    return off
  })
  const shippingMinor = minor(effect.shippingMinor ?? 0)
  if (shippingMinor > 0) {
    const left = progress.shippingLeftMinor ?? 0
    if (shippingMinor > left) throw new RangeError(`${name} takes ${shippingMinor} from ${left}.`)
    progress.shippingLeftMinor = minor(left - shippingMinor)
  }
  const gifts = effect.gifts ?? []
  progress.discounts.push({ promotionId, name, amountMinor, linesMinor, shippingMinor, gifts })
  progress.trials.push({
    promotionId,
    name,
    isApplied: true,
    reason: undefined,
    by: undefined,
    amountMinor,
  })
  if (group !== undefined) progress.groups.add(group)
  if (promotion.isExclusive) progress.exclusive = name
}
