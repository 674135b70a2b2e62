import { sql } from 'kysely'
import type { Rule } from './rule.ts'

/** What the lines of an order are made of: bundles are the parts that were noted with it. */
const orderedPieces = sql`(select l.order_id, coalesce(b.part_id, l.variant_id) as variant_id,
    sum(l.quantity * coalesce(b.quantity, 1)) as pieces
  from order_lines l left join order_bundle_parts b
    on b.order_id = l.order_id and b.variant_id = l.variant_id
  group by l.order_id, coalesce(b.part_id, l.variant_id))`

/** What warehouses promise, as queries that must find nothing. */
export const stockRules: readonly Rule[] = [
  {
    name: 'what is on hand is the sum of its movements',
    rows: (limit) => sql`select s.variant_id, s.location_id, s.on_hand,
        coalesce(sum(m.quantity), 0) as moved
      from stock s left join stock_movements m
        on m.variant_id = s.variant_id and m.location_id = s.location_id
      group by s.variant_id, s.location_id, s.on_hand
      having s.on_hand <> coalesce(sum(m.quantity), 0) limit ${limit}`,
  },
  {
    name: 'what is reserved is the sum of the active holds',
    rows: (limit) => sql`select s.variant_id, s.location_id, s.reserved,
        coalesce(sum(h.quantity), 0) as held
      from stock s left join stock_holds h
        on h.variant_id = s.variant_id and h.location_id = s.location_id and h.status = 'active'
      group by s.variant_id, s.location_id, s.reserved
      having s.reserved <> coalesce(sum(h.quantity), 0) limit ${limit}`,
  },
  {
    name: 'stock is never reserved beyond what is there',
    rows: (limit) => sql`select variant_id, location_id, on_hand, reserved, withheld from stock
      where reserved < 0 or withheld < 0 or reserved + withheld > on_hand limit ${limit}`,
  },
  {
    name: 'a shelf sells exactly while its location does',
    rows: (limit) => sql`select s.variant_id, s.location_id from stock s
      join locations l on l.id = s.location_id where s.is_active <> l.is_active limit ${limit}`,
  },
  {
    name: 'there is one default location, and it sells',
    rows: (limit) => sql`select is_default, count(*) as locations, sum(is_active) as active
      from locations where is_default = 1 group by is_default
      having count(*) <> 1 or sum(is_active) <> 1 limit ${limit}`,
  },
  {
    name: 'an order holds, has sold or has given back exactly what it is for',
    rows: (limit) => sql`select w.order_id, w.variant_id, w.pieces, sum(h.quantity) as held,
        sum(h.waiting) as waiting
      from orders o join ${orderedPieces} w on w.order_id = o.id
      left join stock_holds h on h.order_id = w.order_id and h.variant_id = w.variant_id
        and ((o.status = 'pending_payment' and h.status <> 'sold')
          or o.status = 'cancelled'
          or (o.status not in ('pending_payment', 'cancelled') and h.status = 'sold'))
      group by w.order_id, w.variant_id, w.pieces
      having coalesce(sum(h.quantity + h.waiting + h.dropped), 0) <> w.pieces limit ${limit}`,
  },
  {
    name: 'an order has nothing that it did not buy',
    rows: (limit) => sql`select h.order_id, h.variant_id from stock_holds h
      where not exists (select 1 from order_lines l
          where l.order_id = h.order_id and l.variant_id = h.variant_id)
        and not exists (select 1 from order_bundle_parts b
          where b.order_id = h.order_id and b.part_id = h.variant_id) limit ${limit}`,
  },
  {
    name: 'what was sold left the warehouse once, and came back at most once',
    rows: (limit) => sql`select s.order_id, s.variant_id, s.sold, s.returned, m.gone, m.back
      from (select order_id, variant_id, sum(quantity) as sold, sum(returned) as returned
          from stock_holds where status = 'sold' group by order_id, variant_id) s
      left join (select order_id, variant_id,
          sum(case when kind = 'sale' then -quantity else 0 end) as gone,
          sum(case when kind in ('return', 'cancellation') then quantity else 0 end) as back
          from stock_movements where order_id is not null group by order_id, variant_id) m
        on m.order_id = s.order_id and m.variant_id = s.variant_id
      where s.sold <> coalesce(m.gone, 0) or s.returned <> coalesce(m.back, 0) limit ${limit}`,
  },
  {
    name: 'nothing left the warehouse for an order that has not bought it',
    rows: (limit) => sql`select m.order_id, m.variant_id, m.kind from stock_movements m
      where m.order_id is not null and not exists (select 1 from stock_holds h
        where h.order_id = m.order_id and h.variant_id = m.variant_id and h.status = 'sold')
      limit ${limit}`,
  },
  {
    name: 'what is on back-order is what orders wait for, within its limit',
    rows: (limit) => sql`select t.variant_id, t.limit_quantity, t.backordered,
        coalesce(sum(h.waiting), 0) as waiting
      from backorder_terms t left join stock_holds h
        on h.variant_id = t.variant_id and h.status <> 'released'
      group by t.variant_id, t.limit_quantity, t.backordered
      having t.backordered <> coalesce(sum(h.waiting), 0) or t.backordered > t.limit_quantity
      limit ${limit}`,
  },
  {
    name: 'nobody waits for what cannot be on back-order',
    rows: (limit) => sql`select h.order_id, h.variant_id from stock_holds h
      where h.waiting > 0 and not exists (select 1 from backorder_terms t
        where t.variant_id = h.variant_id) limit ${limit}`,
  },
  {
    name: 'a shelf of lots holds what its lots hold',
    rows: (limit) => sql`select s.variant_id, s.location_id, s.on_hand, s.reserved, s.withheld
      from stock s join variants v on v.id = s.variant_id and v.supply = 'lots'
      left join stock_lots l on l.variant_id = s.variant_id and l.location_id = s.location_id
      group by s.variant_id, s.location_id, s.on_hand, s.reserved, s.withheld
      having s.on_hand <> coalesce(sum(l.on_hand), 0)
        or s.reserved <> coalesce(sum(l.reserved), 0)
        or s.withheld <> coalesce(sum(l.is_withheld * (l.on_hand - l.reserved)), 0)
      limit ${limit}`,
  },
  {
    name: 'a lot has what its movements say, and reserves what orders hold of it',
    rows: (limit) => sql`select l.id, l.on_hand, l.reserved from stock_lots l
      where l.on_hand <> (select coalesce(sum(m.quantity), 0) from stock_movements m
          where m.lot_id = l.id)
        or l.reserved <> (select coalesce(sum(h.quantity), 0) from stock_lot_holds h
          where h.lot_id = l.id and h.is_sold = 0) limit ${limit}`,
  },
  {
    name: 'the lots that an order has are what it has of the article',
    rows: (limit) => sql`select h.order_id, h.variant_id, h.location_id, h.quantity, h.returned
      from stock_holds h left join (select p.order_id, l.variant_id, l.location_id,
          sum(p.quantity) as pieces, sum(p.returned) as returned
          from stock_lot_holds p join stock_lots l on l.id = p.lot_id
          group by p.order_id, l.variant_id, l.location_id) p
        on p.order_id = h.order_id and p.variant_id = h.variant_id
          and p.location_id = h.location_id
      where h.has_lots = 1 and h.status <> 'released'
        and (h.quantity <> coalesce(p.pieces, 0) or h.returned <> coalesce(p.returned, 0))
      limit ${limit}`,
  },
  {
    name: 'what is on its way left one place and reached the other',
    rows: (limit) => sql`select t.id, l.variant_id from stock_transfers t
      join (select transfer_id, variant_id, sum(quantity) as sent, sum(received) as received,
          sum(taken_back) as taken_back from stock_transfer_lines
          group by transfer_id, variant_id) l on l.transfer_id = t.id
      left join (select source_id, variant_id, location_id, sum(quantity) as moved
          from stock_movements where kind = 'transfer' group by source_id, variant_id, location_id
        ) a on a.source_id = t.id and a.variant_id = l.variant_id and a.location_id = t.from_id
      left join (select source_id, variant_id, location_id, sum(quantity) as moved
          from stock_movements where kind = 'transfer' group by source_id, variant_id, location_id
        ) b on b.source_id = t.id and b.variant_id = l.variant_id and b.location_id = t.to_id
      where -coalesce(a.moved, 0) <> l.sent - l.taken_back or coalesce(b.moved, 0) <> l.received
        or (t.status in ('received', 'cancelled')) <> (l.sent = l.received + l.taken_back)
      limit ${limit}`,
  },
]
