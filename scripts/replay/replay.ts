import { readArticles } from './articles.ts'
import { driveOrders, readBack } from './drive.ts'
import { expectedOf } from './expected.ts'
import { readHistory } from './history.ts'
import type { Target, Totals } from './target.ts'

export interface ReplayOptions {
  /** Where orders.csv, lines.csv and products.csv are, packed or not. */
  readonly folder: string
  readonly count: number
  /** Invoices to repeat besides the first `count` sales. */
  readonly invoices: readonly string[]
  readonly parallel: number
  readonly onStart?: (orders: number, lines: number) => void
  readonly onOrder?: (done: number) => void
}

export interface ReplayResult {
  readonly orders: number
  readonly lines: number
  readonly linesMax: number
  readonly skipped: Readonly<Record<string, number>>
  /** Revenue and units by where the number comes from; they are all the same. */
  readonly totals: Readonly<Record<string, Totals>>
}

/** Repeats the history in a shop. Throws unless every sum of it is right to the penny. */
export async function replay(target: Target, options: ReplayOptions): Promise<ReplayResult> {
  const { folder, count, invoices, parallel, onOrder = () => undefined } = options
  const { orders, skipped } = await readHistory(folder, { count, invoices })
  const lines = orders.flatMap((order) => order.lines).length
  const variantIds = await target.stock(await readArticles(folder, orders))
  options.onStart?.(orders.length, lines)
  const { url } = target
  const placed = await driveOrders({ url, variantIds, parallel, onOrder }, orders)
  const told = placed.reduce(
    (sum, { pence, units }) => ({ pence: sum.pence + pence, units: sum.units + BigInt(units) }),
    { pence: 0n, units: 0n },
  )
  const books = await target.readBooks()
  const totals = {
    'the file': expectedOf(folder, new Set(orders.map(({ invoice }) => invoice))),
    'the answers to the checkouts': told,
    'the orders read again': soldOf(await readBack(url, placed)),
    ...(books ? { 'the database': books } : {}),
  }
  assertSame(totals)
  const linesMax = Math.max(...orders.map((order) => order.lines.length))
  return { orders: placed.length, lines, linesMax, skipped, totals }
}

const soldOf = ({ pence, units }: Totals): Totals => ({ pence, units })

export function assertSame(totals: Readonly<Record<string, Totals>>): void {
  const [first] = Object.values(totals)
  for (const [source, { pence, units }] of Object.entries(totals)) {
    if (pence === first?.pence && units === first.units) continue
    const expected = `${first?.pence} pence for ${first?.units} units`
    throw new Error(`${source}: ${pence} pence for ${units} units, expected ${expected}`)
  }
}
