import type { Context } from '../../context.ts'
import { timeView } from '../catalog/views.ts'
import { cartView } from '../cart/views.ts'
import { orderReference } from '../order/reference.ts'
import { draftToken, stateOf, type Draft, type DraftRow } from './drafts.ts'

function shared(ctx: Context, row: DraftRow) {
  const { order_number: number, order_created_at: placedAt } = row
  const addressOf = (json: string | null) =>
    json === null ? null : (JSON.parse(json) as Record<string, string>)
  return {
    id: row.id,
    number: row.number,
    state: stateOf(ctx, row),
    email: row.email,
    shipping_address: addressOf(row.shipping_address),
    billing_address: addressOf(row.billing_address),
    shipping_method: row.shipping_method,
    expires_at: timeView(row.expires_at),
    created_at: timeView(row.created_at),
    version: row.version,
    order:
      number === null || placedAt === null
        ? null
        : { number, reference: orderReference(ctx, { number, created_at: placedAt }) },
  }
}

const forStaff = ({ customer_id, note, author }: DraftRow) => ({ customer_id, note, author })

/** A draft as its customer sees it. */
export function offeredDraftView(ctx: Context, { row, cart }: Draft) {
  const self = `/api/v1/draft-orders/${row.id}`
  return {
    ...shared(ctx, row),
    cart: cartView(ctx, cart),
    links: { self, checkout: `${self}/checkout` },
  }
}

export function draftView(ctx: Context, draft: Draft) {
  const { row } = draft
  const self = `/api/v1/admin/draft-orders/${row.number}`
  const { publicUrl } = ctx.config.server
  return {
    ...offeredDraftView(ctx, draft),
    ...forStaff(row),
    payment_link: `${publicUrl}/api/v1/draft-orders/${row.id}?token=${draftToken(ctx, row.id)}`,
    links: { self, order: `${self}/order` },
  }
}

export function listedDraftView(ctx: Context, row: DraftRow) {
  const links = { self: `/api/v1/admin/draft-orders/${row.number}` }
  return { ...shared(ctx, row), ...forStaff(row), links }
}
