import type { Address } from '../../core/address.ts'
import type { OrderLineRow, OrderRow } from '../order/orders.ts'

/** What goes into a parcel: no prices, and no number of its own. */
export interface PackingSlip {
  readonly kind: 'packing_slip'
  readonly order: { readonly reference: string; readonly placed_at: string }
  readonly sender: { readonly name: string; readonly address: readonly string[] }
  readonly recipient: readonly string[]
  readonly shipping: string
  readonly lines: readonly {
    readonly sku: string
    readonly name: string
    readonly options: string
    readonly quantity: number
  }[]
}

export interface SlipFacts {
  readonly order: OrderRow
  readonly lines: readonly OrderLineRow[]
  readonly reference: string
  readonly sender: PackingSlip['sender']
}

/** The packing slip of an order: what of it is to be sent, and where to. */
export function slipOf({ order, lines, reference, sender }: SlipFacts): PackingSlip {
  return {
    kind: 'packing_slip',
    order: { reference, placed_at: new Date(order.created_at).toISOString() },
    sender,
    recipient: addressLines(order.shipping_address),
    shipping: order.shipping_name,
    lines: lines
      .filter(({ kind }) => kind === 'physical')
      .map(({ sku, name, options, quantity }) => ({
        sku,
        name,
        options: Object.values(JSON.parse(options) as Record<string, string>).join(', '),
        quantity,
      })),
  }
}

function addressLines(json: string): string[] {
  const address = JSON.parse(json) as Partial<Address>
  const { name, company, address: street, address2, city, state, postal_code, country } = address
  const place = [postal_code, city, state].filter((part) => part !== undefined).join(' ')
  const lines = [name, company, street, address2, place, country]
  return lines.flatMap((line) => (line === undefined || line === '' ? [] : [line]))
}
