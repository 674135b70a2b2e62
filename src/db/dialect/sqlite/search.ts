import { sql } from 'kysely'
import type { SearchDialect } from '../dialect.ts'

/** FTS5, contentless: the words are in the products already. Row ids are product numbers. */
export const sqliteSearch: SearchDialect = {
  async create(schema) {
    await schema.execute(
      "create virtual table product_search using fts5(name, body, content='', " +
        "contentless_delete=1, detail=column, prefix='2 3', tokenize='ascii')",
    )
  },
  async drop(schema) {
    await schema.execute('drop table product_search')
  },
  async saveAll(tx, json) {
    await sql`delete from product_search
      where rowid in (select value ->> '$.number' from json_each(${json}))`.execute(tx)
    await sql`insert into product_search (rowid, name, body)
      select value ->> '$.number', value ->> '$.name', value ->> '$.body'
      from json_each(${json})`.execute(tx)
  },
  async remove(tx, productNumber) {
    await sql`delete from product_search where rowid = ${productNumber}`.execute(tx)
  },
  matches: (query) =>
    sql`(select rowid as product_number from product_search where product_search match ${query})`,
  matchesOnTheWay: undefined,
  matchesName: (query) =>
    sql`(select rowid as product_number from product_search where product_search match ${query})`,
  matchText: (words) => prefixes(words),
  matchNameText: (words) => `name : (${prefixes(words)})`,
}

/** Words hold letters and digits only (core/words.ts), so quoting cannot be broken out of. */
function prefixes(words: readonly string[]): string {
  return words.map((word) => `"${word}"*`).join(' AND ')
}
