import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/**
 * What must come out, straight from the file and in as few lines as possible. Shares nothing with
 * the replay: no parser, no money type, no idea of an order.
 */
export function expectedOf(
  folder: string,
  invoices: ReadonlySet<string>,
  /** Whose lines, with their negative quantities, are taken off. */
  cancellations: ReadonlySet<string> = new Set(),
) {
  const plain = join(folder, 'lines.csv')
  const file = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`))
  let pence = 0n
  let units = 0n
  for (const line of file.toString('utf8').split(/\r?\n/)) {
    const fields = line.split(',')
    // The description may hold commas; what is counted stands at fixed places from the end.
    const [quantity = '', price = ''] = fields.slice(-8)
    const [invoice = ''] = fields
    const isCounted = cancellations.has(invoice)
      ? /^-[1-9]\d*$/.test(quantity)
      : invoices.has(invoice) && /^[1-9]\d*$/.test(quantity)
    if (!isCounted) continue
    const [, pounds = '', rest = ''] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(price) ?? []
    const unit = BigInt(pounds + rest.padEnd(2, '0'))
    if (pounds === '' || unit === 0n) continue
    pence += unit * BigInt(quantity)
    units += BigInt(quantity)
  }
  return { pence, units }
}
