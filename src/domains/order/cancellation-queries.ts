import { bulkInsert } from '../../db/bulk.ts'
import type { CancellationLineTable, CancellationTable } from './tables.ts'

export const insertCancellations = bulkInsert<CancellationTable>('cancellations', {
  id: 'uuid',
  order_id: 'uuid',
  reason: 'text',
  note: 'text',
  amount_minor: 'integer',
  shipping_minor: 'integer',
  created_at: 'integer',
})

export const insertCancellationLines = bulkInsert<CancellationLineTable>('cancellation_lines', {
  cancellation_id: 'uuid',
  line_id: 'uuid',
  quantity: 'integer',
  amount_minor: 'integer',
})
