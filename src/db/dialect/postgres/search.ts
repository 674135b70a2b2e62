import { sql } from 'kysely'
import type { SearchDialect } from '../dialect.ts'

/**
 * Words as tsvectors. They are made without PostgreSQL's parser, which would split and reword
 * what core/words.ts has prepared for all databases alike.
 */
export const postgresSearch: SearchDialect = {
  async create(schema) {
    await schema.execute(
      'create table product_search (product_number bigint primary key, ' +
        'name_words tsvector not null, words tsvector not null)',
    )
    for (const column of ['name_words', 'words']) {
      await schema.execute(
        `create index product_search_${column} on product_search using gin (${column})`,
      )
    }
  },
  async drop(schema) {
    await schema.execute('drop table product_search')
  },
  async saveAll(tx, json) {
    await sql`insert into product_search (product_number, name_words, words)
      select number, ${vectorOf('name')}, ${vectorOf("name || ' ' || body")}
      from json_to_recordset(${json}::json) as d(number bigint, name text, body text)
      on conflict (product_number) do update
        set name_words = excluded.name_words, words = excluded.words`.execute(tx)
  },
  async remove(tx, productNumber) {
    await sql`delete from product_search where product_number = ${productNumber}`.execute(tx)
  },
  // How many products have a word that begins so, PostgreSQL can only guess. Without OFFSET it
  // would look through all of a list for the few that have it.
  matches: (query) =>
    sql`(select product_number from product_search where words @@ ${query}::tsquery offset 0)`,
  matchesOnTheWay: (query) =>
    sql`(select product_number from product_search where words @@ ${query}::tsquery)`,
  matchesName: (query) =>
    sql`(select product_number from product_search where name_words @@ ${query}::tsquery)`,
  matchText: prefixes,
  matchNameText: prefixes,
}

function vectorOf(text: string) {
  return sql`array_to_tsvector(array_remove(string_to_array(${sql.raw(text)}, ' '), ''))`
}

/** Words hold letters and digits only (core/words.ts), so quoting cannot be broken out of. */
function prefixes(words: readonly string[]): string {
  return words.map((word) => `'${word}':*`).join(' & ')
}
