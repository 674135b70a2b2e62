import { formatMinor, type Minor } from '../core/money.ts'
import type { Letter, Store, Table } from './letter.ts'

export interface OrderConfirmationData {
  /** What the order is called. */
  readonly reference: string
  /** ISO 4217 */
  readonly currency: string
  readonly lines: readonly {
    readonly name: string
    readonly options: Readonly<Record<string, string>>
    readonly quantity: number
    readonly subtotalMinor: Minor
  }[]
  readonly subtotalMinor: Minor
  readonly discountMinor: Minor
  readonly shippingMinor: Minor
  readonly shippingName: string
  readonly taxMinor: Minor
  readonly taxInclusive: boolean
  readonly totalMinor: Minor
  /** The money has come already. */
  readonly isPaid: boolean
  /** Absolute; shows the order. */
  readonly url: string
}

export function orderConfirmation(data: OrderConfirmationData, store: Store): Letter {
  return {
    subject: `Your order ${data.reference} at ${store.name}`,
    blocks: [
      `Thank you. We have your order, number ${data.reference}.`,
      { rows: data.lines.map((line) => [lineText(line), amount(line.subtotalMinor, data)]) },
      { rows: totals(data) },
      data.isPaid ? 'It is paid.' : 'It is not paid yet.',
      { label: 'See your order', url: data.url },
    ],
  }
}

const amount = (value: Minor, { currency }: { readonly currency: string }) =>
  `${formatMinor(value, currency)} ${currency}`

function lineText({ name, options, quantity }: OrderConfirmationData['lines'][number]): string {
  const chosen = Object.values(options).join(', ')
  return `${quantity} × ${name}${chosen === '' ? '' : ` (${chosen})`}`
}

function totals(data: OrderConfirmationData): Table['rows'] {
  const { discountMinor, taxMinor, taxInclusive } = data
  const discount = [`Discount`, `-${amount(discountMinor, data)}`] as const
  return [
    ['Subtotal', amount(data.subtotalMinor, data)],
    ...(discountMinor === 0 ? [] : [discount]),
    [`Shipping: ${data.shippingName}`, amount(data.shippingMinor, data)],
    ...(taxInclusive ? [] : [['Tax', amount(taxMinor, data)] as const]),
    ['Total', amount(data.totalMinor, data)],
    ...(taxInclusive ? [['Tax included', amount(taxMinor, data)] as const] : []),
  ]
}

/** Of an order that is kept, or that its customer or the shop has cancelled. */
export function moneyReturned(data: PaymentRefundedData, store: Store): Letter {
  return {
    subject: `Money back for order ${data.reference} at ${store.name}`,
    blocks: [
      `We have given back ${amount(data.amountMinor, data)} of what you paid for your order ` +
        `${data.reference}, the way it came.`,
      'Depending on your bank it takes a few days until you see it.',
    ],
  }
}

export interface PaymentRefundedData {
  /** What the order is called. */
  readonly reference: string
  readonly amountMinor: Minor
  /** ISO 4217 */
  readonly currency: string
}

export function paymentRefunded(data: PaymentRefundedData, store: Store): Letter {
  return {
    subject: `Your money for order ${data.reference} at ${store.name}`,
    blocks: [
      `We could not keep your order ${data.reference}, and have given back what you paid for it: ` +
        `${amount(data.amountMinor, data)}.`,
      'Depending on your bank it takes a few days until you see it.',
    ],
  }
}

export interface OrderNoteData {
  /** What the order is called. */
  readonly reference: string
  /** As staff wrote them. */
  readonly paragraphs: readonly string[]
  /** Absolute; shows the order. */
  readonly url: string
}

export function orderNote({ reference, paragraphs, url }: OrderNoteData, store: Store): Letter {
  return {
    subject: `About your order ${reference} at ${store.name}`,
    blocks: [
      `We have written something about your order ${reference}:`,
      ...paragraphs,
      { label: 'See your order', url },
    ],
  }
}
