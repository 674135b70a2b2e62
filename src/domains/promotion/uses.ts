import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import type { Discount } from '../../core/promotion/apply.ts'
import type { Db, Tx } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { stamp } from '../../sealing.ts'
import type { CodeInCart } from './coupons.ts'
import type { ActivePromotion } from './promotions.ts'
import {
  countCouponsDown,
  countCouponsUp,
  countUsesDown,
  countUsesUp,
  deleteSlotsOf,
  insertSlots,
  insertUses,
  listCounts,
  listSlots,
  listUsesOf,
  releaseUsesOf,
  type TakenSlot,
} from './queries.ts'

/**
 * By what a customer is known again: the account, and a stamp of the e-mail address, which says
 * nothing to whoever reads the database, and stays when an account is erased.
 */
export function customerKeys(
  { secrets }: Context,
  buyer: { readonly customerId: string | undefined; readonly email: string | undefined },
): string[] {
  const { customerId, email } = buyer
  const stamped = (address: string) =>
    stamp(secrets, 'promotion-customers', address.trim().toLowerCase())
  return [
    ...(customerId === undefined ? [] : [`account:${customerId}`]),
    ...(email === undefined ? [] : [`email:${stamped(email)}`]),
  ]
}

/** What limits leave of promotions. */
export interface Limits {
  /** Why a promotion must not be used, by its id. */
  readonly exhausted: ReadonlyMap<string, string>
  /** What is left of a budget, by the promotion's id. */
  readonly budgetLeft: ReadonlyMap<string, Minor>
  readonly slots: readonly TakenSlot[]
}

/** Looks up what has been used of the promotions that have limits: two statements at most. */
export async function readLimits(
  db: Db,
  promotions: readonly ActivePromotion[],
  keys: readonly string[],
): Promise<Limits> {
  const counted = promotions.filter(
    ({ limitTotal, budgetMinor }) => limitTotal !== undefined || budgetMinor !== undefined,
  )
  const personal = promotions.filter(({ limitPerCustomer }) => limitPerCustomer !== undefined)
  const [counts, slots] = await together(db, [
    async () =>
      counted.length === 0
        ? []
        : listCounts(db, { ids: JSON.stringify(counted.map(({ id }) => ({ id }))) }),
    async () => slotsOf(db, personal, keys),
  ])
  const exhausted = new Map<string, string>()
  const budgetLeft = new Map<string, Minor>()
  const byId = new Map(promotions.map((promotion) => [promotion.id, promotion]))
  for (const { id, uses, spent_minor } of counts) {
    const { limitTotal, budgetMinor } = byId.get(id) ?? {}
    if (limitTotal !== undefined && uses >= limitTotal) exhausted.set(id, 'it has been used up')
    if (budgetMinor !== undefined) {
      budgetLeft.set(id, minor(Math.max(0, budgetMinor - spent_minor)))
    }
  }
  for (const { id, limitPerCustomer = 0 } of personal) {
    if (keys.some((key) => slotsTaken(slots, id, key).size >= limitPerCustomer)) {
      exhausted.set(id, 'the customer has used it as often as allowed')
    }
  }
  return { exhausted, budgetLeft, slots }
}

async function slotsOf(
  db: Db,
  promotions: readonly ActivePromotion[],
  keys: readonly string[],
): Promise<TakenSlot[]> {
  if (promotions.length === 0 || keys.length === 0) return []
  const rows = promotions.flatMap(({ id }) => keys.map((key) => ({ id, customer_key: key })))
  return listSlots(db, { keys: JSON.stringify(rows) })
}

function slotsTaken(slots: readonly TakenSlot[], id: string, key: string): Set<number> {
  const own = slots.filter((slot) => slot.promotion_id === id && slot.customer_key === key)
  return new Set(own.map(({ slot }) => slot))
}

export interface Redemption {
  readonly orderId: string
  readonly discounts: readonly Discount[]
  readonly promotions: readonly ActivePromotion[]
  readonly codes: readonly CodeInCart[]
  readonly keys: readonly string[]
  readonly limits: Limits
}

const byPromotion = (one: { promotion_id: string }, other: { promotion_id: string }): number =>
  one.promotion_id < other.promotion_id ? -1 : 1

/** The code by which a promotion was had, if by one. */
function couponOf(redemption: Redemption, promotionId: string): string | null {
  const code = redemption.codes.find(
    (entered) => entered.promotionId === promotionId && entered.problem === undefined,
  )
  return code?.coupon?.id ?? null
}

/**
 * Counts the uses of an order within all limits, or refuses it with PROMOTION_USED_UP: the guards
 * sit in the writes, so no two orders can have the last use. Comes before the order is written,
 * whose row `noteUses` needs.
 */
export async function takeUses(ctx: Context, tx: Tx, redemption: Redemption): Promise<void> {
  const { discounts } = redemption
  if (discounts.length === 0) return
  const uses = discounts
    .map(({ promotionId, amountMinor }) => ({
      promotion_id: promotionId,
      amount_minor: amountMinor,
    }))
    .sort(byPromotion)
  const now = ctx.clock.now()
  const coupons = discounts
    .flatMap(({ promotionId }) => couponOf(redemption, promotionId) ?? [])
    .sort()
    .map((coupon_id) => ({ coupon_id, now }))
  const [counted, used] = await together(tx, [
    () => countUsesUp(tx, uses),
    async () => (coupons.length === 0 ? undefined : countCouponsUp(tx, coupons)),
  ])
  if (counted.changes !== uses.length) throw new ShopError('PROMOTION_USED_UP')
  if (used && used.changes !== coupons.length) throw new ShopError('PROMOTION_USED_UP')
}

/** Writes down what an order has used; its n-th use by a customer can be written once. */
export async function noteUses(ctx: Context, tx: Tx, redemption: Redemption): Promise<void> {
  const { orderId, discounts } = redemption
  if (discounts.length === 0) return
  const now = ctx.clock.now()
  const rows = discounts.map(({ promotionId, amountMinor }) => ({
    order_id: orderId,
    promotion_id: promotionId,
    coupon_id: couponOf(redemption, promotionId),
    amount_minor: amountMinor,
    status: 'used' as const,
    created_at: now,
  }))
  const slots = wantedSlots(redemption)
  await together(tx, [
    () => insertUses(tx, rows.sort(byPromotion)),
    async () => (slots.length === 0 ? undefined : insertSlots(tx, slots)),
  ])
}

/** The first free slot of each customer and promotion that has a limit for it. */
function wantedSlots({ orderId, discounts, promotions, keys, limits }: Redemption) {
  const used = new Set(discounts.map(({ promotionId }) => promotionId))
  return promotions
    .filter(({ id, limitPerCustomer }) => limitPerCustomer !== undefined && used.has(id))
    .flatMap(({ id, limitPerCustomer = 0 }) =>
      keys.map((key) => {
        const taken = slotsTaken(limits.slots, id, key)
        let slot = 1
        while (taken.has(slot)) slot += 1
        if (slot > limitPerCustomer) throw new ShopError('PROMOTION_USED_UP')
        return { promotion_id: id, customer_key: key, slot, order_id: orderId }
      }),
    )
}

/** Whether an error says that another order of the same customer had the same use. */
export function isSlotTaken(ctx: Context, error: unknown): boolean {
  const fault = ctx.db.dialect.readFault(error)
  return fault.kind === 'unique' && fault.constraint.startsWith('promotion_slots.')
}

/** Gives back what an order that came to nothing has used. */
export async function releaseUses(tx: Tx, orderId: string): Promise<void> {
  const uses = await listUsesOf(tx, { orderId })
  if (uses.length === 0) return
  const { changes } = await releaseUsesOf(tx, { orderId })
  if (changes !== uses.length) throw new Error(`order ${orderId}: uses were released in between`)
  await countUsesDown(
    tx,
    uses.map(({ promotion_id, amount_minor }) => ({ promotion_id, amount_minor })),
  )
  const coupons = uses.flatMap(({ coupon_id }) => (coupon_id === null ? [] : [coupon_id]))
  if (coupons.length > 0) {
    await countCouponsDown(
      tx,
      coupons.sort().map((coupon_id) => ({ coupon_id })),
    )
  }
  await deleteSlotsOf(tx, { orderId })
}
