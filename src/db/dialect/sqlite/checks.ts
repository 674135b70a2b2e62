import { sql, type Kysely } from 'kysely'

/**
 * SQLite cannot drop what has no name. Its manual gives this way for constraints that do not change
 * what is stored: edit the text of the table (https://sqlite.org/lang_altertable.html#otheralter).
 */
export async function dropNamelessChecks(schema: Kysely<unknown>, table: string): Promise<void> {
  const found = await sql<{ text: string }>`
    select sql as text from sqlite_schema where type = 'table' and name = ${table}`.execute(schema)
  const text = withoutNamelessChecks(found.rows[0]?.text ?? '')
  await sql`pragma writable_schema = on`.execute(schema)
  const edit = sql`update sqlite_schema set sql = ${text} where type = 'table' and name = ${table}`
  await edit.execute(schema)
  await sql`pragma writable_schema = reset`.execute(schema)
}

/** The text of CREATE TABLE without those of its CHECKs that stand alone between two commas. */
export function withoutNamelessChecks(text: string): string {
  const start = /,\s*check\s*\(/i.exec(text)
  if (!start) return text
  const end = closingBracket(text, start.index + start[0].length)
  return withoutNamelessChecks(text.slice(0, start.index) + text.slice(end))
}

/** Where the bracket that is open at `from` has been closed; brackets in strings do not count. */
function closingBracket(text: string, from: number): number {
  let depth = 1
  let isString = false
  for (let at = from; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === "'") isString = !isString
    if (isString) continue
    if (letter === '(') depth += 1
    if (letter === ')') depth -= 1
    if (depth === 0) return at + 1
  }
  throw new Error('a bracket is not closed')
}
