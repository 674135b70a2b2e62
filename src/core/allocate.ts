import { minor, type Minor } from './money.ts'

/** What tells lines of equal weight apart, whatever their order. */
export type LineId = string | number

/**
 * Splits `total` in proportion to `weights` by largest remainder, one part per weight.
 *
 * - The parts add up to the total, and each is within one minor unit of its exact share. Hence a
 *   discount not above the sum of the weights never takes more from a line than its weight.
 * - A unit left over goes to the largest remainder, then the larger weight, then the smaller
 *   identity (by code units), then the earlier line.
 * - Order independence: with distinct `identities`, permuting the lines permutes the parts and
 *   changes none of them. Without them the pairs (weight, part) are the same set in any order:
 *   position decides only among equal weights, whose parts differ by one unit at most.
 * - A negative total is split as its positive mirror image.
 * - A zero weight gets nothing, unless all are zero: then the split is equal.
 * - Weights may be all negative, with the same parts as their magnitudes. Mixed signs are refused
 *   with RangeError, since parts could exceed the total; so is a non-zero total without lines.
 *
 * Throws TypeError for weights that are not safe integers, or identities of another length.
 */
export function allocate(
  total: Minor,
  weights: readonly number[],
  identities?: readonly LineId[],
): Minor[] {
  if (identities !== undefined && identities.length !== weights.length) {
    throw new TypeError(`${identities.length} identities do not fit ${weights.length} weights.`)
  }
  const sizes = magnitudes(weights)
  if (sizes.length === 0 && total !== 0) throw new RangeError(`No lines to carry ${total}.`)
  if (sizes.length === 1) return [total]
  const parts = largestRemainder(Math.abs(total), sizes, identities)
  return parts.map((part) => minor(total < 0 ? -part : part))
}

function magnitudes(weights: readonly number[]): number[] {
  const sizes = weights.map((weight) => Math.abs(minorWeight(weight)))
  if (sizes.every((size) => size === 0)) return sizes.map(() => 1)
  const mixed = weights.some((weight) => weight < 0) && weights.some((weight) => weight > 0)
  if (mixed) throw new RangeError('Weights of mixed signs have no fair shares.')
  return sizes
}

function minorWeight(weight: number): number {
  if (!Number.isSafeInteger(weight)) throw new TypeError(`Weight ${weight} is no safe integer.`)
  return weight
}

/** Parts rounded down, and what was cut off from each in the same unit. */
interface Shares {
  readonly parts: number[]
  readonly remainders: readonly (number | bigint)[]
}

function largestRemainder(
  total: number,
  sizes: readonly number[],
  identities: readonly LineId[] | undefined,
): number[] {
  const { parts, remainders } = shares(total, sizes)
  const leftOver = parts.reduce((left, part) => left - part, total)
  if (leftOver === 0) return parts
  const order = [...parts.keys()].sort(
    (left, right) =>
      descending(remainders[left]!, remainders[right]!) ||
      descending(sizes[left]!, sizes[right]!) ||
      (identities === undefined ? 0 : byIdentity(identities[left]!, identities[right]!)),
  )
  // Sorting is stable, which leaves complete ties in the order of the lines.
  for (const index of order.slice(0, leftOver)) parts[index]! += 1
  return parts
}

function shares(total: number, sizes: readonly number[]): Shares {
  const whole = sizes.reduce((sum, size) => sum + size, 0)
  // No size exceeds the whole: a safe product with the whole makes all products safe.
  if (Number.isSafeInteger(total * whole)) return numberShares(total, sizes, whole)
  return bigintShares(BigInt(total), sizes.map(BigInt))
}

function numberShares(total: number, sizes: readonly number[], whole: number): Shares {
  const remainders = sizes.map((size) => (total * size) % whole)
  const parts = sizes.map((size, index) => (total * size - remainders[index]!) / whole)
  return { parts, remainders }
}

function bigintShares(total: bigint, sizes: readonly bigint[]): Shares {
  const whole = sizes.reduce((sum, size) => sum + size, 0n)
  return {
    parts: sizes.map((size) => Number((total * size) / whole)),
    remainders: sizes.map((size) => (total * size) % whole),
  }
}

function descending(left: number | bigint, right: number | bigint): number {
  if (left === right) return 0
  return left > right ? -1 : 1
}

function byIdentity(left: LineId, right: LineId): number {
  const [leftText, rightText] = [String(left), String(right)]
  if (leftText === rightText) return 0
  return leftText < rightText ? -1 : 1
}
