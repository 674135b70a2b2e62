import { sql } from 'kysely'
import type { SearchDialect } from '../dialect.ts'

/**
 * InnoDB's full-text index. It would drop stop words and words of one or two letters, so every
 * word is stored behind a prefix. It would split at letters that are younger than its Unicode
 * tables, so letters outside of ASCII are stored as pairs of ideographs, which it knows. It sees
 * rows only after they are committed.
 */
export const mysqlSearch: SearchDialect = {
  async create(schema) {
    await schema.execute(
      'create table product_search (product_number bigint not null primary key, ' +
        'name_words mediumtext not null, words mediumtext not null, ' +
        'fulltext index product_search_name_words (name_words), ' +
        'fulltext index product_search_words (words)) ' +
        'engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin',
    )
  },
  async drop(schema) {
    await schema.execute('drop table product_search')
  },
  async saveAll(tx, json) {
    const rows = (JSON.parse(json) as SearchText[]).map(indexed)
    // Without its character set, a column of JSON_TABLE has that of the database, whatever it is.
    const text = sql`mediumtext character set utf8mb4 collate utf8mb4_bin`
    await sql`replace into product_search (product_number, name_words, words)
      select product_number, name_words, words from json_table(${JSON.stringify(rows)}, '$[*]'
        columns (product_number bigint path '$.number' error on error,
          name_words ${text} path '$.name' error on error,
          words ${text} path '$.words' error on error)) as d`.execute(tx)
  },
  async remove(tx, productNumber) {
    await sql`delete from product_search where product_number = ${productNumber}`.execute(tx)
  },
  matches: (query) => sql`(select product_number from product_search
    where match (words) against (${query} in boolean mode))`,
  matchesOnTheWay: undefined,
  matchesName: (query) => sql`(select product_number from product_search
    where match (name_words) against (${query} in boolean mode))`,
  matchText: prefixes,
  matchNameText: prefixes,
}

interface SearchText {
  readonly number: number
  readonly name: string
  readonly body: string
}

function indexed({ number, name, body }: SearchText) {
  return { number, name: encodeAll(name), words: encodeAll(`${name} ${body}`) }
}

const encodeAll = (text: string) =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .map(encode)
    .join(' ')

const wordPrefix = 'qz'
const firstIdeograph = 0x4e00
const secondIdeograph = 0x5000

/**
 * Two characters for one, so that a word of 40 (core/words.ts) stays below the 84 that InnoDB
 * indexes; the two come from different ranges, so the start of a word is the start of its code.
 */
function encode(word: string): string {
  const encoded = word.replace(/[^\0-\x7f]/gu, (letter) => {
    const code = letter.codePointAt(0) ?? 0
    return String.fromCharCode(firstIdeograph + (code >> 12), secondIdeograph + (code & 0xfff))
  })
  return wordPrefix + encoded
}

/** Words hold letters and digits only, so no operator of the boolean mode can be among them. */
function prefixes(words: readonly string[]): string {
  return words.map((word) => `+${encode(word)}*`).join(' ')
}
