import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { minor, parseDecimal, type Minor } from '../../src/core/money.ts'

export const currency = 'GBP'

export interface HistoryLine {
  readonly stockCode: string
  readonly description: string
  readonly quantity: number
  readonly priceMinor: Minor
}

export interface HistoryOrder {
  readonly invoice: string
  readonly customer: string
  readonly country: string
  readonly lines: readonly HistoryLine[]
}

export interface History {
  readonly orders: readonly HistoryOrder[]
  /** Lines left out, by why. */
  readonly skipped: Readonly<Record<string, number>>
}

/** Rows of `name.csv` or `name.csv.gz` in a folder, as objects by the names in the first one. */
export async function* rowsOf(folder: string, name: string): AsyncGenerator<Row> {
  const plain = join(folder, `${name}.csv`)
  const file = createReadStream(existsSync(plain) ? plain : `${plain}.gz`)
  const input = existsSync(plain) ? file : file.pipe(createGunzip())
  let names: string[] | undefined
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const fields = fieldsOf(line)
      if (names) yield new Map(names.map((key, index) => [key, fields[index] ?? '']))
      else names = fields
    }
  } finally {
    file.destroy()
  }
}

export type Row = ReadonlyMap<string, string>

/** RFC 4180; no field of these files holds a line break. */
function fieldsOf(line: string): string[] {
  const fields = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...fields].map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}

/** The first `count` sales, and besides them those named, with their lines in order. */
export async function readHistory(
  folder: string,
  { count, invoices }: { count: number; invoices: readonly string[] },
): Promise<History> {
  const chosen = new Map<string, { row: Row; lines: HistoryLine[] }>()
  let linesLeft = 0
  let sales = 0
  for await (const row of rowsOf(folder, 'orders')) {
    const invoice = row.get('invoice_no') ?? ''
    const isSale = row.get('kind') === 'sale' && ++sales <= count
    if (!isSale && !invoices.includes(invoice)) continue
    chosen.set(invoice, { row, lines: [] })
    linesLeft += Number(row.get('lines'))
  }
  const skipped: Record<string, number> = {}
  for await (const row of rowsOf(folder, 'lines')) {
    const order = chosen.get(row.get('invoice_no') ?? '')
    if (!order) continue
    const line = lineOf(row)
    if (typeof line === 'string') skipped[line] = (skipped[line] ?? 0) + 1
    else order.lines.push(line)
    if (--linesLeft === 0) break
  }
  const orders = [...chosen].map(([invoice, { row, lines }]) => ({
    invoice,
    customer: row.get('customer_id') || 'guest',
    // A few are from "Unspecified" or "European Community".
    country: row.get('country_iso2') || 'GB',
    lines,
  }))
  return { orders: orders.filter(({ lines }) => lines.length > 0), skipped }
}

/** The line, or why it cannot be sold. */
function lineOf(row: Row): HistoryLine | string {
  const quantity = Number(row.get('quantity'))
  const price = row.get('unit_price') ?? ''
  if (quantity <= 0) return 'no quantity'
  const priceMinor = parseDecimal(price, currency)
  if (priceMinor === undefined) return `a price of ${price}, which no coin can pay`
  if (priceMinor <= minor(0)) return 'no price'
  return {
    stockCode: row.get('stock_code') ?? '',
    description: row.get('description') ?? '',
    quantity,
    priceMinor,
  }
}
