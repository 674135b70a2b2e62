import { escapeLiteral } from 'pg'
import type { Database, Tx } from '../../src/db/database.ts'
import { wholeNames, sortedRowsMax, type Planner, type Problem, type Query } from './plan.ts'

interface Node {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Alias?: string
  readonly 'Plan Rows': number
  readonly Plans?: readonly Node[]
}

/**
 * A prepared statement is planned for its parameters five times; then PostgreSQL compares what
 * these plans cost with one for any parameters, and may keep to that. Both are looked at.
 */
const runsUntilGeneric = 6

export const postgresProblems: Planner = async (database, query) => {
  const plans = await plansOf(database, query)
  return plans.flatMap((plan) => problemsOf(plan, query))
}

/** The plan for these parameters, and the one that is in use after some runs. */
function plansOf(database: Database, { sql, params }: Query): Promise<Node[]> {
  return database.transaction(async (tx) => {
    await tx.runner.run(`prepare explained as ${sql}`, [])
    const execute = `execute explained${argumentsOf(params)}`
    const plans: Node[] = []
    for (let run = 0; run <= runsUntilGeneric; run++) plans.push(await explain(tx, execute))
    await tx.runner.run('deallocate explained', [])
    return [plans.at(0), plans.at(-1)].filter((plan) => plan !== undefined)
  })
}

/** EXECUTE takes no parameters of its own, so the values are written out. */
function argumentsOf(params: readonly unknown[]): string {
  const values = params.map((value) => (value === null ? 'null' : escapeLiteral(String(value))))
  return values.length === 0 ? '' : `(${values.join(', ')})`
}

async function explain(tx: Tx, statement: string): Promise<Node> {
  const [row] = await tx.runner.all(`explain (format json) ${statement}`, [])
  const [{ Plan }] = JSON.parse((row as { 'QUERY PLAN': string })['QUERY PLAN']) as [{ Plan: Node }]
  return Plan
}

function problemsOf(root: Node, query: Query): Problem[] {
  const small = wholeNames(query)
  const nodes = all(root)
  const ended = new Set(nodes.flatMap(endedEarly))
  const readers = nodes.filter((node) => readsAll(node) && !ended.has(node))
  const problems = [
    ...readers.filter((node) => !isSmall(node, small)).map(wholeRead),
    ...(query.sorts ? [] : nodes.filter(isLargeSort).map(largeSort)),
  ]
  const plan = lines(root)
  return problems.map((problem) => ({ problem, plan }))
}

const all = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(all)]

const isSmall = (node: Node, small: ReadonlySet<string>) => small.has(node['Relation Name'] ?? '')

/** A walk through an index that is not looked up anywhere ends at its end. */
function readsAll(node: Node): boolean {
  const type = node['Node Type']
  return (
    type === 'Seq Scan' || (/Index (Only )?Scan$/.test(type) && node['Index Cond'] === undefined)
  )
}

/**
 * A walk in order that a LIMIT is expected to end while it has hardly begun; the rows that it asks
 * for come through joins that keep them in order.
 */
function endedEarly(limit: Node): Node[] {
  if (limit['Node Type'] !== 'Limit') return []
  const walked = firstOf(limit)
  const isWalk = /^Index (Only )?Scan$/.test(walked['Node Type'])
  return isWalk && limit['Plan Rows'] * endedEarlyRatio <= walked['Plan Rows'] ? [walked] : []
}

const endedEarlyRatio = 100

/** Where the rows of a node begin, if it passes them on one by one. */
function firstOf(node: Node): Node {
  const [first] = node.Plans ?? []
  return first && /^(Limit|Nested Loop)$/.test(node['Node Type']) ? firstOf(first) : node
}

function wholeRead(node: Node): string {
  const through = node['Index Name'] === undefined ? '' : ` by ${node['Index Name']}`
  return `reads a whole table: ${node['Node Type']} of ${node['Relation Name'] ?? 'it'}${through}`
}

const isLargeSort = ({ 'Node Type': type, Plans }: Node) =>
  type === 'Sort' && (Plans?.[0]?.['Plan Rows'] ?? 0) > sortedRowsMax

const largeSort = ({ Plans }: Node) => `sorts an unbounded set of ${Plans?.[0]?.['Plan Rows']} rows`

function lines(node: Node, depth = 0): string[] {
  const { 'Relation Name': table, 'Index Name': index, 'Index Cond': condition } = node
  const text = [node['Node Type'], table, node.Alias, index, condition, node['Plan Rows']]
  const own = `${'  '.repeat(depth)}${text.filter((part) => part !== undefined).join(' ')}`
  return [own, ...(node.Plans ?? []).flatMap((child) => lines(child, depth + 1))]
}
