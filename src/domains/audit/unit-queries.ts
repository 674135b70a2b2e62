import { sql } from 'kysely'
import type { Rule } from './rule.ts'

/** What is promised of articles of which every piece has a serial number. */
export const unitRules: readonly Rule[] = [
  {
    name: 'what is on hand of an article tracked by unit is its units on the shelf',
    rows: (limit) => sql`select s.variant_id, s.location_id, s.on_hand, count(u.id) as units
      from stock s left join units u on u.variant_id = s.variant_id
        and u.location_id = s.location_id and u.state in ('available', 'reserved')
      where s.is_tracked = 1 group by s.variant_id, s.location_id, s.on_hand
      having s.on_hand <> count(u.id) limit ${limit}`,
  },
  {
    name: 'of an article tracked by unit, what is set aside is its reserved units',
    rows: (limit) => sql`select s.variant_id, s.location_id, s.withheld, count(u.id) as units
      from stock s left join units u on u.variant_id = s.variant_id
        and u.location_id = s.location_id and u.state = 'reserved'
      where s.is_tracked = 1 group by s.variant_id, s.location_id, s.withheld
      having s.withheld <> count(u.id) limit ${limit}`,
  },
  {
    name: 'a unit is on the shelf only where its article is tracked',
    rows: (limit) => sql`select u.id, u.serial, u.state from units u
      where u.state in ('available', 'reserved') and not exists (select 1 from stock s
        where s.variant_id = u.variant_id and s.location_id = u.location_id and s.is_tracked = 1)
      limit ${limit}`,
  },
  {
    name: 'an article is tracked by unit everywhere or nowhere',
    rows: (limit) => sql`select variant_id from stock group by variant_id
      having min(is_tracked) <> max(is_tracked) limit ${limit}`,
  },
  {
    name: 'the history of a unit ends with what it is',
    rows: (limit) => sql`select u.id, u.serial, u.state, u.version from units u
      where u.version <> (select count(*) from unit_events e where e.unit_id = u.id)
        or not exists (select 1 from unit_events e where e.unit_id = u.id
          and e.version = u.version and e.state = u.state and e.serial = u.serial
          and e.location_id = u.location_id
          and coalesce(e.order_id, u.id) = coalesce(u.order_id, u.id))
      limit ${limit}`,
  },
  {
    name: 'an order has no more units of an article than it took from the shelf',
    rows: (limit) => sql`select u.order_id, u.variant_id, count(*) as units from units u
      where u.state in ('sold', 'returned') group by u.order_id, u.variant_id
      having count(*) > coalesce((select -sum(m.quantity) from stock_movements m
        where m.order_id = u.order_id and m.variant_id = u.variant_id), 0) limit ${limit}`,
  },
]
