import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { referenceOf, type Reference } from '../../core/reference.ts'

interface Numbered {
  readonly number: number
  readonly created_at: number
}

/** What an order is called towards people: its number, as the shop has chosen to write it. */
export function orderReference({ config }: Context, { number, created_at: at }: Numbered): string {
  return config.orders.numbers.write({ number, at })
}

/**
 * The order that somebody names by its id, its number or its reference. Of a reference it is the
 * number that counts: it is unique, and the date in it is only decoration.
 */
export function namedOrder({ config }: Context, text: string, field = 'id'): Reference {
  const by = referenceOf(text)
  if (by.by !== 'slug') return by
  const number = config.orders.numbers.read(text)
  if (number === undefined) throw invalid(field, 'must be a UUID, a number or a reference')
  return { by: 'number', number }
}
