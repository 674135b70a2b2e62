import type { Context } from '../context.ts'
import type { EventTopic } from '../db/events.ts'
import type { OutboxEvent } from '../db/outbox.ts'
import { minor } from '../core/money.ts'
import { findAccount } from '../domains/customer/account.ts'
import { factorChanges, type FactorChange } from '../domains/customer/factor-changes.ts'
import { isErased } from '../domains/order/anonymise.ts'
import { findNote } from '../domains/order/notes.ts'
import { findOrder, orderToken, type OrderSummary } from '../domains/order/orders.ts'
import { orderReference } from '../domains/order/reference.ts'
import { signInMethodChanged } from './account-letters.ts'
import { accountMails } from './account-mails.ts'
import { storeUrl, type MailContent } from './letter.ts'
import { lifeMails } from './life-mails.ts'
import { moneyReturned, orderConfirmation, orderNote, paymentRefunded } from './order-letters.ts'
import { stockMails } from './stock-mails.ts'
import { storeOf, write } from './store.ts'

/** Whom to write to, and what. */
export interface Mail extends MailContent {
  /** An e-mail address. */
  readonly to: string
}

/** Makes the mail that an event calls for, from what the shop knows now; undefined: none. */
export type MailMaker<T extends EventTopic = EventTopic> = (
  ctx: Context,
  payload: OutboxEvent<T>['payload'],
) => Promise<Mail | undefined>

/** Every event that somebody is written to about. */
export const mailTopics: { readonly [T in EventTopic]?: MailMaker<T> } = {
  'order.placed': (ctx, { order_id: id }) => mailAboutOrder(ctx, String(id), confirmation),
  'account.factor_changed': aboutFactors,
  'order.refunded': (ctx, { order_id: id }) => mailAboutOrder(ctx, String(id), refund),
  'note.added': aboutNote,
  'payment.refunded': (ctx, { order_id: id, amount_minor: amountMinor }) =>
    mailAboutOrder(ctx, String(id), (_, { order }) =>
      write(ctx, moneyReturned, {
        reference: orderReference(ctx, order),
        currency: order.currency,
        amountMinor: minor(Number(amountMinor)),
      }),
    ),
  ...accountMails,
  ...stockMails,
  ...lifeMails,
}

/** To the owner of an account, unless it is gone. */
async function aboutFactors(
  ctx: Context,
  { account_id: id, change, at }: OutboxEvent<'account.factor_changed'>['payload'],
): Promise<Mail | undefined> {
  const account = await findAccount(ctx.db.read, String(id))
  const what = factorChanges[change as FactorChange]
  return (
    account && { to: account.email, ...write(ctx, signInMethodChanged, { what, at: Number(at) }) }
  )
}

/** What staff wrote to the customer; nothing if the note was deleted before it left. */
async function aboutNote(
  ctx: Context,
  { order_id: id, note_id: noteId }: OutboxEvent<'note.added'>['payload'],
): Promise<Mail | undefined> {
  const note = await findNote(ctx, String(noteId))
  if (!note) return undefined
  return mailAboutOrder(ctx, String(id), (_, { order }) =>
    write(ctx, orderNote, {
      reference: orderReference(ctx, order),
      paragraphs: note.body.split(/[\r\n]+/).filter((line) => line.trim() !== ''),
      url: orderUrl(ctx, order),
    }),
  )
}

function orderUrl(ctx: Context, { id, number }: OrderSummary['order']): string {
  return storeUrl(storeOf(ctx), `/api/v1/orders/${number}`, { token: orderToken(ctx, id) })
}

async function mailAboutOrder(
  ctx: Context,
  orderId: string,
  content: (ctx: Context, found: OrderSummary) => MailContent,
): Promise<Mail | undefined> {
  const found = await findOrder(ctx, orderId)
  if (!found || isErased(found.order)) return undefined
  return { to: found.order.email, ...content(ctx, found) }
}

function confirmation(ctx: Context, { order, lines }: OrderSummary): MailContent {
  return write(ctx, orderConfirmation, {
    reference: orderReference(ctx, order),
    currency: order.currency,
    lines: lines.map(({ name, options, quantity, subtotal_minor: subtotalMinor }) => {
      const chosen = JSON.parse(options) as Record<string, string>
      return { name, options: chosen, quantity, subtotalMinor }
    }),
    subtotalMinor: order.subtotal_minor,
    discountMinor: order.discount_minor,
    shippingMinor: order.shipping_minor,
    shippingName: order.shipping_name,
    taxMinor: order.tax_minor,
    taxInclusive: order.tax_inclusive === 1,
    totalMinor: order.total_minor,
    isPaid: order.status === 'paid',
    url: orderUrl(ctx, order),
  })
}

function refund(ctx: Context, { order }: OrderSummary): MailContent {
  const { captured_minor: amountMinor, currency } = order
  const reference = orderReference(ctx, order)
  return write(ctx, paymentRefunded, { reference, amountMinor, currency })
}
