import type { Generated } from 'kysely'
import type { Minor } from '../../core/money.ts'

export type DocumentKind = 'invoice' | 'credit_note'

export interface DocumentSeriesTable {
  code: string
  last_number: Generated<number>
}

export interface DocumentTable {
  id: string
  kind: DocumentKind
  series: string
  series_number: number
  number: string
  order_id: string
  /** The invoice that a credit note takes something off. */
  corrects_id: string | null
  once_key: string
  issued_at: number
  currency: string
  total_minor: Minor
  tax_minor: Minor
  /** JSON: DocumentContent */
  content: string
}

export interface InvoicedPartTable {
  order_id: string
  /** The id of a line of the order, or `shipping`. */
  part: string
  invoice_id: string
  quantity: number
  credited_quantity: Generated<number>
  total_minor: Minor
  credited_minor: Generated<Minor>
}

export interface DocumentTables {
  document_series: DocumentSeriesTable
  documents: DocumentTable
  invoiced_parts: InvoicedPartTable
}
