import { sql, type Kysely } from 'kysely'
import type { DialectName } from './dialect.ts'
import type { Side } from './side.ts'

/** Where a database keeps the next `number` of a table; sequences know nothing of transactions. */
interface Counter {
  next(db: Kysely<unknown>, table: string): Promise<number>
  set(db: Kysely<unknown>, table: string, next: number): Promise<void>
}

const sqlite: Counter = {
  async next(db, table) {
    const { rows } = await sql<{ seq: number }>`
      select seq from sqlite_sequence where name = ${table}`.execute(db)
    return (rows[0]?.seq ?? 0) + 1
  },
  async set(db, table, next) {
    await sql`update sqlite_sequence set seq = ${next - 1} where name = ${table}`.execute(db)
  },
}

const postgres: Counter = {
  async next(db, table) {
    const { rows } = await sql<{ next: number }>`
      select coalesce(last_value + increment_by, start_value) as next from pg_sequences
      where format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence(${table}, 'number')
    `.execute(db)
    return rows[0]?.next ?? 1
  },
  /** As the number that was given last: what a sequence gives next cannot be read everywhere. */
  async set(db, table, next) {
    await sql`select setval(pg_get_serial_sequence(${table}, 'number'),
      greatest(${next}::bigint - 1, 1), ${next}::bigint > 1)`.execute(db)
  },
}

const mysql: Counter = {
  /** Not from information_schema, which MySQL answers from statistics that may be a day old. */
  async next(db, table) {
    const { rows } = await sql<{ 'Create Table': string }>`
      show create table ${sql.table(table)}`.execute(db)
    return Number(/\bAUTO_INCREMENT=(\d+)/.exec(rows[0]?.['Create Table'] ?? '')?.[1] ?? 1)
  },
  async set(db, table, next) {
    await sql`alter table ${sql.table(table)} auto_increment = ${sql.lit(next)}`.execute(db)
  },
}

const counters: Readonly<Record<DialectName, Counter>> = { sqlite, postgres, mysql }

/** The number that the next row of a table gets. */
export const nextNumber = ({ db, dialect }: Side, table: string): Promise<number> =>
  counters[dialect.name].next(db, table)

/** Numbers that were given away once are never given again, even if their rows are gone. */
export const setNextNumber = (
  { db, dialect }: Side,
  { table, next }: { table: string; next: number },
): Promise<void> => counters[dialect.name].set(db, table, next)
