import { minor } from '../../core/money.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import { readContent, type DocumentRow } from './documents.ts'

/** A document in a list; all that stands on it is in its PDF. */
export function documentView(row: DocumentRow) {
  const content = readContent(row)
  const { id, kind, number, order_id, corrects_id, total_minor, tax_minor, currency } = row
  return {
    id,
    kind,
    number,
    order: { id: order_id, ...content.order },
    corrects:
      corrects_id === null ? null : { id: corrects_id, number: content.corrects?.number ?? '' },
    reason: content.reason,
    buyer: content.buyer.name,
    net: moneyView(minor(total_minor - tax_minor), currency),
    tax: moneyView(tax_minor, currency),
    total: moneyView(total_minor, currency),
    issued_at: timeView(row.issued_at),
    links: {
      self: `/api/v1/admin/documents/${id}`,
      pdf: `/api/v1/orders/${content.order.number}/documents/${id}/pdf`,
      order: `/api/v1/orders/${content.order.number}`,
    },
  }
}
