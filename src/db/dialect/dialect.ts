import type { Dialect as KyselyDialect, Expression, Kysely, RawBuilder, SqlBool } from 'kysely'
import type { Tx } from '../database.ts'

export type DialectName = 'sqlite' | 'postgres' | 'mysql'

/** Column types by meaning. Times are UTC milliseconds and money is minor units: both `integer`. */
export interface ColumnTypes {
  readonly uuid: RawBuilder<unknown>
  readonly integer: RawBuilder<unknown>
  readonly text: RawBuilder<unknown>
  readonly json: RawBuilder<unknown>
  string(lengthMax: number): RawBuilder<unknown>
}

export type RowColumnType = 'uuid' | 'integer' | 'text' | 'json'
export type RowColumns = Readonly<Record<string, RowColumnType>>

/**
 * One `UPDATE` of many rows by values from another row source (see `jsonRows`). Rows are locked in
 * the order of the source, so that two updates of the same rows in one order cannot deadlock. The
 * columns that `set` assigns must not be columns of the source too.
 */
export interface JoinedUpdate {
  readonly table: string
  readonly source: RawBuilder<unknown>
  /** Alias under which `source` is visible in `set` and `where`. */
  readonly alias: string
  readonly set: RawBuilder<unknown>
  readonly where: RawBuilder<SqlBool>
}

/**
 * Full-text search over the catalogue. Words are normalised by `core/words.ts` before they come
 * here.
 */
export interface SearchDialect {
  /** Creates the index structures. */
  create(schema: SchemaRunner): Promise<void>
  drop(schema: SchemaRunner): Promise<void>
  /** Inserts or replaces the words of many products: a JSON array of {number, name, body}. */
  saveAll(tx: Tx, json: string): Promise<void>
  remove(tx: Tx, productNumber: number): Promise<void>
  /**
   * A subquery of `product_number`s whose words start with every one of `query` (from `matchText`).
   */
  matches(query: RawBuilder<string>): RawBuilder<unknown>
  /**
   * The same for lists in the order of something else, in which so many products have the words
   * that they may be looked for one by one. Undefined where that would search anew for each.
   */
  readonly matchesOnTheWay: ((query: RawBuilder<string>) => RawBuilder<unknown>) | undefined
  /** The same, looking at names alone. */
  matchesName(query: RawBuilder<string>): RawBuilder<unknown>
  /**
   * The text of a match for these words, in the engine's own syntax, to be bound as a parameter.
   */
  matchText(words: readonly string[]): string
  matchNameText(words: readonly string[]): string
}

export interface SchemaRunner {
  execute(statement: string): Promise<void>
}

export type DatabaseFault =
  /** `constraint` begins with `table.column` of the first column of the violated key. */
  | { readonly kind: 'unique'; readonly constraint: string }
  | { readonly kind: 'foreign_key' }
  | { readonly kind: 'check'; readonly constraint: string }
  /** Run the whole transaction again. */
  | { readonly kind: 'retry' }
  /** The database cannot be reached or cannot write now. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'unknown' }

/** Everything in which the databases differ. Nothing outside of `db/dialect/` asks for the name. */
export interface Dialect {
  readonly name: DialectName
  /** Query compiler and adapter. */
  readonly kysely: KyselyDialect
  readonly types: ColumnTypes
  readonly can: {
    /** INSERT/UPDATE … RETURNING */
    readonly returning: boolean
    /** SELECT … FOR UPDATE. Without it, transactions run one at a time. */
    readonly rowLocks: boolean
    /** Knows how much of a table lies in a range, and plans by it. */
    readonly weighRanges: boolean
    /** Refuses all that comes after an error in a transaction, so that much can be sent at once. */
    readonly pipeline: boolean
    /** CREATE, ALTER and DROP roll back with their transaction. */
    readonly transactionalDdl: boolean
  }
  readonly search: SearchDialect
  /** The type of a UUID column that is a primary key, as DDL text. */
  readonly uuidColumn: string
  /** Columns `number` (counting from `start`) and `id`, as they must be declared here. */
  numberedColumns(start: number): readonly string[]
  /** What follows the closing bracket of CREATE TABLE. */
  tableOptions(options: { numbered: boolean; start: number; clustered: boolean }): string
  /** Statements after CREATE TABLE that make `number` count from `start`, if that takes any. */
  startNumbers(table: string, start: number): readonly string[]
  /**
   * Drops the CHECKs of a table that were declared without a name, so that a migration can state
   * new ones. Those with a name are left to `ALTER TABLE … DROP CONSTRAINT`, the same everywhere.
   */
  dropNamelessChecks(schema: Kysely<unknown>, table: string): Promise<void>
  /** The statement that drops an index. */
  dropIndex(table: string, index: string): string
  /** How often one whole number goes into another, without the rest. */
  quotient(dividend: Expression<unknown>, divisor: Expression<unknown>): RawBuilder<number>
  /** Statements that make a table refuse UPDATE and DELETE. */
  appendOnly(table: string): readonly string[]
  /**
   * A row source from a JSON array of objects, bound as one parameter: the SQL text never grows.
   */
  jsonRows(json: Expression<string>, columns: RowColumns): RawBuilder<unknown>
  updateJoined(update: JoinedUpdate): RawBuilder<unknown>
  /**
   * A table whose rows are wanted in the order of their numbers, but only those that an index
   * leads to: walking the primary key would meet all the others too.
   */
  walked(table: string, alias: string): RawBuilder<unknown>
  /** INSERT that leaves an existing row alone; true if this call inserted it. */
  insertOnce(tx: Tx, table: string, row: Readonly<Record<string, unknown>>): Promise<boolean>
  /** An INSERT … SELECT that leaves existing rows alone; `column` is any of the table. */
  insertMissing(insert: RawBuilder<unknown>, column: RawBuilder<unknown>): RawBuilder<unknown>
  /** INSERT into a table with `number`s; returns the number given to the row. */
  insertNumbered(tx: Tx, table: string, row: Readonly<Record<string, unknown>>): Promise<number>
  /** What an error of the driver means. */
  readFault(error: unknown): DatabaseFault
}
