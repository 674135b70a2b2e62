import { sql } from 'kysely'
import type { Minor } from '../../core/money.ts'
import { bulkInsert, bulkUpdate } from '../../db/bulk.ts'
import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

export interface PromotionRow {
  readonly id: string
  readonly name: string
  readonly is_active: 0 | 1
  readonly priority: number
  readonly stack_group: string | null
  readonly is_exclusive: 0 | 1
  readonly currency: string | null
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly conditions: string
  readonly benefit: string
  readonly limit_total: number | null
  readonly limit_per_customer: number | null
  readonly budget_minor: Minor | null
  readonly uses: number
  readonly spent_minor: Minor
  readonly version: number
}

const promotions = (db: Db) =>
  db
    .selectFrom('promotions')
    .select(['id', 'name', 'is_active', 'priority', 'stack_group', 'is_exclusive', 'currency'])
    .select(['starts_at', 'ends_at', 'conditions', 'benefit', 'limit_total'])
    .select(['limit_per_customer', 'budget_minor', 'uses', 'spent_minor', 'version'])
    .orderBy('priority')
    .orderBy('id')

/** Those that staff has switched on and that have not ended yet. */
export const listActiveRows = preparedQuery<{ now: number }, PromotionRow>((db, param) =>
  promotions(db)
    .where('is_active', '=', 1)
    .where(sql<boolean>`(ends_at is null or ends_at > ${param('now')})`),
)

export async function listPromotionRows(
  db: Db,
  { limit, offset }: { limit: number; offset: number },
): Promise<PromotionRow[]> {
  return promotions(db).limit(limit).offset(offset).execute()
}

const promotionById = preparedQuery<{ id: string }, PromotionRow>((db, param) =>
  promotions(db).where('id', '=', param('id')),
)

export async function findPromotion(db: Db, id: string): Promise<PromotionRow | undefined> {
  return (await promotionById(db, { id }))[0]
}

export type NewPromotionRow = Omit<PromotionRow, 'uses' | 'spent_minor' | 'version'>

export function insertPromotion(
  tx: Tx,
  row: NewPromotionRow & { created_at: number; updated_at: number },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'promotions', { ...row })
}

/** Replaces a promotion if it is still at `version`, where one is demanded; says whether it was. */
export async function updatePromotion(
  tx: Tx,
  at: { id: string; version: number | undefined },
  row: Omit<NewPromotionRow, 'id'> & { updated_at: number },
): Promise<boolean> {
  const { id, version } = at
  const { numUpdatedRows } = await tx
    .updateTable('promotions')
    .set((set) => ({ ...row, version: set('version', '+', 1) }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function deletePromotion(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('coupons').where('promotion_id', '=', id).execute()
  await tx.deleteFrom('promotions').where('id', '=', id).execute()
}

export interface CouponRow {
  readonly id: string
  readonly promotion_id: string
  readonly code: string
  readonly limit_total: number | null
  readonly uses: number
  readonly is_active: 0 | 1
  readonly expires_at: number | null
}

const couponColumns = [
  'id',
  'promotion_id',
  'code',
  'limit_total',
  'uses',
  'is_active',
  'expires_at',
] as const

/** The coupons of some codes. `codes` is a JSON array of {code}. */
export const listCouponsByCode = preparedQuery<{ codes: string }, CouponRow>(
  (db, param) => sql<CouponRow>`
    select c.id, c.promotion_id, c.code, c.limit_total, c.uses, c.is_active, c.expires_at
    from ${db.dialect.jsonRows(param('codes'), { code: 'text' })} d
    join coupons c on c.code = d.code`,
)

export async function listCouponRows(
  db: Db,
  page: { promotionId: string; after: string; limit: number },
): Promise<CouponRow[]> {
  return db
    .selectFrom('coupons')
    .select(couponColumns)
    .where('promotion_id', '=', page.promotionId)
    .where('code', '>', page.after)
    .orderBy('code')
    .limit(page.limit)
    .execute()
}

export interface NewCouponRow {
  readonly id: string
  readonly promotion_id: string
  readonly code: string
  readonly limit_total: number | null
  readonly is_active: 0 | 1
  readonly expires_at: number | null
  readonly created_at: number
}

export const insertCoupons = bulkInsert<NewCouponRow>('coupons', {
  id: 'uuid',
  promotion_id: 'uuid',
  code: 'text',
  limit_total: 'integer',
  is_active: 'integer',
  expires_at: 'integer',
  created_at: 'integer',
})

export const setCouponActive = preparedWrite<{ id: string; isActive: 0 | 1 }>((db, param) =>
  db
    .updateTable('coupons')
    .set({ is_active: param('isActive') })
    .where('id', '=', param('id')),
)

const couponById = preparedQuery<{ id: string }, CouponRow>((db, param) =>
  db.selectFrom('coupons').select(couponColumns).where('id', '=', param('id')),
)

export async function findCoupon(db: Db, id: string): Promise<CouponRow | undefined> {
  return (await couponById(db, { id }))[0]
}

export interface Counted {
  readonly id: string
  readonly uses: number
  readonly spent_minor: Minor
}

/** How often promotions have been used. `ids` is a JSON array of {id}. */
export const listCounts = preparedQuery<{ ids: string }, Counted>(
  (db, param) => sql<Counted>`select p.id, p.uses, p.spent_minor
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d join promotions p on p.id = d.id`,
)

export interface TakenSlot {
  readonly promotion_id: string
  readonly customer_key: string
  readonly slot: number
}

/** The uses customers have made of promotions. `keys` is a JSON array of {id, customer_key}. */
export const listSlots = preparedQuery<{ keys: string }, TakenSlot>(
  (db, param) => sql<TakenSlot>`select s.promotion_id, s.customer_key, s.slot
    from ${db.dialect.jsonRows(param('keys'), { id: 'uuid', customer_key: 'text' })} d
    join promotion_slots s on s.promotion_id = d.id and s.customer_key = d.customer_key`,
)

export interface PromotionUse {
  readonly promotion_id: string
  readonly amount_minor: Minor
}

const useColumns = { promotion_id: 'uuid', amount_minor: 'integer' } as const

/**
 * Counts uses up within all limits: fewer changed rows than uses mean that one of them has none
 * left. The rows are taken in the order given, which must be that of the ids.
 */
export const countUsesUp = bulkUpdate<PromotionUse>({
  table: 'promotions',
  columns: useColumns,
  set: sql`uses = promotions.uses + 1, spent_minor = promotions.spent_minor + d.amount_minor`,
  where: sql<boolean>`promotions.id = d.promotion_id and promotions.is_active = 1
    and (promotions.limit_total is null or promotions.uses < promotions.limit_total)
    and (promotions.budget_minor is null
      or promotions.spent_minor + d.amount_minor <= promotions.budget_minor)`,
})

export const countUsesDown = bulkUpdate<PromotionUse>({
  table: 'promotions',
  columns: useColumns,
  set: sql`uses = promotions.uses - 1, spent_minor = promotions.spent_minor - d.amount_minor`,
  where: sql<boolean>`promotions.id = d.promotion_id`,
})

/** The same for the codes that were entered. */
export const countCouponsUp = bulkUpdate<{ coupon_id: string; now: number }>({
  table: 'coupons',
  columns: { coupon_id: 'uuid', now: 'integer' },
  set: sql`uses = coupons.uses + 1`,
  where: sql<boolean>`coupons.id = d.coupon_id and coupons.is_active = 1
    and (coupons.limit_total is null or coupons.uses < coupons.limit_total)
    and (coupons.expires_at is null or coupons.expires_at > d.now)`,
})

export const countCouponsDown = bulkUpdate<{ coupon_id: string }>({
  table: 'coupons',
  columns: { coupon_id: 'uuid' },
  set: sql`uses = coupons.uses - 1`,
  where: sql<boolean>`coupons.id = d.coupon_id`,
})

export interface UseRow extends PromotionUse {
  readonly order_id: string
  readonly coupon_id: string | null
  readonly status: 'used'
  readonly created_at: number
}

export const insertUses = bulkInsert<UseRow>('promotion_uses', {
  order_id: 'uuid',
  promotion_id: 'uuid',
  coupon_id: 'uuid',
  amount_minor: 'integer',
  status: 'text',
  created_at: 'integer',
})

export const insertSlots = bulkInsert<TakenSlot & { order_id: string }>('promotion_slots', {
  promotion_id: 'uuid',
  customer_key: 'text',
  slot: 'integer',
  order_id: 'uuid',
})

export const listUsesOf = preparedQuery<
  { orderId: string },
  { promotion_id: string; coupon_id: string | null; amount_minor: Minor }
>((db, param) =>
  db
    .selectFrom('promotion_uses')
    .select(['promotion_id', 'coupon_id', 'amount_minor'])
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'used')
    .orderBy('promotion_id'),
)

/** Ends the uses of an order; the number of changed rows tells who did it. */
export const releaseUsesOf = preparedWrite<{ orderId: string }>((db, param) =>
  db
    .updateTable('promotion_uses')
    .set({ status: 'released' })
    .where('order_id', '=', param('orderId'))
    .where('status', '=', 'used'),
)

export const deleteSlotsOf = preparedWrite<{ orderId: string }>((db, param) =>
  db.deleteFrom('promotion_slots').where('order_id', '=', param('orderId')),
)
