import { availableParallelism, cpus } from 'node:os'
import type { Figures, Measurement } from './measure.ts'
import type { Options } from './options.ts'

const heads = [
  'scenario',
  'shop/s',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'bare/s',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'ratio',
  'goal',
] as const

/** The figures as a Markdown table, to be read in a terminal or pasted into a page. */
export function tableOf(measurements: readonly Measurement[]): string {
  return markdownTable(heads, measurements.map(rowOf))
}

/** The first column is of names, the others are of figures. */
export function markdownTable(
  heads: readonly string[],
  body: readonly (readonly string[])[],
): string {
  const rows = [heads, ...body]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${cells.join(' | ')} |`
  })
  const rule = `| ${widths.map((width, column) => ruleOf(width, column)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

const ruleOf = (width: number, column: number): string =>
  column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`

function rowOf({ label, shop, bare, ratio, ratioMin }: Measurement): string[] {
  const range = `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`
  const goal = `≥ ${ratioMin.toFixed(1)} ${ratio.median >= ratioMin ? 'met' : 'MISSED'}`
  return [label, ...cellsOf(shop), ...cellsOf(bare), range, goal]
}

function cellsOf({ rate, p50Ms, p99Ms, cpuMicroseconds }: Figures): string[] {
  const rateText = Math.round(rate).toLocaleString('en')
  return [rateText, p50Ms.toFixed(2), p99Ms.toFixed(2), cpuMicroseconds?.toFixed(0) ?? '–']
}

/** What one has to know to compare these figures with others, or not to. */
export function conditionsOf(options: Options, source: string): string[] {
  const { products, connections, rounds, seconds, client } = options
  return [
    `${products.toLocaleString('en')} products from ${source}`,
    `${connections} connections, ${rounds} rounds of ${seconds} s for each server by turns, medians`,
    `Node ${process.versions.node}, ${availableParallelism()} processors (${cpus()[0]?.model.trim()})`,
    `client: ${client}; SQLite with synchronous = FULL on both sides`,
  ]
}

/** Who was busy: a figure is only about the server if it was the server that had no time left. */
export function loadsOf(measurements: readonly Measurement[]): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`
  const client = Math.max(...measurements.map(({ clientLoad }) => clientLoad))
  const others = Math.max(...measurements.map(({ othersLoad }) => othersLoad))
  const loud = measurements.filter(({ othersLoad }) => othersLoad > 0.3).map(({ name }) => name)
  return (
    `The client used at most ${percent(client)} of a processor, other processes ${percent(others)}` +
    (loud.length > 0 ? ` (disturbed: ${loud.join(', ')}).` : '.')
  )
}
