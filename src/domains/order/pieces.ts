import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Change, Tx } from '../../db/database.ts'
import type { Wanted } from '../inventory/inventory.ts'
import type { Pieces } from './life-queries.ts'
import type { OrderLineRow } from './orders.ts'

/** Pieces of a line that somebody names. */
export interface NamedPieces {
  readonly lineId: string
  readonly quantity: number
}

/** The same with the line that it is. */
export interface ChosenPieces {
  readonly line: OrderLineRow
  readonly quantity: number
}

/** The lines that are named, each once. Refuses what the order does not have (NOT_FOUND). */
export function choosePieces(
  lines: readonly OrderLineRow[],
  named: readonly NamedPieces[],
): ChosenPieces[] {
  const ids = new Set(named.map(({ lineId }) => lineId))
  if (ids.size !== named.length) throw invalid('items', 'name a line more than once')
  const byId = new Map(lines.map((line) => [line.id, line]))
  return named.map(({ lineId, quantity }) => {
    const line = byId.get(lineId)
    if (!line) throw notFound('Order line')
    return { line, quantity }
  })
}

interface Counting {
  readonly chosen: readonly ChosenPieces[]
  /** How many pieces of a line may be meant. */
  readonly available: (line: OrderLineRow) => number
  readonly write: (tx: Tx, rows: readonly Pieces[]) => Promise<Change>
}

/** Counts pieces of lines on, all or none: QUANTITY_EXCEEDED names the first that are too many. */
export async function countPieces(
  tx: Tx,
  orderId: string,
  { chosen, available, write }: Counting,
): Promise<void> {
  assertAvailable(chosen, available)
  const { changes } = await write(tx, piecesOf(orderId, chosen))
  const [first] = chosen
  if (changes !== chosen.length && first) throw exceeded(first.line, available(first.line))
}

/** Refuses more pieces of a line than may be meant (QUANTITY_EXCEEDED). */
export function assertAvailable(
  chosen: readonly ChosenPieces[],
  available: (line: OrderLineRow) => number,
): void {
  const tooMany = chosen.find(({ line, quantity }) => quantity > available(line))
  if (tooMany) throw exceeded(tooMany.line, available(tooMany.line))
}

const exceeded = ({ id, sku }: OrderLineRow, available: number) =>
  new ShopError('QUANTITY_EXCEEDED', { sku, line_id: id, available })

/** In the order of their ids, which is that of the locks. */
export function piecesOf(orderId: string, chosen: readonly ChosenPieces[]): Pieces[] {
  return chosen
    .map(({ line, quantity }) => ({ line_id: line.id, of_order: orderId, pieces: quantity }))
    .toSorted((one, other) => (one.line_id < other.line_id ? -1 : 1))
}

/** The articles of pieces, for the stock. */
export function articlesOf(chosen: readonly ChosenPieces[]): Wanted[] {
  return chosen
    .filter(({ quantity }) => quantity > 0)
    .map(({ line, quantity }) => ({ variantId: line.variant_id, quantity }))
}

/** For the timeline: which pieces. */
export function namesOf(chosen: readonly ChosenPieces[]) {
  return chosen.map(({ line, quantity }) => ({ line_id: line.id, sku: line.sku, quantity }))
}
