// For the tests of this folder only.
import fc from 'fast-check'
import { minor, type Minor } from './money.ts'

const casesPerSeed = 1000

/** Cheap random values: building them takes nanoseconds, which makes a million cases bearable. */
export class RandomCase {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    const fraction = (this.#bits(21) * 2 ** 32 + this.#bits(32)) / 2 ** 53
    return Math.min(to, from + Math.floor(fraction * (to - from + 1)))
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.integer(0, items.length - 1)]!
  }

  list<Item>(length: number, item: () => Item): Item[] {
    return Array.from({ length }, item)
  }

  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items]
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(0, last)
      ;[shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!]
    }
    return shuffled
  }

  /** From 0 up to 2^bitsMax - 1: every magnitude equally likely, its ends more so. */
  size(bitsMax: number): Minor {
    const top = 2 ** this.integer(0, bitsMax) - 1
    return minor(this.integer(0, 7) === 0 ? top : this.integer(0, top))
  }

  /** Any safe amount, of either sign. */
  amount(): Minor {
    const size = this.size(53)
    return minor(this.integer(0, 1) === 0 ? -size : size)
  }

  // Mulberry32 (Tommy Ettinger, public domain).
  #bits(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) >>> (32 - count)
  }
}

/**
 * Checks `count` random cases, a thousand per seed that fast-check draws; a failure names the seed.
 * Shrinking a seed means nothing, so it is off: `check` puts the case into its messages.
 */
export function forRandomCases(count: number, check: (random: RandomCase) => void): void {
  const property = fc.property(fc.noShrink(fc.integer()), (seed) => {
    const random = new RandomCase(seed)
    for (let index = 0; index < casesPerSeed; index++) check(random)
  })
  fc.assert(property, { numRuns: count / casesPerSeed })
}

/** Rows of a text table with a heading; cells are divided by two blanks or more, or by a bar. */
export function tableRows(text: string): string[][] {
  const [, ...lines] = text.trim().split('\n')
  return lines.map((line) => line.trim().split(/\s*\|\s*|\s{2,}/))
}
