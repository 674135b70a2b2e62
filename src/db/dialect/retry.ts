import { setTimeout as sleep } from 'node:timers/promises'

const retriesMax = 5
const backoffFirstMs = 10
const backoffMaxMs = 500
/** Waiting for a lock can use up a request's time in few tries; then an answer is worth more. */
const budgetMs = 10_000

/**
 * Runs `attempt` again while it fails in a way that another try may mend. The waits are random
 * between zero and a bound that doubles, so that those who collided do not collide again.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  isRetryable: (error: unknown) => boolean,
): Promise<T> {
  const deadline = performance.now() + budgetMs
  for (let retries = 0; ; retries++) {
    try {
      return await attempt()
    } catch (error) {
      const isLast = retries === retriesMax || performance.now() > deadline
      if (isLast || !isRetryable(error)) throw error
      await sleep(Math.random() * Math.min(backoffMaxMs, backoffFirstMs * 2 ** retries))
    }
  }
}
