import { sql, type Kysely } from 'kysely'
import { minor } from '../../src/core/money.ts'
import type { Context } from '../../src/context.ts'
import { createProduct } from '../../src/domains/catalog/writes.ts'

/** How many articles the orders are of. The first is in every tenth order, the last in few. */
const articleCount = 1_000
const customerEvery = 20
const dayMs = 86_400_000

/** As a shop of three years has them; a thousand of a million are on a day. */
export const firstDay = Date.UTC(2023, 10, 21)
const years = 3
export const spanMs = years * 365 * dayMs

async function addArticles(ctx: Context): Promise<void> {
  for (let article = 0; article < articleCount; article++) {
    await createProduct(ctx, {
      name: `Article ${article}`,
      description: 'Sold a million times',
      slug: `article-${article}`,
      variants: [{ sku: `ART-${article}`, priceMinor: minor(1_000 + article), onHand: 10 }],
    })
  }
}

const uuid = (mark: string, number: string) =>
  `printf('${mark}000000-0000-7000-8000-%012x', ${number})`

/** One in fifty is cancelled, one in five hundred waits, most are paid. */
const status = `case when i % 50 = 7 then 'cancelled' when i % 500 = 3 then 'placed'
  when i % 20 = 5 then 'shipped' else 'paid' end`
const method = `case when i % 100 = 11 then 'express' else 'standard' end`
const total = `(500 + (i * 7919) % 20000)`
const email = `'customer-' || (i / ${customerEvery}) || '@example.com'`
/** The article of an order: by squares, so that some are in many orders and most in few. */
const article = `(case when i % 10 = 0 then 0 else (i % ${articleCount}) * (i % ${articleCount})
  / ${articleCount} end)`

function statements(count: number): string[] {
  const created = `${firstDay} + i * (${spanMs} / ${count})`
  const times = `${created}, ${created}`
  const numbers = `with recursive n(i) as (
    select 1 union all select i + 1 from n where i < ${count})`
  const paid = `case when ${status} = 'placed' then 0 when ${status} = 'cancelled' then 0
    else ${total} end`
  const payment = `case when ${status} = 'placed' then 'due'
    when ${status} = 'cancelled' then 'failed' else 'captured' end`
  const address = `'{"name":"Person ' || (i / ${customerEvery}) ||
    '","address":"1 A Street","city":"London","country":"GB"}'`
  return [
    `insert into carts (id, status, currency, created_at, updated_at, expires_at)
      ${numbers} select ${uuid('0c', 'i')}, 'completed', 'USD', ${times}, 0 from n`,
    `insert into orders (number, id, cart_id, live_cart_id, email, status, currency,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, tax_inclusive, total_minor,
        item_count, shipping_method, shipping_name, shipping_address, billing_address, email_key,
        name_key, created_at, updated_at)
      ${numbers} select 1000 + i, ${uuid('0d', 'i')}, ${uuid('0c', 'i')},
        case when ${status} = 'cancelled' then null else ${uuid('0c', 'i')} end, ${email},
        ${status}, 'USD', ${total}, 0, 0, 0, 0, ${total}, 1, ${method}, ${method}, ${address},
        ${address}, ${email}, (i / ${customerEvery}) || ' person', ${times} from n`,
    `insert into order_lines (id, order_id, position, variant_id, product_id, product_number, sku,
        name, options, quantity, price_minor, subtotal_minor, tax_minor, total_minor)
      ${numbers} select ${uuid('0e', 'i')}, ${uuid('0d', 'i')}, 0, v.id, v.product_id, p.number,
        v.sku, p.name, '{}', 1, ${total}, ${total}, 0, ${total}
      from n cross join products p cross join variants v
      where p.number = 1 + ${article} and v.product_id = p.id`,
    `insert into payments (id, order_id, position, method, provider_key, status, amount_minor,
        authorised_minor, captured_minor, currency, created_at, updated_at, check_at)
      ${numbers} select ${uuid('0f', 'i')}, ${uuid('0d', 'i')}, 1, 'test', ${uuid('0f', 'i')},
        ${payment}, ${total}, ${paid}, ${paid}, 'USD', ${times}, 8640000000000000 from n`,
    `insert into order_tags (order_id, tag, created_at)
      ${numbers} select ${uuid('0d', 'i')}, 'gift', ${created} from n where i % 20 = 9`,
    `insert into order_tags (order_id, tag, created_at)
      ${numbers} select ${uuid('0d', 'i')}, 'fragile', ${created} from n where i % 2000 = 9`,
  ]
}

/** Fills an empty shop on SQLite with orders, by a statement for each table. */
export async function fillOrders(ctx: Context, count: number): Promise<void> {
  const schema: Kysely<unknown> = ctx.db.schema
  await addArticles(ctx)
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await run('pragma foreign_keys = off')
  await run('pragma synchronous = off')
  for (const statement of statements(count)) await run(statement)
  await run('pragma synchronous = full')
  await run('pragma foreign_keys = on')
}
