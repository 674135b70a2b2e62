import type { LoadResult } from '../client/load.ts'

/** Whoever runs the SQL of the shop without the shop. */
export interface Baseline extends AsyncDisposable {
  readonly name: string
  run(seconds: number): Promise<BaselineResult>
  /** Processor time that it has used so far. */
  cpuMs(): number | undefined
}

export interface BaselineResult extends LoadResult {
  /** All that were run, also those that are not in the figures. */
  readonly completed: number
}
