import { sql } from 'kysely'
import type { Rule } from './rule.ts'

/** What documents and drafts promise. */
export const deskRules: readonly Rule[] = [
  {
    name: 'the numbers of documents leave none out and come once',
    rows: (limit) => sql`select s.code, s.last_number, count(d.id) as documents,
        max(d.series_number) as highest
      from document_series s left join documents d on d.series = s.code
      group by s.code, s.last_number
      having s.last_number <> count(d.id) or s.last_number <> coalesce(max(d.series_number), 0)
      limit ${limit}`,
  },
  {
    name: 'an invoice is the sum of what it invoices',
    rows: (limit) => sql`select d.id, d.total_minor, sum(p.total_minor) as parts
      from documents d left join invoiced_parts p on p.invoice_id = d.id
      where d.kind = 'invoice' group by d.id, d.total_minor
      having d.total_minor <> coalesce(sum(p.total_minor), 0) limit ${limit}`,
  },
  {
    name: 'what was credited of an invoice stands on its credit notes',
    rows: (limit) => sql`select d.id, d.number, sum(p.credited_minor) as credited
      from documents d join invoiced_parts p on p.invoice_id = d.id
      group by d.id, d.number
      having sum(p.credited_minor) <> (select coalesce(sum(c.total_minor), 0) from documents c
        where c.corrects_id = d.id) limit ${limit}`,
  },
]
