import type { Context } from '../context.ts'
import { minor } from '../core/money.ts'
import type { Fulfilment, OrderReturn } from '../domains/order/aftermath.ts'
import { isErased } from '../domains/order/anonymise.ts'
import { findWholeOrder, orderToken, type Order } from '../domains/order/orders.ts'
import { orderReference } from '../domains/order/reference.ts'
import { storeUrl, type MailContent } from './letter.ts'
import {
  orderCancelled,
  orderDelivered,
  orderShipped,
  returnDecided,
  returnReceived,
  type Pieces,
} from './life-letters.ts'
import { storeOf, write } from './store.ts'
import type { Mail, MailMaker } from './topics.ts'

type LifePayload = Readonly<Record<'order_id' | 'number' | 'status' | 'subject_id', unknown>>
type Content = (ctx: Context, found: Order, subjectId: string) => MailContent | undefined

/** To whoever bought, unless the order has lost its person. */
const about =
  (content: Content) =>
  async (ctx: Context, { order_id, subject_id }: LifePayload): Promise<Mail | undefined> => {
    const found = await findWholeOrder(ctx, String(order_id))
    if (!found || isErased(found.order)) return undefined
    const made = content(ctx, found, String(subject_id))
    return made && { to: found.order.email, ...made }
  }

function common(ctx: Context, { order }: Order) {
  const path = `/api/v1/orders/${order.number}` as const
  const url = storeUrl(storeOf(ctx), path, { token: orderToken(ctx, order.id) })
  return { reference: orderReference(ctx, order), url }
}

const parcelIn = ({ fulfilments }: Order, id: string): Fulfilment | undefined =>
  fulfilments.find(({ row }) => row.id === id)

function piecesOf({ lines }: Order, parcel: Fulfilment): Pieces[] {
  const names = new Map(lines.map(({ id, name }) => [id, name]))
  return parcel.lines.map(({ line_id, quantity }) => ({
    name: names.get(line_id) ?? '',
    quantity,
  }))
}

const shipped: Content = (ctx, found, id) => {
  const parcel = parcelIn(found, id)
  if (!parcel) return undefined
  const { carrier, tracking_number, tracking_url } = parcel.row
  return write(ctx, orderShipped, {
    ...common(ctx, found),
    ...{ carrier, trackingNumber: tracking_number, trackingUrl: tracking_url },
    items: piecesOf(found, parcel),
    hasMore: found.order.status === 'partially_shipped',
  })
}

const delivered: Content = (ctx, found, id) => {
  const parcel = parcelIn(found, id)
  const items = parcel && piecesOf(found, parcel)
  return items && write(ctx, orderDelivered, { ...common(ctx, found), items })
}

const cancelled: Content = (ctx, found) => {
  const { order, payments } = found
  const isPaidBack = order.credit_minor > 0 || payments.some((one) => one.captured_minor > 0)
  return write(ctx, orderCancelled, { ...common(ctx, found), isPaidBack })
}

const returnIn = ({ returns }: Order, id: string): OrderReturn | undefined =>
  returns.find(({ row }) => row.id === id)

const decided: Content = (ctx, found, id) => {
  const { row } = returnIn(found, id) ?? {}
  // Whoever withdrew it knows.
  if (!row || row.status === 'withdrawn') return undefined
  return write(ctx, returnDecided, {
    ...common(ctx, found),
    ...{ returnNumber: row.number, isApproved: row.status !== 'refused', answer: row.answer },
  })
}

const received: Content = (ctx, found, id) => {
  const { row } = returnIn(found, id) ?? {}
  if (!row) return undefined
  const amountMinor = minor(row.amount_minor - row.offset_minor)
  const { currency } = found.order
  const data = { returnNumber: row.number, amountMinor, currency }
  return write(ctx, returnReceived, { ...common(ctx, found), ...data })
}

/** What a customer is told of after the order counts. */
export const lifeMails = {
  'order.shipped': about(shipped),
  'order.delivered': about(delivered),
  'order.cancelled': about(cancelled),
  'return.decided': about(decided),
  'return.received': about(received),
} satisfies Readonly<Record<string, MailMaker<'order.shipped'>>>
