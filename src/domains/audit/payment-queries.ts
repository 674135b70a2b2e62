import { sql } from 'kysely'
import type { Rule } from './rule.ts'

/** What is true of money that comes and goes. */
export const paymentRules: readonly Rule[] = [
  {
    name: 'a paid order has captures of all of its total',
    rows: (limit) => sql`select o.id, o.total_minor, o.credit_minor, y.collected
      from orders o left join (
        select order_id, sum(captured_minor + released_minor) as collected
        from payments group by order_id) y on y.order_id = o.id
      where o.status = 'paid'
        and (y.collected is null or y.collected < o.total_minor - o.credit_minor
          - (select coalesce(sum(r.offset_minor), 0) from order_returns r where r.order_id = o.id))
      limit ${limit}`,
  },
  {
    name: 'no money is kept for an order that does not count',
    rows: (limit) => sql`select y.id, o.status, y.captured_minor
      from payments y join orders o on o.id = y.order_id
      where o.status in ('pending_payment', 'cancelled') and y.captured_minor > 0
        and y.captured_minor <> y.refunded_minor + y.refunding_minor
        and not exists (select 1 from payment_operations p
          where p.payment_id = y.id and p.kind = 'refund' and p.status = 'failed')
      limit ${limit}`,
  },
  {
    name: 'a payment is decided exactly when its order is',
    rows: (limit) => sql`select o.id, o.status, y.status as payment_status
      from orders o left join payments y on y.order_id = o.id and y.position = 1
      where y.id is null
        or (o.status = 'pending_payment' and y.status <> 'pending')
        or (o.status not in ('pending_payment', 'cancelled')
          and y.status in ('pending', 'failed', 'refund_due'))
        or (o.status = 'cancelled' and y.status in ('open', 'pending', 'due', 'authorised'))
      limit ${limit}`,
  },
  {
    name: 'what is to be paid for an order is its total',
    rows: (limit) => sql`select o.id, o.total_minor, o.credit_minor, y.amounts
      from orders o left join (
        select order_id, sum(amount_minor) as amounts, count(*) as payments
        from payments where replaces_id is null group by order_id) y on y.order_id = o.id
      where y.amounts is null or y.amounts <> o.total_minor - o.credit_minor
        - (select coalesce(sum(r.offset_minor), 0) from order_returns r where r.order_id = o.id)
      limit ${limit}`,
  },
  {
    name: 'an order counts its payments',
    rows: (limit) => sql`select o.id, o.payment_count, count(y.id) as payments
      from orders o left join payments y on y.order_id = o.id
      group by o.id, o.payment_count having o.payment_count <> count(y.id) limit ${limit}`,
  },
  {
    name: 'what goes back of a payment, and what came of it, is what was done to it',
    rows: (limit) => sql`select y.id, y.status, y.captured_minor, y.capturing_minor,
        y.refunded_minor, y.refunding_minor
      from payments y left join (
        select payment_id,
          sum(case when kind = 'refund' and status = 'done' then amount_minor else 0 end) as back,
          sum(case when kind = 'refund' and status = 'pending' then amount_minor else 0 end)
            as going,
          sum(case when kind = 'capture' and status = 'pending' then amount_minor else 0 end)
            as coming
        from payment_operations group by payment_id) p on p.payment_id = y.id
      where y.refunded_minor <> coalesce(p.back, 0)
        or y.refunding_minor <> coalesce(p.going, 0)
        or y.capturing_minor <> coalesce(p.coming, 0)
        or y.refunded_minor + y.refunding_minor > y.captured_minor
        or y.captured_minor + y.capturing_minor > y.authorised_minor
        or (y.status = 'refunded' and y.refunded_minor <> y.captured_minor)
      limit ${limit}`,
  },
  {
    name: 'no event of a payment provider has given up being handled',
    rows: (limit) => sql`select id, provider, type, failure from payment_events
      where status = 'failed' limit ${limit}`,
  },
]
