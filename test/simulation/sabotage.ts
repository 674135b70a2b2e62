import type { Context } from '../../src/context.ts'
import { Tx, kyselyProps, type Database, type Runner } from '../../src/db/database.ts'

/** Rewrites the SQL of every transaction, to plant a mistake in a shop that has none. */
export function withSql(ctx: Context, rewrite: (sql: string) => string): Context {
  const transaction: Database['transaction'] = (work) =>
    ctx.db.transaction((tx) => {
      const runner: Runner = {
        all: (sql, params, name) => tx.runner.all(rewrite(sql), params, name),
        run: (sql, params, name) => tx.runner.run(rewrite(sql), params, name),
      }
      return work(new Tx(kyselyProps(runner, tx.dialect), runner, tx.dialect))
    })
  return { ...ctx, db: { ...ctx.db, transaction } }
}

/** Paid pieces stay on the shelf, so that they are sold once more. */
export const sellsTwice = (ctx: Context): Context =>
  withSql(ctx, (sql) => sql.replace('on_hand = stock.on_hand - d.quantity, ', ''))

/** Reserves without looking whether anything is left. */
export const oversells = (ctx: Context): Context =>
  withSql(ctx, (sql) =>
    sql.replace('and stock.on_hand - stock.reserved - stock.withheld >= d.quantity', ''),
  )

/** Of two additions to one line, the second wins. */
export const losesUpdates = (ctx: Context): Context =>
  withSql(ctx, (sql) => sql.replace('"quantity" = quantity + ?', '"quantity" = ?'))

/** Settles a payment whatever has been decided about it before. */
export const settlesTwice = (ctx: Context): Context =>
  withSql(ctx, (sql) =>
    /^update "payments" set "status" = \?, "authorised_minor"/.test(sql)
      ? sql.replace(/ and .*$/s, ' and ? is not null')
      : sql,
  )

/** A tax rate that differs by a hundredth of a per cent. */
export const taxesTooMuch = (ctx: Context): Context => {
  const { rate } = ctx.config.tax
  const [numerator, denominator] = [rate.numerator * 10_000n + 1n, rate.denominator * 10_000n]
  const tax = { ...ctx.config.tax, rate: { numerator, denominator, small: undefined } }
  return { ...ctx, config: { ...ctx.config, tax } }
}
