import { createHash, createHmac } from 'node:crypto'
import type { Context } from '../../context.ts'

/** Letters and digits that nobody takes for one another: five bits each. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const codeLength = 16

/**
 * The code of a gift card, made from its id and a secret of the shop: whoever may see the card can
 * be shown its code again, and yet it is stored nowhere. 80 bits, so that it cannot be guessed.
 */
export function giftCardCode(ctx: Context, id: string): string {
  const bytes = createHmac('sha256', ctx.secrets.cookie).update(`gift-card:${id}`).digest()
  const letters = Array.from({ length: codeLength }, (_, at) =>
    alphabet.charAt((bytes[at] ?? 0) % alphabet.length),
  ).join('')
  return letters.replaceAll(/(.{4})(?=.)/g, '$1-')
}

/** By what a card is found: nobody who reads the database can spend it. */
export function codeHash(code: string): string {
  const plain = code.replaceAll(/[\s-]/g, '').toUpperCase()
  return createHash('sha256').update(`gift-card:${plain}`).digest('hex')
}

/** The end of a code, by which people tell cards apart. */
export const codeHint = (code: string): string => code.slice(-4)
