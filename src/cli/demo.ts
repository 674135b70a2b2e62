import type { Context } from '../context.ts'
import { loadDemoData } from '../demo/load.ts'

/** Loads the demo catalogue into a shop that has not been decided to begin without. */
export async function demoCommand(ctx: Context): Promise<void> {
  const started = performance.now()
  const loaded = await loadDemoData(ctx)
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  process.stdout.write(loaded ? `Loaded in ${seconds} s.\n` : 'This shop has its data already.\n')
}
