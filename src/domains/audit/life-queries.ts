import { sql } from 'kysely'
import type { Rule } from './rule.ts'

/** What is promised of orders after they count. */
export const lifeRules: readonly Rule[] = [
  {
    name: 'no piece of a line is in two places',
    rows: (limit) => sql`select id, quantity, cancelled_quantity, fulfilled_quantity,
        shipped_quantity, returning_quantity, returned_quantity from order_lines
      where cancelled_quantity < 0 or returning_quantity < 0 or returned_quantity < 0
        or cancelled_quantity + fulfilled_quantity > quantity
        or shipped_quantity > fulfilled_quantity
        or returning_quantity + returned_quantity > shipped_quantity limit ${limit}`,
  },
  {
    name: 'what is packed and shipped of a line is what is in its parcels',
    rows: (limit) => sql`select l.id, l.fulfilled_quantity, l.shipped_quantity
      from order_lines l
      left join fulfilment_lines p on p.line_id = l.id
      left join fulfilments f on f.id = p.fulfilment_id
      group by l.id, l.fulfilled_quantity, l.shipped_quantity
      having l.fulfilled_quantity
          <> coalesce(sum(case when f.status <> 'cancelled' then p.quantity else 0 end), 0)
        or l.shipped_quantity <> coalesce(sum(
          case when f.status in ('shipped', 'delivered') then p.quantity else 0 end), 0)
      limit ${limit}`,
  },
  {
    name: 'what is cancelled of a line is what its cancellations say',
    rows: (limit) => sql`select l.id, l.cancelled_quantity, sum(c.quantity) as counted
      from order_lines l left join cancellation_lines c on c.line_id = l.id
      group by l.id, l.cancelled_quantity
      having l.cancelled_quantity <> coalesce(sum(c.quantity), 0) limit ${limit}`,
  },
  {
    name: 'what comes and came back of a line is what its returns say',
    rows: (limit) => sql`select l.id, l.returning_quantity, l.returned_quantity
      from order_lines l
      left join return_lines b on b.line_id = l.id
      left join order_returns r on r.id = b.return_id
      group by l.id, l.returning_quantity, l.returned_quantity
      having l.returned_quantity <> coalesce(sum(b.received_quantity), 0)
        or l.returning_quantity <> coalesce(sum(
          case when r.status in ('requested', 'approved') then b.quantity else 0 end), 0)
      limit ${limit}`,
  },
  {
    name: 'all pieces of a line that went back are worth what was paid for them',
    rows: (limit) => sql`select l.id, l.total_minor, x.back_minor from order_lines l
      join (select line_id, sum(amount_minor) as back_minor from
          (select line_id, amount_minor from cancellation_lines
            union all select line_id, amount_minor from return_lines) parts
        group by line_id) x on x.line_id = l.id
      where x.back_minor > l.total_minor
        or (l.cancelled_quantity + l.returned_quantity = l.quantity
          and x.back_minor <> l.total_minor) limit ${limit}`,
  },
  {
    name: 'an order is worth its total less what its cancellations and returns gave back',
    rows: (limit) => sql`select o.id, o.total_minor, o.given_back_minor from orders o
      where o.given_back_minor < 0 or o.given_back_minor > o.total_minor
        or o.given_back_minor < (select coalesce(sum(c.amount_minor), 0) from cancellations c
            where c.order_id = o.id)
          + (select coalesce(sum(r.amount_minor), 0) from order_returns r
            where r.order_id = o.id and r.status = 'received') limit ${limit}`,
  },
  {
    name: 'the state of an order is that of its pieces',
    rows: (limit) => sql`select o.id, o.status from orders o join order_lines l
        on l.order_id = o.id
      group by o.id, o.status, o.given_back_minor, o.total_minor
      having (o.status in ('pending_payment', 'placed', 'paid', 'processing')
          and sum(l.shipped_quantity) > 0)
        or (o.status in ('pending_payment', 'placed', 'paid') and sum(l.fulfilled_quantity) > 0)
        or (o.status in ('partially_shipped', 'shipped', 'delivered')
          and sum(l.shipped_quantity) = 0)
        or (o.status in ('shipped', 'delivered', 'refunded') and sum(case
          when l.kind = 'physical' then l.quantity - l.cancelled_quantity - l.shipped_quantity
          else 0 end) > 0)
        or (o.status = 'returned'
          and sum(l.quantity - l.cancelled_quantity - l.returned_quantity) > 0)
        or (o.status = 'cancelled' and sum(l.cancelled_quantity) > 0 and
          (sum(l.quantity - l.cancelled_quantity) > 0 or o.given_back_minor <> o.total_minor))
      limit ${limit}`,
  },
  {
    name: 'a delivered order has no parcel under way',
    rows: (limit) => sql`select o.id, f.position from orders o
      join fulfilments f on f.order_id = o.id
      where o.status = 'delivered' and f.status not in ('delivered', 'cancelled') limit ${limit}`,
  },
  {
    name: 'an order that was paid has as many gift cards as it bought and did not cancel',
    rows: (limit) => sql`select o.id, o.gift_card_count from orders o
      where o.gift_card_count > 0
        and exists (select 1 from order_events e where e.order_id = o.id and e.type = 'paid')
        and (select count(*) from credit_accounts a where a.order_id = o.id
            and not exists (select 1 from credit_entries e where e.account_id = a.id
              and e.kind = 'adjustment' and e.order_id = o.id))
          <> (select sum(l.quantity - l.cancelled_quantity) from order_lines l
            where l.order_id = o.id and l.kind = 'gift_card' and l.price_minor > 0)
      limit ${limit}`,
  },
  {
    name: 'an order that counts has been announced',
    rows: (limit) => sql`select o.id from orders o
      where o.status not in ('pending_payment', 'cancelled')
        and not exists (select 1 from order_events e
          where e.order_id = o.id and e.type in ('placed', 'paid')
            and (o.status <> 'paid' or e.type = 'paid')) limit ${limit}`,
  },
  {
    name: 'an order that somebody cancelled says so on its timeline',
    rows: (limit) => sql`select o.id from orders o where o.status = 'cancelled'
      and exists (select 1 from order_lines l where l.order_id = o.id
        and l.cancelled_quantity > 0)
      and (select count(*) from order_events e
        where e.order_id = o.id and e.type = 'cancelled') <> 1 limit ${limit}`,
  },
]
