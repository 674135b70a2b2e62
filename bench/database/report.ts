import { availableParallelism, cpus } from 'node:os'
import { markdownTable } from '../report.ts'
import type { DatabaseFigures, SideFigures } from './measure.ts'
import type { Cost } from './record.ts'

/** What a request costs its database server, in questions. */
export interface RequestCost extends Cost {
  readonly request: string
}

export interface DatabaseMeasurement extends DatabaseFigures {
  readonly name: string
  readonly label: string
  /** Of the whole operation. */
  readonly statements: number
  /** Undefined where nothing is promised. */
  readonly ratioMin: number | undefined
}

export function costTable(costs: readonly RequestCost[]): string {
  const heads = ['request', 'statements', 'transactions', 'waits for an answer']
  const rows = costs.map(({ request, statements, transactions, waits }) =>
    [request, statements, transactions, waits].map(String),
  )
  return markdownTable(heads, rows)
}

const sideHeads = ['p50 ms', 'p99 ms', 'CPU µs', 'database µs']

export function figuresTable(measurements: readonly DatabaseMeasurement[]): string {
  const heads = ['scenario', 'statements', 'shop/s', ...sideHeads, 'baseline/s', ...sideHeads]
  const rows = measurements.map(({ label, statements, shop, baseline, ratio, ratioMin }) => [
    label,
    String(statements),
    ...cellsOf(shop),
    ...cellsOf(baseline),
    cpuRatio(shop, baseline),
    `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    ratioMin === undefined ? '–' : `≥ ${ratioMin} ${ratio.median >= ratioMin ? 'met' : 'MISSED'}`,
  ])
  return markdownTable([...heads, 'CPU ratio', 'ratio', 'goal'], rows)
}

/** Baseline to shop, each with what it costs the database server: steadier than the rates. */
function cpuRatio(...sides: readonly [SideFigures, SideFigures]): string {
  const [shop, baseline] = sides.map(({ cpuMicroseconds, databaseCpuMicroseconds }) =>
    cpuMicroseconds === undefined || databaseCpuMicroseconds === undefined
      ? Number.NaN
      : cpuMicroseconds + databaseCpuMicroseconds,
  ) as [number, number]
  return Number.isNaN(baseline / shop) ? '–' : (baseline / shop).toFixed(2)
}

function cellsOf(figures: SideFigures): string[] {
  const { rate, p50Ms, p99Ms, cpuMicroseconds, databaseCpuMicroseconds } = figures
  const times = [cpuMicroseconds, databaseCpuMicroseconds].map((time) => time?.toFixed(0) ?? '–')
  return [Math.round(rate).toLocaleString('en'), p50Ms.toFixed(2), p99Ms.toFixed(2), ...times]
}

export interface Conditions {
  readonly products: number
  readonly source: string
  readonly server: { readonly version: string; readonly durability: string }
  readonly connections: number
  readonly poolSize: number
  readonly articles: number
  readonly rounds: number
  readonly seconds: number
  readonly baseline: string
}

export function conditionLines(conditions: Conditions): string[] {
  const { products, source, server, connections, poolSize, rounds, seconds } = conditions
  return [
    `${products.toLocaleString('en')} products from ${source}`,
    `${server.version}, ${server.durability}`,
    `shop: ${connections} HTTP connections, ${poolSize} to the database; ` +
      `baseline: ${conditions.baseline} on ${poolSize} connections; ` +
      `both buy the same ${conditions.articles} articles`,
    `${rounds} rounds of ${seconds} s for each side by turns, medians`,
    `Node ${process.versions.node}, ${availableParallelism()} processors (${cpus()[0]?.model.trim()})`,
  ]
}

export function othersLine(measurements: readonly DatabaseMeasurement[]): string {
  const loads = measurements.flatMap(({ othersLoad }) => othersLoad ?? [])
  if (loads.length === 0) return 'What else the machine did is not known.'
  return `Other processes used at most ${Math.round(Math.max(...loads) * 100)} % of a processor.`
}
