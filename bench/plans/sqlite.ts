import { wholeNames, type Planner } from './plan.ts'

/** Bounded sources of rows that our queries make: a page, a capped count, JSON parameters. */
const boundedSources = ['page', 'counted', 'json_each']

/** An equality on one of these leaves the parts of one cart, order or product. */
const ownerColumns =
  /\((id|number|slug|sku|variant_id|product_id|order_id|cart_id|session_key|customer_id|claim)=\?/

/** A prepared EXPLAIN would go on telling the plan of before an index was dropped. */
let explainedCount = 0

/** Only what reads a table makes a connection look whether the schema has changed. */
const lookAround = 'select name from settings limit 1'

/** SQLite plans without statistics here, so sizes are told by what a step is looked up by. */
export const sqliteProblems: Planner = async ({ read }, query) => {
  const { sql, params, sorts } = query
  await read.runner.all(lookAround, [])
  explainedCount += 1
  const explain = `explain query plan /* ${explainedCount} */ ${sql}`
  const rows = (await read.runner.all(explain, params)) as Step[]
  const steps = rows.map(({ id, parent, detail }) => ({ id, parent, detail }))
  const bounded = new Set([...wholeNames(query), ...boundedSources])
  const problems = [...scans(steps, bounded), ...(sorts ? [] : unboundedSorts(steps, bounded))]
  const plan = steps.map(({ detail }) => detail)
  return problems.map((problem) => ({ problem, plan }))
}

interface Step {
  readonly id: number
  readonly parent: number
  readonly detail: string
}

type Names = ReadonlySet<string>

/** Plans name a table by its alias; an unknown name is refused, so that nothing slips through. */
function scans(steps: readonly Step[], bounded: Names): string[] {
  return steps
    .filter(({ detail }) => detail.startsWith('SCAN '))
    .filter(({ detail }) => !isBounded(detail, bounded))
    .map(({ detail }) => `reads a whole table: ${detail}`)
}

function isBounded(detail: string, bounded: Names): boolean {
  const [, source = ''] = /^SCAN (\S+)/.exec(detail) ?? []
  // A virtual table that is given something to match looks it up.
  const isMatch = /^SCAN product_search VIRTUAL TABLE INDEX \d+:.*M/.test(detail)
  return isMatch || bounded.has(source)
}

/** A sort is bounded if the outermost loop beside it is: the rest hangs on its rows. */
function unboundedSorts(steps: readonly Step[], bounded: Names): string[] {
  return steps
    .filter(({ detail }) => detail.startsWith('USE TEMP B-TREE'))
    .flatMap(({ parent, detail }) => {
      const loop = steps.find(
        (step) => step.parent === parent && /^(SCAN|SEARCH) /.test(step.detail),
      )
      if (!loop || isBounded(loop.detail, bounded) || ownerColumns.test(loop.detail)) return []
      return [`sorts an unbounded set: ${detail}, of ${loop.detail}`]
    })
}
