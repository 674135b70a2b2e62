import { audit } from '../../src/domains/audit/audit.ts'
import { openContextOn } from './context.ts'
import type { DatabaseServer } from './server.ts'

/** How many rows of each kind there are. */
export type Counts = Readonly<Record<string, number>>

/** Tables that a sale writes to, and whether their rows have a state. */
const counted = {
  carts: true,
  cart_lines: false,
  orders: true,
  order_lines: false,
  order_events: false,
  payments: true,
  stock_holds: true,
  stock_movements: false,
  outbox: false,
} as const

export async function countRows(server: DatabaseServer, database: string): Promise<Counts> {
  const parts = Object.entries(counted).map(([table, hasStatus]) => {
    const name = hasStatus ? `concat('${table} ', coalesce(status, 'none'))` : `'${table}'`
    return `select ${name} as name, count(*) as count from ${table} group by 1`
  })
  const rows = await server.query(parts.join(' union all '), database)
  return Object.fromEntries(rows.map((row) => [String(row['name']), Number(row['count'])]))
}

/** What came about between two counts, by name; what did not change is left out. */
export function growth(before: Counts, after: Counts): Counts {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const grown = [...names].map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
  return Object.fromEntries(grown.filter(([, count]) => count !== 0).toSorted())
}

/** Refuses a baseline that did not leave behind what as many operations of the shop would have. */
export function assertGrowth(
  actual: Counts,
  { recorded, operations, completed }: { recorded: Counts; operations: number; completed: number },
): void {
  const names = new Set([...Object.keys(actual), ...Object.keys(recorded)])
  for (const name of names) {
    const expected = ((recorded[name] ?? 0) / operations) * completed
    if (actual[name] === expected || (actual[name] === undefined && expected === 0)) continue
    throw new Error(
      `the baseline ran ${completed} operations, but made ${actual[name] ?? 0} of "${name}" ` +
        `instead of ${expected}`,
    )
  }
}

/** Refuses books that do not agree. */
export async function assertAudit(url: string, whose: string): Promise<void> {
  await using ctx = await openContextOn(url)
  const violations = await audit(ctx)
  if (violations.length === 0) return
  throw new Error(`the audit of ${whose} found: ${JSON.stringify(violations)}`)
}
