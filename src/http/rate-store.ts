/**
 * Counts requests by bucket within a window of time. Windows have numbers that only grow. A store
 * that several nodes share answers by promises; the one in memory answers at once.
 */
export interface RateStore {
  /** Counts one more; returns how many there are in this window with it. */
  add(bucket: string, window: number): number | Promise<number>
  /** How many there are in this window. */
  count(bucket: string, window: number): number | Promise<number>
}

/**
 * One process's counts of the current window, all forgotten when the next one begins. When there
 * are too many buckets, the oldest go: memory has a limit, and against that many callers a limit
 * for each of them does not help.
 */
export class MemoryRateStore implements RateStore {
  readonly #bucketsMax: number
  #window = 0
  #counts = new Map<string, number>()

  constructor(bucketsMax = 100_000) {
    this.#bucketsMax = bucketsMax
  }

  add(bucket: string, window: number): number {
    const count = this.count(bucket, window) + 1
    if (count === 1 && this.#counts.size >= this.#bucketsMax) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest)
        break
      }
    }
    this.#counts.set(bucket, count)
    return count
  }

  count(bucket: string, window: number): number {
    if (window !== this.#window) {
      this.#window = window
      this.#counts = new Map()
    }
    return this.#counts.get(bucket) ?? 0
  }
}
