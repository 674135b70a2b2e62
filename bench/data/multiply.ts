import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import type { DialectName } from '../../src/db/dialect/dialect.ts'
import { setNextNumber } from '../../src/db/dialect/numbers.ts'
import { catalogueRows, flavours, isActive, tradeRows, type Rows } from './copies.ts'

const tables =
  'products, variants, stock, stock_movements, product_categories, product_attributes, ' +
  'product_search, categories, brands, customers, carts, cart_lines, orders, order_lines, ' +
  'order_events, payments, stock_holds, idempotency_keys, outbox'

/** How a database is told not to look up what is known to be consistent, and to count its rows. */
const settings: Readonly<Record<DialectName, { before: string[]; after: string[] }>> = {
  sqlite: {
    before: ['pragma foreign_keys = off', 'pragma synchronous = off'],
    after: ['pragma foreign_keys = on', 'pragma synchronous = full'],
  },
  postgres: {
    before: ["set session_replication_role = 'replica'"],
    after: ["set session_replication_role = 'origin'", 'vacuum analyze'],
  },
  mysql: {
    before: ['set foreign_key_checks = 0', 'set unique_checks = 0'],
    after: ['set foreign_key_checks = 1', 'set unique_checks = 1', `analyze table ${tables}`],
  },
}

interface Size {
  /** Products in the shop that is multiplied, numbered from 1. */
  readonly base: number
  readonly count: number
}

/**
 * Makes a shop with some products into one with `count`, and gives it a trade of a tenth as many
 * carts and orders. The server copies its own rows, which takes seconds where inserting takes
 * minutes; at the end it knows how many rows there are, as it would after a day.
 */
export async function multiplyShop(database: Database, count: number): Promise<void> {
  const { dialect } = database
  const { before, after } = settings[dialect.name]
  await database.schema.connection().execute(async (db) => {
    const run = (statement: string) => sql.raw(statement).execute(db)
    const { rows } = await sql<{ base: number }>`
      select max(number) as base from products`.execute(db)
    const size = { base: Number(rows[0]?.base), count }
    for (const statement of before) await run(statement)
    for (const statement of copies(dialect.name, size)) await run(statement)
    for (const statement of after) await run(statement)
    await setNextNumber({ db, dialect }, { table: 'products', next: count + 1 })
  })
}

/** `k` counts the copies, `p` is a product of the original. */
function copies(name: DialectName, size: Size): string[] {
  const { base, count } = size
  const flavour = flavours[name]
  const counter = `with recursive copies (k) as (
    select 1 union all select k + 1 from copies where k < ${Math.ceil(count / base)})`
  const isCopied = `p.number <= ${base} and p.number + k * ${base} <= ${count}`
  const traded = `p.number <= ${Math.floor(count / 10)}`
  const insert = ({ table, from, columns, where }: Rows, start: string, chosen: string) =>
    `insert into ${table} (${Object.keys(columns).join(', ')}) ${start}
      select ${Object.values(columns).join(', ')} from ${from}
      where ${[chosen, where].filter((part) => part !== undefined).join(' and ')}`
  return [
    ...catalogueRows(flavour, base).map((rows) =>
      insert({ ...rows, from: `copies cross join ${rows.from}` }, counter, isCopied),
    ),
    `update categories set total_product_count = (select count(*) from product_categories pc
      where pc.category_number = categories.number)`,
    ...(base === count ? [] : [searchCopies[name](counter, size)]),
    ...tradeRows(flavour).map((rows) => insert(rows, '', traded)),
  ]
}

type Search = (counter: string, size: Size) => string

const copiedWords = (name: string, words: string): Search => (counter, { base, count }) =>
  `insert into product_search (product_number, name_words, words) ${counter}
    select s.product_number + k * ${base}, ${name}, ${words}
    from copies cross join product_search s
    where s.product_number <= ${base} and s.product_number + k * ${base} <= ${count}
      and ${isActive}`

const searchCopies: Readonly<Record<DialectName, Search>> = {
  // The index keeps no texts of its own; these are near enough to the words.
  sqlite: (_counter, { base }) => `insert into product_search (rowid, name, body)
    select number, lower(name), lower(description) from products
    where number > ${base} and status = 'active'`,
  postgres: copiedWords(
    's.name_words || array_to_tsvector(array[(k + 1)::text])',
    's.words || array_to_tsvector(array[(k + 1)::text])',
  ),
  mysql: copiedWords("concat(s.name_words, ' qz', k + 1)", "concat(s.words, ' qz', k + 1)"),
}
