import { minor, parseDecimal, type Minor } from '../../src/core/money.ts'
import { skuOf } from './articles.ts'
import { currency, rowsOf, type HistoryLine, type HistoryOrder, type Row } from './history.ts'

/** Pieces of an order that came back. */
export interface BackPieces {
  /** The order they were bought with. */
  readonly invoice: string
  readonly sku: string
  readonly quantity: number
}

/** One cancellation of the wholesaler. */
export interface HistoryCancellation {
  readonly invoice: string
  readonly pieces: readonly BackPieces[]
}

export interface Cancellations {
  readonly cancellations: readonly HistoryCancellation[]
  /** Orders of the file of which something came back. */
  readonly originals: readonly string[]
  /**
   * What came back and was not sold in the file: bought before it begins, or at another price, or
   * never goods at all. It is bought first in an order of its own, which is no revenue of the file.
   */
  readonly before: readonly HistoryOrder[]
}

interface Sold {
  readonly invoice: string
  left: number
}

/**
 * The first `count` cancellations in the order of the file, each line with the orders that it is
 * about: those of the same customer, article and price, the latest before it first, as far as
 * nothing else came back of them.
 */
export async function readCancellations(folder: string, count: number): Promise<Cancellations> {
  const sold = new Map<string, Sold[]>()
  const found = new Map<string, { pieces: BackPieces[]; before: HistoryOrder }>()
  for await (const row of rowsOf(folder, 'lines')) {
    const line = lineOf(row)
    if (!line) continue
    if (line.quantity > 0) remember(sold, row, line)
    else if (row.get('kind') === 'cancel') takeBack({ sold, found, count }, row, line)
  }
  const cancellations = [...found].map(([invoice, { pieces }]) => ({ invoice, pieces }))
  const before = [...found.values()]
    .map((one) => one.before)
    .filter(({ lines }) => lines.length > 0)
  const own = new Set(before.map(({ invoice }) => invoice))
  const named = cancellations.flatMap(({ pieces }) => pieces.map(({ invoice }) => invoice))
  const originals = [...new Set(named)].filter((invoice) => !own.has(invoice))
  return { cancellations, originals, before }
}

/** A line of goods or money that a coin can pay. */
function lineOf(row: Row): HistoryLine | undefined {
  const priceMinor = parseDecimal(row.get('unit_price') ?? '', currency)
  if (priceMinor === undefined || priceMinor <= minor(0)) return undefined
  return {
    stockCode: row.get('stock_code') ?? '',
    description: row.get('description') ?? '',
    quantity: Number(row.get('quantity')),
    priceMinor,
  }
}

/** Of customers without a name nobody knows what they had bought. */
function keyOf(row: Row, priceMinor: Minor): string | undefined {
  const customer = row.get('customer_id') ?? ''
  return customer === '' ? undefined : `${customer}/${row.get('stock_code')}/${priceMinor}`
}

function remember(sold: Map<string, Sold[]>, row: Row, line: HistoryLine): void {
  const key = keyOf(row, line.priceMinor)
  if (key === undefined) return
  const own = sold.get(key) ?? []
  sold.set(key, own)
  own.push({ invoice: row.get('invoice_no') ?? '', left: line.quantity })
}

interface Reading {
  readonly sold: ReadonlyMap<string, Sold[]>
  readonly found: Map<string, { pieces: BackPieces[]; before: HistoryOrder }>
  readonly count: number
}

function takeBack({ sold, found, count }: Reading, row: Row, line: HistoryLine): void {
  const invoice = row.get('invoice_no') ?? ''
  if (!found.has(invoice) && found.size === count) return
  const { pieces, before } = found.get(invoice) ?? { pieces: [], before: orderBefore(row) }
  found.set(invoice, { pieces, before })
  const sku = skuOf(line.stockCode, line.priceMinor)
  let left = -line.quantity
  const own = sold.get(keyOf(row, line.priceMinor) ?? '') ?? []
  for (const one of own.toReversed()) {
    const quantity = Math.min(left, one.left)
    if (quantity > 0) pieces.push({ invoice: one.invoice, sku, quantity })
    one.left -= quantity
    left -= quantity
  }
  if (left === 0) return
  pieces.push({ invoice: before.invoice, sku, quantity: left })
  ;(before.lines as HistoryLine[]).push({ ...line, quantity: left })
}

const orderBefore = (row: Row): HistoryOrder => ({
  invoice: `before-${row.get('invoice_no')}`,
  customer: row.get('customer_id') || 'guest',
  country: row.get('country_iso2') || 'GB',
  lines: [],
})
