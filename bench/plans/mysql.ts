import { wholeNames, sortedRowsMax, type Planner } from './plan.ts'

interface Step {
  readonly select_type: string
  readonly table: string | null
  readonly type: string | null
  readonly key: string | null
  readonly rows: number | null
  readonly Extra: string | null
}

export const mysqlProblems: Planner = async ({ read }, query) => {
  const { sql, params, sorts } = query
  const steps = (await read.runner.all(explained(sql), params)) as Step[]
  const small = wholeNames(query)
  const problems = [
    ...steps.filter((step) => readsAll(step) && !small.has(step.table ?? '')).map(wholeRead),
    ...(sorts ? [] : steps.filter(isLargeSort).map(largeSort)),
  ]
  const plan = steps.map(line)
  return problems.map((problem) => ({ problem, plan }))
}

/** Settings for one statement stand before it, hence before EXPLAIN too. */
function explained(sql: string): string {
  const [, setting = '', rest = ''] = /^(set statement .*? for )?(.*)$/s.exec(sql) ?? []
  return `${setting}explain ${rest}`
}

/**
 * Results of subqueries and JSON parameters have no index, and are made by other steps. What an
 * INSERT writes to is a step of its own kind.
 */
function readsAll({ select_type, table, type, Extra }: Step): boolean {
  if (select_type === 'INSERT' || select_type === 'REPLACE') return false
  const isMade = table === null || table.startsWith('<') || Extra?.includes('Table function')
  return (type === 'ALL' || type === 'index') && !isMade
}

const wholeRead = ({ table, key }: Step) =>
  `reads a whole table: ${table}${key === null ? '' : ` by ${key}`}`

const isLargeSort = ({ rows, Extra }: Step) =>
  Extra?.includes('filesort') === true && (rows ?? 0) > sortedRowsMax

const largeSort = ({ table, rows }: Step) => `sorts an unbounded set: ${rows} rows of ${table}`

const line = ({ table, type, key, rows, Extra }: Step) =>
  `${table}: ${type} by ${key ?? 'no key'}, ${rows} rows. ${Extra}`
