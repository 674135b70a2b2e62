import { sql } from 'kysely'
import { preparedQuery, preparedWrite } from '../../db/prepared.ts'

/** One piece that an order has bought, and the line that it belongs to. */
export interface Piece {
  readonly piece_variant: string
  readonly piece_location: string
  /** Counts from 1 among the pieces of the same article at the same place. */
  readonly turn: number
  readonly piece_line: string | null
}

const pieceColumns = {
  piece_variant: 'uuid',
  piece_location: 'uuid',
  turn: 'integer',
  piece_line: 'uuid',
} as const

/**
 * Gives an order its units: of each article at each place those that came first, one for every
 * piece. Fewer changed rows than pieces means that something is short. Whoever calls has written
 * the stock of these articles before, so nobody else sells them meanwhile. The units are found by
 * going from one to the next in the index: however many there are, only those taken are read.
 */
export const takeUnits = preparedWrite<{ pieces: string; orderId: string; now: number }>(
  (db, param) => {
    // Not min(u.number): MariaDB would read the whole shelf for it.
    const next = (after: ReturnType<typeof sql>) => sql`(select u.number from units u
      where u.variant_id = x.piece_variant and u.location_id = x.piece_location
        and u.state = 'available' and u.number > ${after} order by u.number limit 1)`
    return db.dialect.updateJoined({
      table: 'units',
      source: sql`(with recursive
        pieces as (select * from ${db.dialect.jsonRows(param('pieces'), pieceColumns)} as j),
        groups as (select piece_variant, piece_location, min(turn) as turn, max(turn) as turns
          from pieces group by piece_variant, piece_location),
        taken as (
          select x.piece_variant, x.piece_location, x.turn, x.turns,
            ${next(sql`0`)} as unit_number from groups x
          union all
          select x.piece_variant, x.piece_location, x.turn + 1, x.turns,
            ${next(sql`x.unit_number`)} from taken x
          where x.turn < x.turns and x.unit_number is not null)
        select t.unit_number, p.piece_line from taken t join pieces p
          on p.piece_variant = t.piece_variant and p.piece_location = t.piece_location
            and p.turn = t.turn
        where t.unit_number is not null)`,
      alias: 'd',
      set: sql`state = 'sold', order_id = ${param('orderId')}, order_line_id = d.piece_line,
        version = version + 1, updated_at = ${param('now')}`,
      where: sql<boolean>`units.number = d.unit_number
        and coalesce(units.state, '') = 'available'`,
    })
  },
)

/** Gives one unit on the shelf to an order; the version that was read is the guard. */
export const sellInstead = preparedWrite<{
  id: string
  version: number
  orderId: string | null
  lineId: string | null
  now: number
}>((db, param) =>
  db
    .updateTable('units')
    .set((set) => ({
      state: 'sold',
      order_id: param('orderId'),
      order_line_id: param('lineId'),
      version: set('version', '+', 1),
      updated_at: param('now'),
    }))
    .where('id', '=', param('id'))
    .where('version', '=', param('version')),
)

export interface LineSlot {
  readonly id: string
  readonly variant_id: string
  readonly quantity: number
  /** How many units it has named already. */
  readonly named: number
}

/**
 * What the lines of an order are for, in their order, with the units that they have had; a bundle
 * is for its parts.
 */
export const listLineSlots = preparedQuery<{ orderId: string }, LineSlot>(
  (_db, param) => sql<LineSlot>`
    select l.id, coalesce(b.part_id, l.variant_id) as variant_id,
      l.quantity * coalesce(b.quantity, 1) as quantity,
      (select count(*) from unit_events e join units u on u.id = e.unit_id
        where e.order_line_id = l.id and e.kind = 'sold'
          and u.variant_id = coalesce(b.part_id, l.variant_id)) as named
    from order_lines l
    left join order_bundle_parts b on b.order_id = l.order_id and b.variant_id = l.variant_id
    where l.order_id = ${param('orderId')} order by l.position`,
)

/** One piece of an article that an order gives back. */
export interface PieceBack {
  readonly back_variant: string
  /** Counts from 1 among the pieces of the same article. */
  readonly turn: number
  /** Where it is put; null: where it was sold from. */
  readonly back_location: string | null
}

/**
 * Puts units of an order back on the shelf, one for each piece: those first that somebody has
 * scanned as returned, then those that were sold last. Fewer changed rows than pieces means that
 * the order has not so many.
 */
export const returnOrderUnits = preparedWrite<{ pieces: string; orderId: string; now: number }>(
  (db, param) =>
    db.dialect.updateJoined({
      table: 'units',
      source: sql`(select r.unit_number, j.back_location from (
          select u.number as unit_number, u.variant_id, row_number() over (
            partition by u.variant_id
            order by case when u.state = 'returned' then 0 else 1 end, u.number desc) as place
          from units u
          where u.order_id = ${param('orderId')} and u.state in ('sold', 'returned')) r
        join ${db.dialect.jsonRows(param('pieces'), {
          back_variant: 'uuid',
          turn: 'integer',
          back_location: 'uuid',
        })} j on j.back_variant = r.variant_id and j.turn = r.place)`,
      alias: 'd',
      set: sql`state = 'available', location_id = coalesce(d.back_location, location_id),
        version = version + 1, updated_at = ${param('now')}`,
      where: sql<boolean>`units.number = d.unit_number
        and coalesce(units.state, '') in ('sold', 'returned')`,
    }),
)

/** Which of these articles are tracked by unit. `ids` is a JSON array of {id}. */
export const listTrackedAmong = preparedQuery<{ ids: string }, { variant_id: string; sku: string }>(
  (db, param) => sql<{ variant_id: string; sku: string }>`
    select v.id as variant_id, v.sku
    from ${db.dialect.jsonRows(param('ids'), { id: 'uuid' })} d
    join variants v on v.id = d.id
    where exists (select 1 from stock s where s.variant_id = v.id and s.is_tracked = 1)`,
)
