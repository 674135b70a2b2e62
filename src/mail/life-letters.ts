import { formatMinor, type Minor } from '../core/money.ts'
import type { Block, Letter, Store } from './letter.ts'

interface AboutOrder {
  /** What the order is called. */
  readonly reference: string
  /** Absolute; shows the order. */
  readonly url: string
}

/** Pieces of an article. */
export interface Pieces {
  readonly name: string
  readonly quantity: number
}

const list = (items: readonly Pieces[]): Block => ({
  rows: items.map(({ name, quantity }) => [name, `× ${quantity}`]),
})

const see = ({ url }: AboutOrder): Block => ({ label: 'See your order', url })

export interface ShippedData extends AboutOrder {
  readonly items: readonly Pieces[]
  readonly carrier: string | null
  readonly trackingNumber: string | null
  /** Absolute. */
  readonly trackingUrl: string | null
  /** The rest of the order comes in other parcels. */
  readonly hasMore: boolean
}

export function orderShipped(data: ShippedData, store: Store): Letter {
  const { reference, carrier, trackingNumber, trackingUrl, hasMore } = data
  const by = carrier === null ? '' : ` with ${carrier}`
  const number = trackingNumber === null ? '' : `, number ${trackingNumber}`
  return {
    subject: `Your order ${reference} at ${store.name} is on its way`,
    blocks: [
      `A parcel of your order ${reference} has left us${by}${number}.`,
      list(data.items),
      ...(hasMore ? ['The rest follows in another parcel.'] : []),
      ...(trackingUrl === null ? [] : [{ label: 'Follow the parcel', url: trackingUrl }]),
      see(data),
    ],
  }
}

export interface DeliveredData extends AboutOrder {
  readonly items: readonly Pieces[]
}

export function orderDelivered(data: DeliveredData, store: Store): Letter {
  const { reference } = data
  return {
    subject: `Your order ${reference} at ${store.name} has arrived`,
    blocks: [
      `A parcel of your order ${reference} has arrived.`,
      list(data.items),
      'If something is not as it should be, you can ask to send it back.',
      see(data),
    ],
  }
}

export interface CancelledData extends AboutOrder {
  /** Something was paid, and goes back. */
  readonly isPaidBack: boolean
}

export function orderCancelled(data: CancelledData, store: Store): Letter {
  const { reference, isPaidBack } = data
  return {
    subject: `Your order ${reference} at ${store.name} is cancelled`,
    blocks: [
      `Your order ${reference} is cancelled. Nothing of it will be sent.`,
      isPaidBack
        ? 'What you paid goes back the way it came. That may take a few days.'
        : 'There is nothing to be paid for it.',
      see(data),
    ],
  }
}

export interface ReturnDecidedData extends AboutOrder {
  readonly returnNumber: number
  readonly isApproved: boolean
  /** What the shop wrote. */
  readonly answer: string | null
}

export function returnDecided(data: ReturnDecidedData, store: Store): Letter {
  const { reference, returnNumber, isApproved, answer } = data
  return {
    subject: `Your return ${returnNumber} to ${store.name}`,
    blocks: [
      isApproved
        ? `Please send back what you asked for of your order ${reference}, and write ` +
          `"return ${returnNumber}" on the parcel.`
        : `We cannot take back what you asked for of your order ${reference}.`,
      ...(answer === null ? [] : [answer]),
      see(data),
    ],
  }
}

export interface ReturnReceivedData extends AboutOrder {
  readonly returnNumber: number
  readonly amountMinor: Minor
  /** ISO 4217 */
  readonly currency: string
}

export function returnReceived(data: ReturnReceivedData, store: Store): Letter {
  const { reference, returnNumber, amountMinor, currency } = data
  return {
    subject: `Your return ${returnNumber} to ${store.name} has arrived`,
    blocks: [
      `What you sent back of your order ${reference} is here.`,
      ...(amountMinor === 0
        ? []
        : [
            `${formatMinor(amountMinor, currency)} ${currency} go back the way they came, ` +
              'or need not be paid any more. That may take a few days.',
          ]),
      see(data),
    ],
  }
}
