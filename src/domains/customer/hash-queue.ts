import { availableParallelism } from 'node:os'
import { ShopError } from '../../core/errors.ts'

interface Limits {
  readonly atOnce: number
  /** How many may wait; the next one is refused. */
  readonly waitingMax: number
}

/** Lets a few pieces of work run at a time, in the order in which they came. */
export class HashQueue {
  readonly #limits: Limits
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Refuses with SERVICE_UNAVAILABLE when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#limits.atOnce) {
      this.#running += 1
      return
    }
    if (this.#waiting.length >= this.#limits.waitingMax) throw new ShopError('SERVICE_UNAVAILABLE')
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Hands the place to the next in line, or gives it back. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running -= 1
  }
}

/** Node has four threads for all such work; files and names are looked up on them too. */
const threadsMax = 3

/**
 * One for the process, as its threads are. It leaves a processor to the requests of shoppers: when
 * many sign in at once, they wait for each other, and nobody else waits for them.
 */
export const passwordHashes = new HashQueue({
  atOnce: Math.min(threadsMax, Math.max(1, availableParallelism() - 1)),
  // At some 40 ms each the last one waits for 4 seconds.
  waitingMax: 100,
})
