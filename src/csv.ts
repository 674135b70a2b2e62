import { stringify } from 'csv-stringify/sync'

/** What stands in a cell; numbers stay numbers, nothing is an empty cell. */
export type Cell = string | number | null

/**
 * Lines of CSV (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe in
 * front (OWASP, "CSV Injection"): no cell begins with = + - @, a tab or a line break.
 */
export function csvLines(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], options)
}

/** Only the whole delimiter of lines would be quoted by itself. */
const options = { record_delimiter: 'windows', quoted_match: /[\r\n]/, escape_formulas: true }

/** A table as it is sent: its head, and then page by page, so that one page is held at a time. */
export async function* csvTable<Row>(
  columns: Readonly<Record<string, (row: Row) => Cell>>,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  const cells = Object.values(columns)
  yield csvLines([Object.keys(columns)])
  for await (const rows of pages) {
    if (rows.length > 0) yield csvLines(rows.map((row) => cells.map((cell) => cell(row))))
  }
}
