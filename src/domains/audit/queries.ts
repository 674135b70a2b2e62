import { sql } from 'kysely'
import type { Db } from '../../db/database.ts'
import type { Rule } from './rule.ts'

/** The promises of this system as queries that must find nothing. */
export const rules: readonly Rule[] = [
  {
    name: 'a cart becomes at most one order that counts',
    rows: (limit) => sql`select cart_id, count(*) as orders from orders
      where status <> 'cancelled' group by cart_id having count(*) > 1 limit ${limit}`,
  },
  {
    name: 'an order that counts keeps its cart to itself',
    rows: (limit) => sql`select id from orders
      where (status = 'cancelled' and live_cart_id is not null)
        or (status <> 'cancelled' and (live_cart_id is null or live_cart_id <> cart_id))
      limit ${limit}`,
  },
  {
    name: 'an idempotency key leads to one order',
    rows: (limit) => sql`select order_id, count(*) as claims from idempotency_keys
      where order_id is not null group by order_id having count(*) > 1 limit ${limit}`,
  },
  {
    name: 'the lines of an order add up to its totals',
    rows: (limit) => sql`select o.id, o.subtotal_minor, sum(l.subtotal_minor) as lines_minor
      from orders o left join order_lines l on l.order_id = o.id
      group by o.id, o.subtotal_minor, o.item_count, o.discount_minor, o.shipping_discount_minor,
        o.tax_minor, o.shipping_tax_minor
      having coalesce(sum(l.subtotal_minor), 0) <> o.subtotal_minor
        or coalesce(sum(l.quantity), 0) <> o.item_count
        or coalesce(sum(l.discount_minor), 0) <> o.discount_minor - o.shipping_discount_minor
        or coalesce(sum(l.tax_minor), 0) + o.shipping_tax_minor <> o.tax_minor
      limit ${limit}`,
  },
  {
    name: 'a total is its lines plus shipping and tax less discounts',
    rows: (limit) => sql`select id, total_minor from orders
      where total_minor <> subtotal_minor - discount_minor + shipping_minor
        + (1 - tax_inclusive) * tax_minor limit ${limit}`,
  },
  {
    name: 'a finished cart is free for nobody, an unfinished one has no order that counts',
    rows: (limit) => sql`select c.id, c.status, o.status as order_status
      from carts c join orders o on o.live_cart_id = c.id
      where (o.status = 'pending_payment' and c.status <> 'checkout')
        or (o.status not in ('pending_payment', 'cancelled') and c.status <> 'completed')
      limit ${limit}`,
  },
  {
    name: 'a promotion has been used as often, and for as much, as orders have used it',
    rows: (limit) => sql`select p.id, p.uses, p.spent_minor, count(u.order_id) as counted,
        coalesce(sum(u.amount_minor), 0) as spent
      from promotions p left join promotion_uses u
        on u.promotion_id = p.id and u.status = 'used'
      group by p.id, p.uses, p.spent_minor
      having p.uses <> count(u.order_id) or p.spent_minor <> coalesce(sum(u.amount_minor), 0)
      limit ${limit}`,
  },
  {
    name: 'a coupon has been used as often as orders have used it',
    rows: (limit) => sql`select c.id, c.uses, count(u.order_id) as counted
      from coupons c left join promotion_uses u on u.coupon_id = c.id and u.status = 'used'
      group by c.id, c.uses having c.uses <> count(u.order_id) limit ${limit}`,
  },
  {
    name: 'nothing is used beyond its limits',
    rows: (limit) => sql`select p.id, p.uses, p.spent_minor from promotions p
      where p.uses > coalesce(p.limit_total, p.uses)
        or p.spent_minor > coalesce(p.budget_minor, p.spent_minor)
        or exists (select 1 from coupons c
          where c.promotion_id = p.id and c.uses > coalesce(c.limit_total, c.uses))
      limit ${limit}`,
  },
  {
    name: 'an order uses its promotions exactly while it counts',
    rows: (limit) => sql`select o.id, o.status, u.status as use_status
      from orders o join promotion_uses u on u.order_id = o.id
      where (o.status = 'cancelled') <> (u.status = 'released') limit ${limit}`,
  },
  {
    name: 'a discount of an order is the sum of its promotions',
    rows: (limit) => sql`select o.id, o.discount_minor, sum(u.amount_minor) as used
      from orders o left join promotion_uses u on u.order_id = o.id
      group by o.id, o.discount_minor
      having o.discount_minor <> coalesce(sum(u.amount_minor), 0) limit ${limit}`,
  },
  {
    name: 'what is left on a gift card or store credit is the sum of its ledger',
    rows: (limit) => sql`select a.id, a.balance_minor, coalesce(sum(e.amount_minor), 0) as ledger
      from credit_accounts a left join credit_entries e on e.account_id = a.id
      group by a.id, a.balance_minor
      having a.balance_minor <> coalesce(sum(e.amount_minor), 0) or a.balance_minor < 0
      limit ${limit}`,
  },
  {
    name: 'an order has taken from gift cards and store credit what it was paid with',
    rows: (limit) => sql`select o.id, o.status, o.credit_minor, sum(c.amount_minor) as taken
      from orders o left join order_credits c on c.order_id = o.id
        and (c.status = 'released') = (o.status = 'cancelled')
      group by o.id, o.status, o.credit_minor
      having o.credit_minor <> coalesce(sum(c.amount_minor), 0) limit ${limit}`,
  },
  {
    name: 'what an order took from a ledger, and got back, is what stands in it',
    rows: (limit) => sql`select c.order_id, c.account_id, c.amount_minor, c.refunded_minor
      from order_credits c where -(case when c.status = 'released' then 0
          else c.amount_minor - c.refunded_minor end)
        <> (select coalesce(sum(e.amount_minor), 0) from credit_entries e
          where e.account_id = c.account_id and e.order_id = c.order_id and e.kind <> 'issue')
      limit ${limit}`,
  },
  {
    name: 'no event has given up being delivered',
    rows: (limit) => sql`select id, topic, status from outbox where status = 'failed'
      union all select event_id, subscriber, status from deliveries where status = 'failed'
      limit ${limit}`,
  },
  {
    name: 'category counts are the products in them',
    rows: (limit) => sql`select c.id, c.product_count, c.total_product_count
      from categories c
      where c.product_count <> (select count(*) from products p
          where p.category_id = c.id and p.status = 'active')
        or c.total_product_count <> (select count(*) from product_categories pc
          where pc.category_number = c.number) limit ${limit}`,
  },
]

/** The first places where a rule is broken. */
export async function findViolations(db: Db, rule: Rule, limit: number) {
  return (await rule.rows(limit).execute(db)).rows
}
