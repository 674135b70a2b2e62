import { readArticles } from './articles.ts'
import { readCancellations, type HistoryCancellation } from './cancellations.ts'
import { driveOrders, readBack } from './drive.ts'
import { expectedOf } from './expected.ts'
import { giveAllBack, sendAll } from './give-back.ts'
import { readHistory } from './history.ts'
import { assertSame, type ReplayOptions, type ReplayResult } from './replay.ts'
import type { Target } from './target.ts'

export interface CancelledResult extends ReplayResult {
  readonly cancellations: number
  /** Orders of which something came back, and those bought before the file begins. */
  readonly originals: number
  readonly before: number
  readonly returns: number
}

export interface CancelledOptions extends Omit<ReplayOptions, 'invoices'> {
  readonly onReturn?: (done: number) => void
}

/**
 * Repeats the first `count` cancellations: the orders they are about are bought, paid and sent, and
 * what was cancelled is returned and paid back. What is then left of the revenue, and of the units,
 * is what the file says, or it throws.
 */
export async function replayCancellations(
  target: Target,
  options: CancelledOptions,
): Promise<CancelledResult> {
  const { folder, count, parallel, onOrder = () => undefined } = options
  const { cancellations, originals, before } = await readCancellations(folder, count)
  const { orders, skipped } = await readHistory(folder, { count: 0, invoices: originals })
  const all = [...orders, ...before]
  const lines = all.flatMap((order) => order.lines).length
  const variantIds = await target.stock(await readArticles(folder, all))
  options.onStart?.(all.length, lines)
  const { url } = target
  const drive = { url, variantIds, parallel, onOrder, paymentMethod: 'test' }
  const placed = await driveOrders(drive, all)
  const { onReturn = () => undefined } = options
  const giving = { url, token: await target.staffToken(), parallel, onReturn }
  const lineIds = await sendAll(giving, placed)
  const byInvoice = new Map(placed.map((order) => [order.invoice, order]))
  const given = await giveAllBack(giving, byInvoice, { cancellations, lineIds })

  const isBefore = new Set(before.map(({ invoice }) => invoice))
  const [sold, earlier] = [
    placed.filter(({ invoice }) => !isBefore.has(invoice)),
    placed.filter(({ invoice }) => isBefore.has(invoice)),
  ]
  const told = sold.reduce((sum, { pence }) => sum + pence, 0n)
  const units = sold.reduce((sum, order) => sum + BigInt(order.units), 0n) - given.units
  const [read, readEarlier] = [await readBack(url, sold), await readBack(url, earlier)]
  const books = await target.readBooks({
    returned: returnedBySku(cancellations),
    before: new Set(earlier.map(({ number }) => number)),
  })
  const named = new Set(cancellations.map(({ invoice }) => invoice))
  const totals = {
    'the file': expectedOf(folder, new Set(originals), named),
    'the answers of the shop': { pence: told - given.pence, units },
    'the orders read again': {
      pence: read.pence - read.backPence - readEarlier.backPence,
      units: read.units - given.units,
    },
    ...(books ? { 'the database': books } : {}),
  }
  assertSame(totals)
  return {
    ...{ cancellations: cancellations.length, originals: orders.length, before: before.length },
    ...{ returns: given.returns, orders: placed.length, lines, skipped, totals },
    linesMax: Math.max(...all.map((order) => order.lines.length)),
  }
}

function returnedBySku(cancellations: readonly HistoryCancellation[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of cancellations.flatMap(({ pieces }) => pieces)) {
    sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  }
  return sums
}
