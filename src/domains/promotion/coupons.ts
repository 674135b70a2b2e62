import { randomInt } from 'node:crypto'
import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { EnteredCode } from '../../core/promotion/rule.ts'
import type { Db } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { record } from '../audit/log.ts'
import {
  findCoupon,
  insertCoupons,
  listCouponRows,
  listCouponsByCode,
  setCouponActive,
  type CouponRow,
} from './queries.ts'
import { getPromotion } from './promotions.ts'

/** As codes are kept and compared: upper case, without blanks. */
export function normalCode(text: string): string {
  return text.replaceAll(/\s/g, '').toUpperCase()
}

/** A code in a cart, with the coupon it names, if there is one. */
export interface CodeInCart extends EnteredCode {
  readonly coupon: CouponRow | undefined
}

/** Looks up entered codes; what is wrong with one stands in its `problem`. */
export async function findCodes(
  ctx: Context,
  db: Db,
  codes: readonly string[],
): Promise<CodeInCart[]> {
  if (codes.length === 0) return []
  const rows = await listCouponsByCode(db, {
    codes: JSON.stringify(codes.map((code) => ({ code }))),
  })
  const byCode = new Map(rows.map((row) => [row.code, row]))
  return codes.map((code) => {
    const coupon = byCode.get(code)
    const problem = couponProblem(ctx, code, coupon)
    return {
      code,
      coupon,
      promotionId: coupon?.promotion_id ?? '',
      ...(problem ? { problem } : {}),
    }
  })
}

function couponProblem(
  ctx: Context,
  code: string,
  coupon: CouponRow | undefined,
): string | undefined {
  if (!coupon || coupon.is_active === 0) return `there is no code ${code}`
  if (coupon.expires_at !== null && coupon.expires_at <= ctx.clock.now()) {
    return `the code ${code} has expired`
  }
  if (coupon.limit_total !== null && coupon.uses >= coupon.limit_total) {
    return `the code ${code} has been used up`
  }
  return undefined
}

export interface NewCoupons {
  readonly promotionId: string
  /** Given codes, or how many to make. */
  readonly codes: readonly string[] | { readonly count: number; readonly prefix: string }
  readonly limitTotal: number | null
  readonly expiresAt: number | null
}

/** Letters and digits that nobody takes for one another. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const generatedLength = 10

function madeCode(prefix: string): string {
  const letters = Array.from({ length: generatedLength }, () =>
    alphabet.charAt(randomInt(alphabet.length)),
  )
  return prefix + letters.join('')
}

/** Creates coupons, all or none. Refuses a code that is in use (ALREADY_EXISTS). */
export async function createCoupons(ctx: Context, coupons: NewCoupons): Promise<CouponRow[]> {
  const codes = codesOf(coupons)
  const now = ctx.clock.now()
  const rows = codes.map((code) => ({
    id: ctx.newId(),
    promotion_id: coupons.promotionId,
    code,
    limit_total: coupons.limitTotal,
    is_active: 1 as const,
    expires_at: coupons.expiresAt,
    created_at: now,
  }))
  try {
    await ctx.db.transaction(async (tx) => {
      await getPromotion(tx, coupons.promotionId)
      await insertCoupons(tx, rows)
      await record(ctx, tx, {
        action: 'coupons.created',
        subject: ['promotion', coupons.promotionId],
        after: { count: rows.length, limitTotal: coupons.limitTotal },
      })
    })
  } catch (error) {
    if (takenColumn(ctx.db.dialect, error) !== 'code') throw error
    throw new ShopError('ALREADY_EXISTS', { resource: 'coupon', field: 'code' })
  }
  return rows.map(({ created_at: _, ...row }) => ({ ...row, uses: 0 }))
}

function codesOf({ codes }: NewCoupons): string[] {
  if ('count' in codes) {
    const prefix = normalCode(codes.prefix)
    const made = new Set<string>()
    while (made.size < codes.count) made.add(madeCode(prefix))
    return [...made]
  }
  const normal = codes.map(normalCode)
  if (new Set(normal).size !== normal.length) throw invalid('codes', 'must differ')
  return normal
}

/** One page of the coupons of a promotion, by code. */
export async function listCoupons(
  ctx: Context,
  page: { promotionId: string; after: string; limit: number },
): Promise<CouponRow[]> {
  await getPromotion(ctx.db.read, page.promotionId)
  return listCouponRows(ctx.db.read, page)
}

/** Switches a coupon on or off. */
export async function switchCoupon(
  ctx: Context,
  { id, isActive }: { id: string; isActive: boolean },
): Promise<CouponRow> {
  return ctx.db.transaction(async (tx) => {
    await setCouponActive(tx, { id, isActive: isActive ? 1 : 0 })
    const coupon = await findCoupon(tx, id)
    if (!coupon) throw notFound('Coupon')
    const subject = ['coupon', id] as const
    await record(ctx, tx, { action: 'coupon.changed', subject, after: { isActive } })
    return coupon
  })
}

export type { CouponRow }
