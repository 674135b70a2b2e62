import { randomUUIDv7 } from 'node:crypto'
import { sql } from 'kysely'
import { minor } from '../../src/core/money.ts'
import type { Database, Db, Tx } from '../../src/db/database.ts'

export interface StockKey {
  readonly variant_id: string
  readonly location_id: string
}

/** A product with one variant for each quantity, all at one location; keys sorted by variant. */
export function insertStock(
  database: Database,
  quantities: readonly number[],
): Promise<StockKey[]> {
  return database.transaction(async (tx) => {
    const product_id = await insertProduct(tx, 'shoe')
    const location_id = randomUUIDv7()
    await tx
      .insertInto('locations')
      .values({ id: location_id, code: 'main', name: 'Main', is_default: 1 })
      .execute()
    const keys = quantities.map(() => ({ variant_id: randomUUIDv7(), location_id }))
    for (const [index, { variant_id }] of keys.entries()) {
      await tx.insertInto('variants').values(variantRow(variant_id, product_id)).execute()
      const on_hand = quantities[index] ?? 0
      await tx
        .insertInto('stock')
        .values({ variant_id, location_id, product_id, on_hand, reserved: 0 })
        .execute()
    }
    return keys.sort((a, b) => (a.variant_id < b.variant_id ? -1 : 1))
  })
}

export async function insertProduct(tx: Tx, slug: string): Promise<string> {
  const id = randomUUIDv7()
  await tx.dialect.insertNumbered(tx, 'products', {
    id,
    slug,
    name: slug,
    description: '',
    status: 'active',
    price_minor: 100,
    price_max_minor: 100,
    currency: 'EUR',
    tags: '[]',
    options: '[]',
    attributes: '[]',
    images: '[]',
    created_at: 0,
    updated_at: 0,
  })
  return id
}

function variantRow(id: string, product_id: string) {
  return {
    id,
    product_id,
    sku: `sku-${id}`,
    options: '{}',
    price_minor: minor(100),
    position: 0,
    gtin: null,
    weight_grams: null,
    created_at: 0,
    updated_at: 0,
  }
}

export async function stockOf(db: Db, { variant_id }: StockKey) {
  const row = await db
    .selectFrom('stock')
    .select(['on_hand', 'reserved'])
    .where('variant_id', '=', variant_id)
    .executeTakeFirstOrThrow()
  return { ...row }
}

export async function writeSetting(tx: Tx, name: string, value: string): Promise<void> {
  await tx.insertInto('settings').values({ name, value }).execute()
}

export async function settingNames(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('settings').select('name').orderBy('name').execute()
  return rows.map(({ name }) => name)
}

/** Runs a statement that the query builder has no words for. */
export async function runSql(tx: Tx, statement: string): Promise<void> {
  await sql.raw(statement).execute(tx)
}
