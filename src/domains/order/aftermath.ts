import type { Db } from '../../db/database.ts'
import { together } from '../../db/together.ts'
import { listFulfilmentLines, listFulfilments, type FulfilmentRow } from './fulfilment-queries.ts'
import {
  listReturnLines,
  listReturns,
  type ReturnLineRow,
  type ReturnRow,
} from './return-queries.ts'
import type { OrderStatus } from './tables.ts'

/** A parcel with what is in it. */
export interface Fulfilment {
  readonly row: FulfilmentRow
  readonly lines: readonly { readonly line_id: string; readonly quantity: number }[]
}

/** A return with what it is about. */
export interface OrderReturn {
  readonly row: ReturnRow
  readonly lines: readonly ReturnLineRow[]
}

/** What was done about an order after it counted. */
export interface Aftermath {
  readonly fulfilments: readonly Fulfilment[]
  readonly returns: readonly OrderReturn[]
}

export const noAftermath: Aftermath = { fulfilments: [], returns: [] }

const idsOf = (orderIds: readonly string[]) => JSON.stringify(orderIds.map((id) => ({ id })))

/** The parcels of orders, in the order in which they were made up. */
export async function fulfilmentsOf(db: Db, ...orderIds: string[]): Promise<Fulfilment[]> {
  const ids = idsOf(orderIds)
  const [rows, lines] = await together(db, [
    () => listFulfilments(db, { ids }),
    () => listFulfilmentLines(db, { ids }),
  ])
  const byParcel = Map.groupBy(lines, ({ fulfilment_id }) => fulfilment_id)
  return rows.map((row) => ({ row, lines: byParcel.get(row.id) ?? [] }))
}

/** The returns of orders, oldest first. */
export async function returnsOf(db: Db, ...orderIds: string[]): Promise<OrderReturn[]> {
  const ids = idsOf(orderIds)
  const [rows, lines] = await together(db, [
    () => listReturns(db, { ids }),
    () => listReturnLines(db, { ids }),
  ])
  const byReturn = Map.groupBy(lines, ({ return_id }) => return_id)
  return rows.map((row) => ({ row, lines: byReturn.get(row.id) ?? [] }))
}

/** Of these there can be neither parcels nor returns: nothing has to be looked up. */
const untouched: readonly OrderStatus[] = ['pending_payment', 'placed', 'paid']

/** What was done about each of some orders, by their ids. */
export async function aftermathOf(
  db: Db,
  orders: readonly { readonly id: string; readonly status: OrderStatus }[],
): Promise<Map<string, Aftermath>> {
  const ids = orders.filter(({ status }) => !untouched.includes(status)).map(({ id }) => id)
  if (ids.length === 0) return new Map()
  const fulfilments = Map.groupBy(await fulfilmentsOf(db, ...ids), ({ row }) => row.order_id)
  const returns = Map.groupBy(await returnsOf(db, ...ids), ({ row }) => row.order_id)
  return new Map(
    ids.map((id) => [
      id,
      { fulfilments: fulfilments.get(id) ?? [], returns: returns.get(id) ?? [] },
    ]),
  )
}
