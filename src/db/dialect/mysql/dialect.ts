import {
  DummyDriver,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  sql,
  type Expression,
  type Kysely,
} from 'kysely'
import type { Tx } from '../../database.ts'
import type { Dialect, JoinedUpdate, RowColumns, RowColumnType } from '../dialect.ts'
import { insertRow, rowInserts } from '../insert.ts'
import { readFault } from './faults.ts'
import { mariadb, mysql, type Flavour } from './flavour.ts'
import { mysqlSearch } from './search.ts'

function dialectOf(flavour: Flavour): Dialect {
  const { collation, uuid, json } = flavour
  return {
    name: 'mysql',
    kysely: {
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => new MysqlQueryCompiler(),
      createAdapter: () => new MysqlAdapter(),
      createIntrospector: (db) => new MysqlIntrospector(db),
    },
    types: {
      uuid: sql.raw(uuid),
      integer: sql`bigint`,
      text: sql`longtext`,
      json: sql.raw(json),
      string: (lengthMax) => sql`varchar(${sql.lit(lengthMax)})`,
    },
    can: {
      returning: false,
      rowLocks: true,
      weighRanges: false,
      pipeline: false,
      transactionalDdl: false,
    },
    search: mysqlSearch,
    uuidColumn: `${uuid} not null`,
    numberedColumns: () => [
      'number bigint not null auto_increment primary key',
      `id ${uuid} not null unique`,
    ],
    tableOptions: ({ numbered, start }) =>
      `engine=InnoDB default charset=utf8mb4 collate=${collation}` +
      (numbered ? ` auto_increment=${start}` : ''),
    startNumbers: () => [],
    dropNamelessChecks,
    dropIndex: (table, index) => `drop index ${index} on ${table}`,
    quotient: (dividend, divisor) => sql<number>`(${dividend}) div (${divisor})`,
    appendOnly: (table) =>
      ['update', 'delete'].map(
        (verb) =>
          `create trigger ${table}_no_${verb} before ${verb} on ${table} for each row ` +
          `signal sqlstate '45000' set message_text = '${table} is append-only'`,
      ),
    jsonRows: (rows, columns) => jsonRows(rows, columns, collation),
    updateJoined: (update) => updateJoined(update, flavour),
    insertOnce,
    insertMissing: (insert, column) => sql`${insert} on duplicate key update ${column} = ${column}`,
    async insertNumbered(tx, table, row) {
      const query = insertRow(table, row).compile(tx)
      const { insertId } = await tx.runner.run(query.sql, query.parameters)
      return insertId ?? 0
    },
    walked: (table, alias) =>
      sql`${sql.table(table)} as ${sql.ref(alias)} ignore index for order by (primary)`,
    readFault,
  }
}

function jsonRows(rows: Expression<string>, columns: RowColumns, collation: string) {
  const text = `longtext character set utf8mb4 collate ${collation}`
  const types: Readonly<Record<RowColumnType, string>> = {
    // Not a UUID type, which JSON_TABLE refuses on MariaDB; it compares with one by the index.
    uuid: 'char(36) character set ascii collate ascii_bin',
    integer: 'bigint',
    text,
    json: text,
  }
  const fields = Object.entries(columns).map(
    ([name, type]) =>
      sql`${sql.ref(name)} ${sql.raw(types[type])} path ${sql.lit(`$.${name}`)} error on error`,
  )
  return sql`json_table(${rows}, '$[*]' columns (${sql.join(fields)}))`
}

/** The join begins with the rows of the JSON array, so their order is the order of the locks. */
function updateJoined(update: JoinedUpdate, { unbufferedUpdate }: Flavour) {
  const { table, source, alias, set, where } = update
  return sql`${sql.raw(unbufferedUpdate)}
    (select * from ${source} as source_rows) as ${sql.ref(alias)}
    straight_join ${sql.table(table)} set ${set} where ${where}`
}

/** Reported as the generated key where the row existed: no table counts as far as that. */
const existed = Number.MAX_SAFE_INTEGER

/**
 * Not INSERT IGNORE, which swallows every error, and not a caught duplicate, which leaves a shared
 * lock that two transactions cannot both upgrade. The count of changed rows is 1 either way, since
 * this connection counts found rows, so the existing row is told apart by LAST_INSERT_ID.
 */
const insertUnlessThere = rowInserts(
  (insert, column) => sql`${insert} on duplicate key update
    ${column} = if(last_insert_id(${sql.lit(existed)}) = 0, ${column}, ${column})`,
)

async function insertOnce(tx: Tx, table: string, row: Readonly<Record<string, unknown>>) {
  return (await insertUnlessThere(tx, table, row)).insertId !== existed
}

export const mariadbDialect = dialectOf(mariadb)
export const mysqlDialect = dialectOf(mysql)

/** MySQL has called them `table_chk_1`, MariaDB `CONSTRAINT_1`. */
async function dropNamelessChecks(schema: Kysely<unknown>, table: string): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select constraint_name as name from information_schema.table_constraints
    where table_schema = database() and table_name = ${table} and constraint_type = 'CHECK'
      and (constraint_name like 'CONSTRAINT\\_%'
        or constraint_name like ${`${table}\\_chk\\_%`})`.execute(schema)
  for (const { name } of rows) {
    await sql`alter table ${sql.table(table)} drop constraint ${sql.ref(name)}`.execute(schema)
  }
}
