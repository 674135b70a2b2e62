import type { Dialect } from './dialect/dialect.ts'

/** The first column of the unique key that a write violated; undefined for any other error. */
export function takenColumn(dialect: Dialect, error: unknown): string | undefined {
  const fault = dialect.readFault(error)
  return fault.kind === 'unique' ? /\.(\w+)/.exec(fault.constraint)?.[1] : undefined
}

/** Whether a write referred to a row that is not there, or no longer. */
export function refersToNothing(dialect: Dialect, error: unknown): boolean {
  return dialect.readFault(error).kind === 'foreign_key'
}
