import { buildApp } from '../src/app.ts'
import type { Context } from '../src/context.ts'
import type { DialectName } from '../src/db/dialect/dialect.ts'
import { hotRequests, type HotRequest } from './hot-requests.ts'
import { mysqlProblems } from './plans/mysql.ts'
import type { Planner, Problem, Query } from './plans/plan.ts'
import { postgresProblems } from './plans/postgres.ts'
import { sqliteProblems } from './plans/sqlite.ts'
import { recorded } from './recording.ts'

/** A statement that the hot routes run, and what is wrong with the way the database means to. */
export interface Finding extends Problem {
  readonly request: string
  readonly sql: string
}

/** A statement with the request that ran it. */
export interface Seen extends Query {
  readonly request: string
}

const planners: Readonly<Record<DialectName, Planner>> = {
  sqlite: sqliteProblems,
  postgres: postgresProblems,
  mysql: mysqlProblems,
}

/** What is wrong with the plan of one statement, on the database that it is for. */
export function problemsOf({ db }: Pick<Context, 'db'>, query: Query): Promise<Problem[]> {
  return planners[db.dialect.name](db, query)
}

/** What is wrong with the plans of many statements, each problem of a statement once. */
export async function findingsOf(ctx: Context, seen: readonly Seen[]): Promise<Finding[]> {
  const findings = new Map<string, Finding>()
  for (const { request, ...query } of seen) {
    for (const found of await problemsOf(ctx, query)) {
      const key = found.problem + query.sql
      if (!findings.has(key)) findings.set(key, { request, sql: query.sql, ...found })
    }
  }
  return [...findings.values()]
}

/** Makes every hot request once, and gives back the statements that this took. */
export async function statementsOfHotRoutes(ctx: Context): Promise<Seen[]> {
  const recording = recorded(ctx)
  const { app } = await buildApp(recording.ctx)
  const seen: Seen[] = []
  const call = async ({ http, ...rest }: HotRequest) => {
    recording.take()
    const answer = await app.inject({ ...http, remoteAddress: '127.0.0.1' })
    const request = `${http.method} ${http.url}`
    if (answer.statusCode >= 300) throw new Error(`${request}: ${answer.statusCode} ${answer.body}`)
    for (const statement of recording.take().statements)
      seen.push({ ...statement, ...rest, request })
    return answer.json<{ data: never }>()
  }
  try {
    await hotRequests(recording.ctx, call)
    return seen
  } finally {
    await app.close()
  }
}
