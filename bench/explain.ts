import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { buildApp } from '../src/app.ts'
import { openContext } from './data/load.ts'
import { hotRequests, type HotRequest } from './hot-requests.ts'
import { StatementRecorder } from './recorder.ts'

/** A statement that the hot routes run, and what is wrong with the way SQLite means to run it. */
export interface Finding {
  readonly request: string
  readonly problem: string
  readonly sql: string
  readonly plan: readonly string[]
}

export interface Explained {
  readonly requests: number
  readonly statements: number
  readonly findings: readonly Finding[]
}

/** Small by nature: reading all of it is what it is for. */
const smallTables = ['categories', 'brands', 'shipping_methods', 'locations', 'settings']

/** Bounded sources of rows that our queries make: a page, a capped count, JSON parameters. */
const boundedSources = ['page', 'counted', 'json_each']

/** An equality on one of these leaves the parts of one cart, order or product. */
const ownerColumns =
  /\((id|number|slug|sku|variant_id|product_id|order_id|cart_id|session_key|customer_id|claim)=\?/

/** Runs every hot request once and asks SQLite for the plan of every statement that it took. */
export async function explainHotRoutes(folder: string): Promise<Explained> {
  await using ctx = await openContext(folder)
  using recorder = new StatementRecorder()
  const { app } = await buildApp(ctx)
  try {
    const seen: Seen[] = []
    const call = async (request: HotRequest) => {
      recorder.take()
      const answer = await app.inject({ ...request.http, remoteAddress: '127.0.0.1' })
      const name = `${request.http.method} ${request.http.url}`
      if (answer.statusCode >= 300) throw new Error(`${name}: ${answer.statusCode} ${answer.body}`)
      for (const sql of recorder.take()) seen.push({ name, sql, sorts: request.sorts })
      return answer.json<{ data: never }>()
    }
    const requests = await hotRequests(ctx, call)
    return { requests, ...findingsOf(folder, seen) }
  } finally {
    await app.close()
  }
}

interface Seen {
  readonly name: string
  readonly sql: string
  readonly sorts: boolean
}

function findingsOf(folder: string, seen: readonly Seen[]) {
  using database = new DatabaseSync(join(folder, 'shop.db'), { readOnly: true })
  const statements = seen.filter(({ sql }) => /^\s*(select|with|insert|update|delete)\b/i.test(sql))
  const findings = statements.flatMap(({ name, sql, sorts }) =>
    problemsOf(database, { sql, sorts }).map((problem) => ({ request: name, sql, ...problem })),
  )
  const distinct = new Map(findings.map((finding) => [finding.problem + finding.sql, finding]))
  return {
    statements: new Set(statements.map(({ sql }) => sql)).size,
    findings: [...distinct.values()],
  }
}

/** What a plan must not do: read a whole table; sort what is not bounded, unless it `sorts`. */
export function problemsOf(
  database: DatabaseSync,
  { sql, sorts }: { sql: string; sorts: boolean },
): { problem: string; plan: string[] }[] {
  const steps = planOf(database, sql)
  const problems = [...scans(steps), ...(sorts ? [] : unboundedSorts(steps))]
  const plan = steps.map(({ detail }) => detail)
  return problems.map((problem) => ({ problem, plan }))
}

interface Step {
  readonly id: number
  readonly parent: number
  readonly detail: string
}

function planOf(database: DatabaseSync, sql: string): Step[] {
  const rows = database.prepare(`explain query plan ${sql}`).all()
  return rows.map((row) => ({
    id: Number(row['id']),
    parent: Number(row['parent']),
    detail: String(row['detail']),
  }))
}

/** Plans name a table by its alias; an unknown name is refused, so that nothing slips through. */
function scans(steps: readonly Step[]): string[] {
  return steps
    .filter(({ detail }) => detail.startsWith('SCAN '))
    .filter(({ detail }) => !isBounded(detail))
    .map(({ detail }) => `reads a whole table: ${detail}`)
}

function isBounded(detail: string): boolean {
  const [, source = ''] = /^SCAN (\S+)/.exec(detail) ?? []
  // A virtual table that is given something to match looks it up.
  const isMatch = /^SCAN product_search VIRTUAL TABLE INDEX \d+:.*M/.test(detail)
  return isMatch || [...smallTables, ...boundedSources].includes(source)
}

/** A sort is bounded if the outermost loop beside it is: the rest hangs on its rows. */
function unboundedSorts(steps: readonly Step[]): string[] {
  return steps
    .filter(({ detail }) => detail.startsWith('USE TEMP B-TREE'))
    .flatMap(({ parent, detail }) => {
      const loop = steps.find(
        (step) => step.parent === parent && /^(SCAN|SEARCH) /.test(step.detail),
      )
      if (!loop || isBounded(loop.detail) || ownerColumns.test(loop.detail)) return []
      return [`sorts an unbounded set: ${detail}, of ${loop.detail}`]
    })
}
