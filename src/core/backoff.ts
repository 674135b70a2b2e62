const firstDelayMs = 10_000
const delayMaxMs = 3_600_000

/** After so many attempts, about a day, whoever runs the shop has to look at it. */
export const attemptsMax = 32

/**
 * How long to wait after the `attempts`-th failure in a row (from 1): ten seconds, twice as long
 * each time, and an hour at the most, so that what comes back is noticed within one. Undefined: it
 * has been tried often enough.
 */
export function retryDelayMs(attempts: number): number | undefined {
  if (attempts >= attemptsMax) return undefined
  return Math.min(firstDelayMs * 2 ** (attempts - 1), delayMaxMs)
}
