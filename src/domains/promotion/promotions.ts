import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Minor } from '../../core/money.ts'
import type { Promotion } from '../../core/promotion/apply.ts'
import type { Db } from '../../db/database.ts'
import { refersToNothing } from '../../db/faults.ts'
import { pricingChanged } from '../pricing/version.ts'
import { benefitKinds, conditionKinds } from './kinds.ts'
import {
  deletePromotion,
  findPromotion,
  insertPromotion,
  listActiveRows,
  listPromotionRows,
  updatePromotion,
  type PromotionRow,
} from './queries.ts'

/** A rule as it is written: its kind, and the parameters of that kind. */
export type WrittenRule = { readonly kind: string } & Readonly<Record<string, unknown>>

/** A promotion, ready to be tried, with what the shop knows about it besides. */
export interface ActivePromotion extends Promotion {
  readonly limitTotal: number | undefined
  readonly limitPerCustomer: number | undefined
  readonly budgetMinor: Minor | undefined
  /** Variants that it may give away. */
  readonly giftVariants: readonly string[]
  /** What its rules ask for that has to be looked up. */
  readonly asks: { readonly categories: boolean; readonly orderCount: boolean }
}

/** The promotions that may apply to a cart from now on, in the order in which they are tried. */
export async function listActivePromotions(ctx: Context, db: Db): Promise<ActivePromotion[]> {
  const rows = await listActiveRows(db, { now: ctx.clock.now() })
  return rows.flatMap((row) => {
    try {
      return [activePromotion(row)]
    } catch (error) {
      // Of a kind that this version does not have any more: it must not keep carts from a price.
      ctx.log.error({ err: error, promotionId: row.id }, 'promotion cannot be read; it is left out')
      return []
    }
  })
}

function activePromotion(row: PromotionRow): ActivePromotion {
  const { bound, ...rules } = bind({
    conditions: JSON.parse(row.conditions) as WrittenRule[],
    benefit: JSON.parse(row.benefit) as WrittenRule,
    currency: row.currency,
  })
  return {
    id: row.id,
    name: row.name,
    priority: row.priority,
    group: row.stack_group ?? undefined,
    isExclusive: row.is_exclusive === 1,
    currency: row.currency ?? undefined,
    from: row.starts_at ?? undefined,
    until: row.ends_at ?? undefined,
    ...rules,
    limitTotal: row.limit_total ?? undefined,
    limitPerCustomer: row.limit_per_customer ?? undefined,
    budgetMinor: row.budget_minor ?? undefined,
    giftVariants: bound.giftVariants ?? [],
    asks: {
      categories: /"(except_)?categories"/.test(row.conditions + row.benefit),
      orderCount: row.conditions.includes('"first_order"'),
    },
  }
}

interface WrittenRules {
  readonly conditions: readonly WrittenRule[]
  readonly benefit: WrittenRule
  readonly currency: string | null
}

/** Makes rules of what is written. Throws VALIDATION_ERROR for what cannot be one. */
function bind({ conditions, benefit, currency }: WrittenRules) {
  const reading = { currency: currency ?? undefined }
  const checks = conditions.map(({ kind, ...parameters }) => {
    const known = conditionKinds.get(kind)
    if (!known) throw invalid('conditions', `there is no kind "${kind}"`)
    return { kind, check: known.bind(parameters as never, reading) }
  })
  const { kind, ...parameters } = benefit
  const known = benefitKinds.get(kind)
  if (!known) throw invalid('benefit', `there is no kind "${kind}"`)
  const bound = known.bind(parameters as never, reading)
  const { phase, apply } = bound
  return { conditions: checks, benefit: { kind, phase, apply }, bound }
}

export interface NewPromotion {
  readonly name: string
  readonly isActive: boolean
  readonly priority: number
  readonly group: string | null
  readonly isExclusive: boolean
  readonly currency: string | null
  readonly startsAt: number | null
  readonly endsAt: number | null
  readonly conditions: readonly WrittenRule[]
  readonly benefit: WrittenRule
  readonly limitTotal: number | null
  readonly limitPerCustomer: number | null
  readonly budgetMinor: Minor | null
}

function rowOf(promotion: NewPromotion) {
  return {
    name: promotion.name,
    is_active: promotion.isActive ? (1 as const) : (0 as const),
    priority: promotion.priority,
    stack_group: promotion.group,
    is_exclusive: promotion.isExclusive ? (1 as const) : (0 as const),
    currency: promotion.currency,
    starts_at: promotion.startsAt,
    ends_at: promotion.endsAt,
    conditions: JSON.stringify(promotion.conditions),
    benefit: JSON.stringify(promotion.benefit),
    limit_total: promotion.limitTotal,
    limit_per_customer: promotion.limitPerCustomer,
    budget_minor: promotion.budgetMinor,
  }
}

function assertPromotion(promotion: NewPromotion): void {
  const { startsAt, endsAt } = promotion
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) {
    throw invalid('ends_at', 'must come after starts_at')
  }
  bind(promotion)
}

export async function getPromotion(db: Db, id: string): Promise<PromotionRow> {
  const row = await findPromotion(db, id)
  if (!row) throw notFound('Promotion')
  return row
}

export function listPromotions(
  db: Db,
  page: { limit: number; offset: number },
): Promise<PromotionRow[]> {
  return listPromotionRows(db, page)
}

/** Creates a promotion. Refuses rules that cannot be (VALIDATION_ERROR). */
export async function createPromotion(
  ctx: Context,
  promotion: NewPromotion,
): Promise<PromotionRow> {
  assertPromotion(promotion)
  const [id, now] = [ctx.newId(), ctx.clock.now()]
  return ctx.db.transaction(async (tx) => {
    await insertPromotion(tx, { id, ...rowOf(promotion), created_at: now, updated_at: now })
    await pricingChanged(ctx, tx, {
      action: 'promotion.created',
      subject: ['promotion', id],
      after: promotion,
    })
    return getPromotion(tx, id)
  })
}

/**
 * Replaces a promotion; what has been used of it stays. Refuses with NOT_FOUND, VERSION_CONFLICT,
 * and limits below what has been used already (LIMIT_TOO_LOW).
 */
export async function changePromotion(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  promotion: NewPromotion,
): Promise<PromotionRow> {
  assertPromotion(promotion)
  try {
    return await ctx.db.transaction(async (tx) => {
      const known = await getPromotion(tx, id)
      const row = { ...rowOf(promotion), updated_at: ctx.clock.now() }
      if (!(await updatePromotion(tx, { id, version }, row))) {
        throw new ShopError('VERSION_CONFLICT', { current: known.version })
      }
      await pricingChanged(ctx, tx, {
        action: 'promotion.changed',
        subject: ['promotion', id],
        before: known,
        after: promotion,
      })
      return getPromotion(tx, id)
    })
  } catch (error) {
    if (ctx.db.dialect.readFault(error).kind !== 'check') throw error
    throw new ShopError('LIMIT_TOO_LOW')
  }
}

/** Deletes a promotion that no order has used. Refuses with NOT_FOUND, IN_USE. */
export async function removePromotion(ctx: Context, id: string): Promise<void> {
  try {
    await ctx.db.transaction(async (tx) => {
      await getPromotion(tx, id)
      await deletePromotion(tx, id)
      await pricingChanged(ctx, tx, { action: 'promotion.deleted', subject: ['promotion', id] })
    })
  } catch (error) {
    if (!refersToNothing(ctx.db.dialect, error)) throw error
    throw new ShopError('IN_USE', { resource: 'The promotion' })
  }
}

export type { PromotionRow }
