import type { Context } from '../../context.ts'
import { deskRules } from './desk-queries.ts'
import { lifeRules } from './life-queries.ts'
import { paymentRules } from './payment-queries.ts'
import { findViolations, rules } from './queries.ts'
import { stockRules } from './stock-queries.ts'
import { unitRules } from './unit-queries.ts'

export interface Violation {
  readonly rule: string
  /** The first few places. */
  readonly rows: readonly Record<string, unknown>[]
}

const examplesMax = 5

/** All promises, those of each part beside it. */
export const allRules = [
  ...rules,
  ...paymentRules,
  ...lifeRules,
  ...stockRules,
  ...unitRules,
  ...deskRules,
] as const

/** Checks every promise against the data; an empty list means that all are kept. */
export async function audit(
  ctx: Context,
  onRule: (name: string, violated: boolean) => void = () => undefined,
): Promise<Violation[]> {
  const violations: Violation[] = []
  for (const rule of allRules) {
    const rows = await findViolations(ctx.db.long, rule, examplesMax)
    if (rows.length > 0) violations.push({ rule: rule.name, rows })
    onRule(rule.name, rows.length > 0)
  }
  return violations
}

/** Every promise about stock, and whether it is kept. */
export async function auditStock(ctx: Context) {
  const found: { promise: string; kept: boolean; places: Record<string, unknown>[] }[] = []
  for (const rule of stockRules) {
    const places = await findViolations(ctx.db.long, rule, examplesMax)
    found.push({ promise: rule.name, kept: places.length === 0, places })
  }
  return found
}
