/** A small seeded generator (splitmix32): one seed gives the same run on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds must not give shifted copies of one sequence.
    this.#state = Math.imul(seed + 1, 0x85ebca6b)
  }

  /** Another generator, whose numbers are its own. */
  fork(): Random {
    return new Random(this.next())
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = this.#state ^ (this.#state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return this.next() % count
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('nothing to pick from')
    return choices[this.below(choices.length)] as T
  }

  /** A key of the table, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights)
    let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0))
    for (const [key, weight] of entries) {
      if (left < weight) return key as K
      left -= weight
    }
    throw new Error('no weights')
  }
}
