import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { factsOf } from './facts.ts'
import { listUnitsOfOrders, noteByOrder, type LineUnitRow } from './queries.ts'
import {
  listLineSlots,
  listTrackedAmong,
  returnOrderUnits,
  takeUnits,
  type LineSlot,
  type Piece,
  type PieceBack,
} from './sale-queries.ts'

/** Pieces of an article that have left one place. */
interface SoldItem {
  readonly variant_id: string
  readonly location_id: string
  readonly quantity: number
}

interface Sale {
  readonly orderId: string
  readonly items: readonly SoldItem[]
}

/**
 * Gives an order the units of what it has bought, after its stock was taken in this transaction.
 * Three statements, however many articles and pieces. False if there are not enough: the
 * transaction must then be rolled back.
 */
export async function sellUnits(ctx: Context, tx: Tx, { orderId, items }: Sale): Promise<boolean> {
  const pieces = piecesOf(items, await listLineSlots(tx, { orderId }))
  const now = ctx.clock.now()
  const taking = { pieces: JSON.stringify(pieces), orderId, now }
  const { changes } = await takeUnits(tx, taking)
  if (changes !== pieces.length) return false
  await noteByOrder(tx, { orderId, facts: factsOf(ctx, 'sold') })
  return true
}

/** One row for each piece; the lines of an article get theirs in their order. */
function piecesOf(items: readonly SoldItem[], slots: readonly LineSlot[]): Piece[] {
  const lines = Map.groupBy(slots, ({ variant_id }) => variant_id)
  const open = new Map([...lines].map(([variant, own]) => [variant, own.flatMap(openSlots)]))
  return items.flatMap(({ variant_id, location_id, quantity }) => {
    const own = open.get(variant_id)?.splice(0, quantity) ?? []
    return Array.from({ length: quantity }, (_, index) => ({
      piece_variant: variant_id,
      piece_location: location_id,
      turn: index + 1,
      piece_line: own[index] ?? null,
    }))
  })
}

function openSlots({ id, quantity, named }: LineSlot): string[] {
  return Array.from({ length: Math.max(0, quantity - named) }, () => id)
}

export interface UnitsBack {
  readonly orderId: string
  readonly items: readonly {
    readonly variantId: string
    readonly quantity: number
    /** Where they go; left out, to where they were sold from. */
    readonly locationId?: string | undefined
  }[]
}

/**
 * Puts units of an order back on the shelf, after its stock was given back in this transaction:
 * those that were scanned as returned first. Articles that are only counted are left alone. Refuses
 * what the order has no units of (TRACKED_BY_UNIT), such as pieces that were sold before tracking
 * began: those come back by receiving them with their serial numbers.
 */
export async function returnUnits(
  ctx: Context,
  tx: Tx,
  { orderId, items }: UnitsBack,
): Promise<void> {
  const ids = JSON.stringify(items.map(({ variantId: id }) => ({ id })))
  const tracked = new Map(
    (await listTrackedAmong(tx, { ids })).map(({ variant_id, sku }) => [variant_id, sku]),
  )
  const back = items.filter(({ variantId }) => tracked.has(variantId))
  if (back.length === 0) return
  const pieces = piecesBack(back)
  const giving = { pieces: JSON.stringify(pieces), orderId, now: ctx.clock.now() }
  const { changes } = await returnOrderUnits(tx, giving)
  if (changes !== pieces.length) {
    throw new ShopError('TRACKED_BY_UNIT', { sku: [...tracked.values()].join(', ') })
  }
  await noteByOrder(tx, { orderId, facts: factsOf(ctx, 'restocked') })
}

/** One row for each piece, counted per article: it may come back to several places. */
function piecesBack(items: UnitsBack['items']): PieceBack[] {
  const byArticle = Map.groupBy(items, ({ variantId }) => variantId)
  return [...byArticle].flatMap(([back_variant, own]) => {
    const places = own.flatMap(({ quantity, locationId }) =>
      Array.from({ length: quantity }, () => locationId ?? null),
    )
    return places.map((back_location, index) => ({ back_variant, turn: index + 1, back_location }))
  })
}

/** A unit that an order line names. */
export interface LineUnit {
  readonly serial: string
  /** Still with the customer. */
  readonly isOut: boolean
}

interface NamedLine {
  readonly id: string
  readonly order_id: string
  readonly has_units: 0 | 1
}

/** The same lines with the units that they name; asks for none where there are none. */
export async function withUnits<Line extends NamedLine>(
  db: Db,
  lines: readonly Line[],
): Promise<(Line & { readonly units: readonly LineUnit[] })[]> {
  const orders = new Set(lines.filter(({ has_units }) => has_units === 1).map((l) => l.order_id))
  const ids = JSON.stringify([...orders].map((id) => ({ id })))
  const rows = orders.size === 0 ? [] : await listUnitsOfOrders(db, { ids })
  const byLine = Map.groupBy(rows, ({ order_line_id }) => order_line_id)
  return lines.map((line) => ({ ...line, units: (byLine.get(line.id) ?? []).map(lineUnit) }))
}

const lineUnit = ({ serial, is_out }: LineUnitRow): LineUnit => ({ serial, isOut: is_out === 1 })
