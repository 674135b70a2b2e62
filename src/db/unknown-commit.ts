import { CommitUnknownError } from './errors.ts'

/**
 * Runs a transaction whose effect is the same however often it runs, such as one guarded by a
 * claimed key or a compare-and-set: if the answer to its COMMIT was lost, running it again finds
 * out whether it happened.
 */
export async function runAgainIfUnknown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CommitUnknownError)) throw error
    return work()
  }
}
