import { sql } from 'kysely'
import type { TestShop } from './shop.ts'

const personal = /.{0,40}(ada@|Lovelace|St James|20 7946|ada_l).{0,40}/g

/** Everything that still tells who somebody was, whichever table it is in. */
export async function tracesOf({ ctx }: TestShop): Promise<string[]> {
  const found: string[] = []
  for (const table of await ctx.db.schema.introspection.getTables()) {
    const { rows: all } = await sql`select * from ${sql.table(table.name)}`.execute(ctx.db.schema)
    const rows = JSON.stringify(all)
    for (const [trace] of rows.matchAll(personal)) found.push(`${table.name}: ${trace}`)
  }
  return found
}
