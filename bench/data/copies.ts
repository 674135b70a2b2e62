import type { DialectName } from '../../src/db/dialect/dialect.ts'

/** Rows for one table: what is to stand in its columns, and where that comes from. */
export interface Rows {
  readonly table: string
  readonly from: string
  readonly columns: Readonly<Record<string, string>>
  readonly where?: string
}

/** What the databases write differently here. Everything else is understood by all of them. */
export interface Flavour {
  readonly text: (column: string) => string
  readonly uuid: (text: string) => string
  /** Eight digits. */
  readonly hex: (number: string) => string
}

export const flavours: Readonly<Record<DialectName, Flavour>> = {
  sqlite: {
    text: (column) => column,
    uuid: (text) => text,
    hex: (number) => `printf('%08x', ${number})`,
  },
  postgres: {
    text: (column) => `${column}::text`,
    uuid: (text) => `(${text})::uuid`,
    hex: (number) => `lpad(to_hex(${number}), 8, '0')`,
  },
  mysql: {
    text: (column) => column,
    uuid: (text) => text,
    hex: (number) => `lower(lpad(hex(${number}), 8, '0'))`,
  },
}

const same = (alias: string, names: string) =>
  Object.fromEntries(names.split(' ').map((name) => [name, `${alias}.${name}`]))

/** As in a shop of some age, a fifth of the products is not for sale any more. */
export const isActive = 'k % 5 <> 0'

/**
 * The `k`-th copy of the products `p`, of which there are `base`, with all their parts: each under
 * a number, an id and names of its own.
 */
export function catalogueRows({ text, uuid, hex }: Flavour, base: number): Rows[] {
  const id = (column: string) => uuid(`concat(${hex('k')}, substr(${text(column)}, 9))`)
  const number = (column: string) => `${column} + k * ${base}`
  // As `productAt` has it, so that prices do not come in heaps.
  const price = (column: string) => `${column} + k * 37 % 1000`
  const distinct = (column: string, sign: string) => `concat(${column}, '${sign}', k + 1)`
  const times = 'created_at updated_at'
  const product = {
    number: number('p.number'),
    id: id('p.id'),
    slug: distinct('p.slug', '-copy-'),
    name: distinct('p.name', ' '),
    price_minor: price('p.price_minor'),
    price_max_minor: price('p.price_max_minor'),
    status: `case when ${isActive} then p.status else 'archived' end`,
    ...same('p', 'description brand_id category_id currency tags options attributes images'),
    ...same('p', `version ${times}`),
  }
  const variant = {
    id: id('v.id'),
    product_id: id('v.product_id'),
    sku: distinct('v.sku', '-'),
    price_minor: price('v.price_minor'),
    ...same('v', `options position weight_grams ${times}`),
  }
  const stock = { variant_id: id('s.variant_id'), product_id: id('s.product_id') }
  const movement = { id: id('m.id'), variant_id: id('m.variant_id') }
  const place = { product_number: number('pc.product_number'), price_minor: price('pc.price_minor') }
  return [
    { table: 'products', from: 'products p', columns: product },
    {
      table: 'variants',
      from: 'products p join variants v on v.product_id = p.id',
      columns: variant,
    },
    {
      table: 'stock',
      from: 'products p join stock s on s.product_id = p.id',
      columns: { ...stock, ...same('s', 'location_id on_hand reserved') },
    },
    {
      table: 'stock_movements',
      from: `products p join variants v on v.product_id = p.id
        join stock_movements m on m.variant_id = v.id`,
      columns: { ...movement, ...same('m', 'location_id quantity kind created_at') },
    },
    {
      table: 'product_categories',
      from: 'products p join product_categories pc on pc.product_number = p.number',
      columns: { ...place, ...same('pc', 'category_number') },
      where: isActive,
    },
    {
      table: 'product_attributes',
      from: 'products p join product_attributes a on a.product_number = p.number',
      columns: { product_number: number('a.product_number'), ...same('a', 'attribute value') },
      where: isActive,
    },
  ]
}

const far = 'p.created_at + 100000000000'

/** A customer, two carts and an order for every product `p`; their ids are the product's, marked. */
export function tradeRows({ text, uuid }: Flavour): Rows[] {
  const id = (mark: string) => uuid(`concat(${mark}, substr(${text('p.id')}, 3))`)
  const times = { created_at: 'p.created_at', updated_at: 'p.updated_at' }
  const email = "concat('customer-', p.number, '@example.com')"
  const account = { email, email_key: email, password_hash: "'none'", role: "'customer'" }
  const cart = { currency: 'p.currency', expires_at: far, ...times }
  const open = { session_key: "concat('session-', p.number)", status: "'open'" }
  const order = { cart_id: id("'0c'"), live_cart_id: id("'0c'"), customer_id: id("'0a'"), email }
  const lineId = id("concat('a', following.i)")
  const line = { variant_id: 'v.id', quantity: '1', price_minor: 'v.price_minor' }
  const from = 'products p'
  // Each cart and order holds its own product and the two that follow.
  const lines = `products p
    cross join (select 0 as i union all select 1 union all select 2) following
    join products n on n.number = p.number + following.i
    join variants v on v.product_id = n.id`
  return [
    { table: 'customers', from, columns: { id: id("'0a'"), ...account, ...times } },
    { table: 'carts', from, columns: { id: id("'0b'"), ...open, ...cart } },
    { table: 'carts', from, columns: { id: id("'0c'"), status: "'completed'", ...cart } },
    { table: 'cart_lines', from: lines, columns: { id: lineId, cart_id: id("'0b'"), ...line, ...times } },
    { table: 'orders', from, columns: { id: id("'0d'"), ...order, ...totals, ...times } },
    ...orderRows({ id, text }),
  ]
}

const totals = {
  status: "'paid'",
  currency: 'p.currency',
  subtotal_minor: 'p.price_minor',
  discount_minor: '0',
  shipping_minor: '0',
  tax_minor: '0',
  tax_inclusive: '0',
  total_minor: 'p.price_minor',
  item_count: '1',
  shipping_method: "'standard'",
  shipping_name: "'Standard'",
  shipping_address: "'{}'",
  billing_address: "'{}'",
}

/** What hangs on the orders. */
function orderRows({ id, text }: { id: (mark: string) => string; text: Flavour['text'] }): Rows[] {
  const order = { order_id: id("'0d'") }
  const [created, updated] = [{ created_at: 'p.created_at' }, { updated_at: 'p.updated_at' }]
  const article = { product_id: 'p.id', product_number: 'p.number', name: 'p.name' }
  const price = 'v.price_minor'
  const sums = { price_minor: price, subtotal_minor: price, tax_minor: '0', total_minor: price }
  const line = { position: '0', variant_id: 'v.id', quantity: '1', ...sums, ...same('v', 'sku options') }
  const worth = 'p.price_minor'
  const amounts = { amount_minor: worth, authorised_minor: worth, captured_minor: worth }
  const payment = { position: '1', method: "'test'", provider_key: text('p.id'), status: "'captured'" }
  const hold = { quantity: '1', status: "'sold'", expires_at: far }
  const event = { topic: "'order.placed'", payload: "'{}'", status: "'delivered'" }
  const from = 'products p'
  return [
    {
      table: 'order_lines',
      from: 'products p join variants v on v.product_id = p.id',
      columns: { id: id("'0e'"), ...order, ...line, ...article },
    },
    {
      table: 'order_events',
      from,
      columns: { id: id("'0e'"), ...order, type: "'created'", data: "'{}'", ...created },
    },
    {
      table: 'payments',
      from,
      columns: {
        id: id("'0e'"),
        ...order,
        ...payment,
        ...amounts,
        ...same('p', 'currency'),
        ...created,
        ...updated,
        check_at: far,
      },
    },
    {
      table: 'stock_holds',
      from: 'products p join stock s on s.product_id = p.id',
      columns: { ...order, ...same('s', 'variant_id location_id'), ...hold },
    },
    {
      table: 'idempotency_keys',
      from,
      columns: { claim: text('p.id'), body_hash: "'none'", ...order, ...created, expires_at: far },
    },
    {
      table: 'outbox',
      from,
      columns: { id: id("'0e'"), ...event, available_at: 'p.created_at', ...created },
    },
  ]
}
