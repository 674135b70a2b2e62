import { sql } from 'kysely'
import { preparedQuery } from '../../db/prepared.ts'

export interface DifferenceRow {
  readonly variant_id: string
  readonly sku: string
  readonly location_code: string
  readonly on_hand: number
  readonly moved: number
  readonly reserved: number
  readonly held: number
}

/** Shelves whose counters are not what their ledger and their holds add up to. */
export const listDifferences = preparedQuery<{ limit: number }, DifferenceRow>(
  (_db, param) => sql<DifferenceRow>`
    select s.variant_id, v.sku, l.code as location_code, s.on_hand,
      coalesce(m.moved, 0) as moved, s.reserved, coalesce(h.held, 0) as held
    from stock s join variants v on v.id = s.variant_id join locations l on l.id = s.location_id
    left join (select variant_id, location_id, sum(quantity) as moved from stock_movements
        group by variant_id, location_id) m
      on m.variant_id = s.variant_id and m.location_id = s.location_id
    left join (select variant_id, location_id, sum(quantity) as held from stock_holds
        where status = 'active' group by variant_id, location_id) h
      on h.variant_id = s.variant_id and h.location_id = s.location_id
    where s.on_hand <> coalesce(m.moved, 0) or s.reserved <> coalesce(h.held, 0)
    order by v.sku, l.code limit ${param('limit')}`,
)

export const countShelves = preparedQuery<object, { count: number }>(
  () => sql<{ count: number }>`select count(*) as count from stock`,
)
