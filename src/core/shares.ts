import { minor, type Minor } from './money.ts'
import { multiply, ratio } from './ratio.ts'

/** What the first `count` of `of` pieces are worth of an amount; exact at both ends. */
function shareUpTo(amount: Minor, count: number, of: number): Minor {
  return multiply(amount, ratio(BigInt(count), BigInt(of)), 'half-even')
}

/**
 * What the next `count` of `of` pieces are worth of an amount, after `before` have gone. Rounded so
 * that the shares of all pieces add up to the amount, however they are divided. Throws RangeError
 * for more pieces than there are.
 */
export function nextShare(
  amount: Minor,
  of: number,
  { before, count }: { readonly before: number; readonly count: number },
): Minor {
  const isPossible = before >= 0 && count >= 0 && before + count <= of
  if (!isPossible) throw new RangeError(`There are no ${count} after ${before} of ${of} pieces.`)
  return minor(shareUpTo(amount, before + count, of) - shareUpTo(amount, before, of))
}
