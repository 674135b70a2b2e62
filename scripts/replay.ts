import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { replayCancellations } from './replay/cancelled.ts'
import { replay, type ReplayResult } from './replay/replay.ts'
import { openOwnShop, openRemoteShop } from './replay/target.ts'

/**
 * `npm run replay -- [--orders 2000] [--invoice 573585,…] [--parallel 8] [--data folder]
 * [--url http://… --token <access token of an admin>] [--cancellations 3836]`
 *
 * Drives real orders of a British wholesaler (UCI Online Retail, CC0) through the HTTP API and
 * proves that the shop took in exactly what the wholesaler did. Without --url it opens a shop of
 * its own; one that runs already must trade in GBP with TAX_RATE=0 and RATE_LIMIT=off, and have
 * none of the articles.
 *
 * With --cancellations it repeats that many real cancellations instead: the orders they are about
 * are bought, paid and sent, and what was cancelled is returned and paid back.
 */
const root = join(import.meta.dirname, '..')
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '2000' },
    invoice: { type: 'string', default: '573585' },
    parallel: { type: 'string', default: '8' },
    data: { type: 'string' },
    url: { type: 'string' },
    token: { type: 'string', default: '' },
    cancellations: { type: 'string' },
  },
})
const whole = join(root, '../shared/data/orders-online-retail')
const sample = join(root, 'test/fixtures/online-retail')
const folder = values.data ?? (existsSync(whole) ? whole : sample)

const startedAt = performance.now()
let orderCount = 0
let drivingSince = startedAt

function showProgress(done: number): void {
  const perSecond = done / ((performance.now() - drivingSince) / 1_000)
  const left = Math.round((orderCount - done) / perSecond)
  const bar = '█'.repeat(Math.floor((done / orderCount) * 30)).padEnd(30, '·')
  const text = `${bar} ${done}/${orderCount} orders, ${perSecond.toFixed(0)}/s, ${left} s left`
  const isLast = done === orderCount
  // A file or a pipe gets a line now and then, not one for every order.
  if (process.stdout.isTTY) process.stdout.write(`\r${text}   ${isLast ? '\n' : ''}`)
  else if (isLast || done % Math.ceil(orderCount / 10) === 0) process.stdout.write(`${text}\n`)
}

await using target = values.url
  ? openRemoteShop(values.url.replace(/\/$/, ''), values.token)
  : await openOwnShop()
const options = {
  folder,
  parallel: Number(values.parallel),
  onStart(orders: number, lines: number) {
    orderCount = orders
    drivingSince = performance.now()
    process.stdout.write(`${orders} orders with ${lines} lines from ${folder}\n`)
  },
  onOrder: showProgress,
}
if (values.cancellations === undefined) {
  const invoices = values.invoice.split(',')
  report(await replay(target, { ...options, invoices, count: Number(values.orders) }))
} else {
  const count = Number(values.cancellations)
  const result = await replayCancellations(target, { ...options, count })
  const { cancellations, returns, originals, before } = result
  process.stdout.write(
    `\n${cancellations} cancellations as ${returns} returns of ${originals} orders ` +
      `and of ${before} that were bought before the file begins`,
  )
  report(result)
}

function report({ orders, lines, linesMax, skipped, totals }: ReplayResult): void {
  const out = (text: string) => process.stdout.write(`${text}\n`)
  out(`\n${orders} orders, ${lines} lines, at most ${linesMax} in one order`)
  for (const [reason, count] of Object.entries(skipped))
    out(`left out: ${count} lines with ${reason}`)
  for (const [source, { pence, units }] of Object.entries(totals)) {
    out(
      `${source.padEnd(30)} £${pence / 100n}.${String(pence % 100n).padStart(2, '0')}, ${units} units`,
    )
  }
  const audited = values.url ? 'The audit is the other shop’s to run.' : 'The audit is clean.'
  out(`The same to the penny. ${audited}`)
}
