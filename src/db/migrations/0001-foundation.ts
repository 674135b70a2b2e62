import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { columnTypes, creator, type Create } from './table.ts'

/**
 * The first schema. All money is in integer minor units, all times in UTC milliseconds since 1970.
 * Two conventions carry the guarantees: a guard is a CHECK or sits in the UPDATE's WHERE, and
 * whatever may happen once is a UNIQUE key.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const create = creator(schema, dialect)
  await createShop(create, dialect)
  await createCatalogue(create, dialect)
  await createProducts(create, dialect)
  await createListings(create, dialect)
  await createInventory(create, dialect)
  await createCustomers(create, dialect)
  await createCarts(create, dialect)
  await createOrders(create, dialect)
  await createOrderParts(create, dialect)
  await createPayments(create, dialect)
  await createOnce(create, dialect)
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await dialect.search.create({ execute: async (statement) => void (await run(statement)) })
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const run = (statement: string) => sql.raw(statement).execute(schema)
  await dialect.search.drop({ execute: async (statement) => void (await run(statement)) })
  const tables =
    'outbox idempotency_keys payments order_events order_lines stock_holds stock_movements ' +
    'cart_lines orders carts customers stock locations product_attributes product_categories ' +
    'variants products brands categories shipping_methods settings'
  for (const table of tables.split(' ')) await run(`drop table ${table}`)
}

async function createShop(create: Create, dialect: Dialect): Promise<void> {
  const { string, text, integer, required, optional, name } = columnTypes(dialect)
  await create('settings', {
    keyed: true,
    columns: { name: required(string(100)), value: required(text) },
    constraints: ['primary key (name)'],
  })
  await create('shipping_methods', {
    columns: {
      code: required(string(50)),
      name: required(name),
      description: required(text),
      price_minor: required(integer),
      free_from_minor: optional(integer),
      days_min: required(integer),
      days_max: required(integer),
      position: required(integer),
      is_active: required(integer),
    },
    constraints: ['unique (code)', 'check (price_minor >= 0)', 'check (is_active in (0, 1))'],
  })
}

async function createCatalogue(create: Create, dialect: Dialect): Promise<void> {
  const { uuid, text, integer, required, optional, withDefault, name } = columnTypes(dialect)
  const times = { created_at: required(integer), updated_at: required(integer) }
  await create('categories', {
    numberedFrom: 1,
    columns: {
      parent_id: optional(uuid),
      slug: required(name),
      name: required(name),
      description: required(text),
      position: withDefault(integer, 0),
      product_count: withDefault(integer, 0),
      total_product_count: withDefault(integer, 0),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'unique (slug)',
      'foreign key (parent_id) references categories (id)',
      'check (product_count >= 0 and total_product_count >= product_count)',
    ],
    indexes: { categories_parent: ['parent_id'] },
  })
  await create('brands', {
    columns: { slug: required(name), name: required(name), created_at: required(integer) },
    constraints: ['unique (slug)'],
  })
}

async function createProducts(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, json, integer, required, optional, withDefault, name } =
    columnTypes(dialect)
  const times = { created_at: required(integer), updated_at: required(integer) }
  await create('products', {
    numberedFrom: 1,
    columns: {
      slug: required(name),
      name: required(string(255)),
      description: required(text),
      status: required(string(20)),
      brand_id: optional(uuid),
      category_id: optional(uuid),
      // Lowest and highest price of the variants, kept by every write to them.
      price_minor: required(integer),
      price_max_minor: required(integer),
      currency: required(string(3)),
      tags: required(json),
      options: required(json),
      attributes: required(json),
      images: required(json),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'unique (slug)',
      'foreign key (brand_id) references brands (id)',
      'foreign key (category_id) references categories (id)',
      "check (status in ('draft', 'active', 'archived'))",
      'check (price_minor >= 0 and price_max_minor >= price_minor)',
    ],
    indexes: {
      products_status: ['status', 'number'],
      products_price: ['status', 'price_minor', 'number'],
      products_name: ['status', 'name', 'number'],
      products_brand: ['brand_id', 'status', 'number'],
      products_brand_price: ['brand_id', 'status', 'price_minor', 'number'],
      products_brand_name: ['brand_id', 'status', 'name', 'number'],
      products_category: ['category_id'],
    },
  })
  await create('variants', {
    columns: {
      product_id: required(uuid),
      sku: required(string(100)),
      options: required(json),
      price_minor: required(integer),
      position: withDefault(integer, 0),
      gtin: optional(string(14)),
      weight_grams: optional(integer),
      ...times,
    },
    constraints: [
      'unique (sku)',
      'foreign key (product_id) references products (id)',
      'check (price_minor >= 0)',
    ],
    indexes: { variants_product: ['product_id', 'position'] },
  })
}

async function createListings(create: Create, dialect: Dialect): Promise<void> {
  const { string, integer, required } = columnTypes(dialect)
  // A product stands here under its category and under each of that category's ancestors.
  await create('product_categories', {
    keyed: true,
    columns: {
      category_number: required(integer),
      product_number: required(integer),
      price_minor: required(integer),
    },
    constraints: [
      'primary key (category_number, product_number)',
      'foreign key (category_number) references categories (number)',
      'foreign key (product_number) references products (number)',
    ],
    indexes: {
      product_categories_price: ['category_number', 'price_minor', 'product_number'],
      product_categories_product: ['product_number'],
    },
  })
  await create('product_attributes', {
    keyed: true,
    columns: {
      attribute: required(string(64)),
      value: required(string(150)),
      product_number: required(integer),
    },
    constraints: [
      'primary key (attribute, value, product_number)',
      'foreign key (product_number) references products (number)',
    ],
    indexes: { product_attributes_product: ['product_number'] },
  })
}

async function createInventory(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional, withDefault, name } =
    columnTypes(dialect)
  await create('locations', {
    columns: { code: required(string(50)), name: required(name), is_default: required(integer) },
    constraints: ['unique (code)', 'check (is_default in (0, 1))'],
  })
  await create('stock', {
    keyed: true,
    columns: {
      variant_id: required(uuid),
      location_id: required(uuid),
      product_id: required(uuid),
      on_hand: required(integer),
      reserved: withDefault(integer, 0),
    },
    constraints: [
      'primary key (variant_id, location_id)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (location_id) references locations (id)',
      'foreign key (product_id) references products (id)',
      'check (0 <= reserved and reserved <= on_hand)',
    ],
    indexes: { stock_product: ['product_id'] },
  })
  await create('stock_movements', {
    appendOnly: true,
    columns: {
      variant_id: required(uuid),
      location_id: required(uuid),
      quantity: required(integer),
      kind: required(string(20)),
      order_id: optional(uuid),
      note: optional(text),
      created_at: required(integer),
    },
    constraints: [
      'foreign key (variant_id) references variants (id)',
      'foreign key (location_id) references locations (id)',
      "check (kind in ('receipt', 'adjustment', 'sale', 'return'))",
      'check (quantity <> 0)',
    ],
    indexes: { stock_movements_variant: ['variant_id', 'location_id'] },
  })
}

async function createCustomers(create: Create, dialect: Dialect): Promise<void> {
  const { string, integer, required, optional, withDefault, name } = columnTypes(dialect)
  await create('customers', {
    numberedFrom: 1,
    columns: {
      username: optional(string(50)),
      // Compared in lower case, kept as the customer wrote it.
      username_key: optional(string(50)),
      email: required(string(254)),
      email_key: required(string(254)),
      name: optional(name),
      password_hash: required(string(255)),
      role: required(string(20)),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (username_key)',
      'unique (email_key)',
      "check (role in ('customer', 'admin'))",
    ],
  })
}

async function createCarts(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('carts', {
    columns: {
      // Who may use the cart: a session or a customer. Both are cleared when it becomes an order,
      // so that the next cart of the same shopper can take the place.
      session_key: optional(string(300)),
      customer_id: optional(uuid),
      status: required(string(20)),
      currency: required(string(3)),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
      expires_at: required(integer),
    },
    constraints: [
      'unique (session_key)',
      'unique (customer_id)',
      'foreign key (customer_id) references customers (id) on delete set null',
      "check (status in ('open', 'checkout', 'completed', 'merged'))",
    ],
    indexes: { carts_expiry: ['status', 'expires_at'] },
  })
  await create('cart_lines', {
    numberedFrom: 1,
    columns: {
      cart_id: required(uuid),
      variant_id: required(uuid),
      quantity: required(integer),
      // What the shopper saw when adding: a later change is reported, never charged silently.
      price_minor: required(integer),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (cart_id, variant_id)',
      'foreign key (cart_id) references carts (id) on delete cascade',
      'foreign key (variant_id) references variants (id)',
      'check (quantity > 0)',
    ],
    indexes: { cart_lines_variant: ['variant_id'] },
  })
}

async function createOrders(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, json, integer, required, optional, withDefault, name } =
    columnTypes(dialect)
  await create('orders', {
    numberedFrom: 1001,
    columns: {
      cart_id: required(uuid),
      // The cart's one order that has not failed: UNIQUE makes a second one impossible.
      live_cart_id: optional(uuid),
      customer_id: optional(uuid),
      email: required(string(254)),
      status: required(string(20)),
      currency: required(string(3)),
      subtotal_minor: required(integer),
      discount_minor: required(integer),
      shipping_minor: required(integer),
      tax_minor: required(integer),
      tax_inclusive: required(integer),
      total_minor: required(integer),
      item_count: required(integer),
      shipping_method: required(string(50)),
      shipping_name: required(name),
      shipping_address: required(json),
      billing_address: required(json),
      version: withDefault(integer, 1),
      created_at: required(integer),
      updated_at: required(integer),
    },
    constraints: [
      'unique (live_cart_id)',
      'foreign key (cart_id) references carts (id)',
      'foreign key (customer_id) references customers (id) on delete set null',
      "check (status in ('pending_payment', 'placed', 'paid', 'cancelled'))",
      'check (total_minor >= 0 and total_minor = subtotal_minor - discount_minor ' +
        '+ shipping_minor + (1 - tax_inclusive) * tax_minor)',
    ],
    indexes: {
      orders_customer: ['customer_id', 'number'],
      orders_cart: ['cart_id'],
    },
  })
}

async function createOrderParts(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, json, integer, required } = columnTypes(dialect)
  await create('order_lines', {
    columns: {
      order_id: required(uuid),
      position: required(integer),
      variant_id: required(uuid),
      product_id: required(uuid),
      product_number: required(integer),
      sku: required(string(100)),
      name: required(string(255)),
      options: required(json),
      quantity: required(integer),
      price_minor: required(integer),
      subtotal_minor: required(integer),
      tax_minor: required(integer),
      total_minor: required(integer),
    },
    constraints: [
      'foreign key (order_id) references orders (id)',
      'check (quantity > 0 and subtotal_minor = price_minor * quantity)',
    ],
    indexes: { order_lines_order: ['order_id', 'position'] },
  })
  await create('order_events', {
    appendOnly: true,
    columns: {
      order_id: required(uuid),
      type: required(string(50)),
      data: required(json),
      created_at: required(integer),
    },
    constraints: ['foreign key (order_id) references orders (id)'],
    indexes: { order_events_order: ['order_id', 'created_at'] },
  })
  await create('stock_holds', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      variant_id: required(uuid),
      location_id: required(uuid),
      quantity: required(integer),
      status: required(string(20)),
      expires_at: required(integer),
    },
    constraints: [
      'primary key (order_id, variant_id, location_id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (variant_id) references variants (id)',
      "check (status in ('active', 'sold', 'released'))",
      'check (quantity > 0)',
    ],
    indexes: {
      stock_holds_expiry: ['status', 'expires_at'],
      stock_holds_variant: ['variant_id', 'location_id', 'status'],
    },
  })
}

async function createPayments(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('payments', {
    columns: {
      order_id: required(uuid),
      method: required(string(50)),
      // Sent to the provider with every call about this payment, so that it can act only once.
      provider_key: required(string(100)),
      provider_reference: optional(string(200)),
      status: required(string(20)),
      amount_minor: required(integer),
      captured_minor: withDefault(integer, 0),
      refunded_minor: withDefault(integer, 0),
      currency: required(string(3)),
      failure_code: optional(string(100)),
      created_at: required(integer),
      updated_at: required(integer),
      // When the reconciler looks at it again; far in the future once it is settled for good.
      check_at: required(integer),
    },
    constraints: [
      'unique (order_id)',
      'unique (provider_key)',
      'foreign key (order_id) references orders (id)',
      "check (status in ('pending', 'due', 'captured', 'failed', 'refund_due', 'refunded'))",
      'check (0 <= refunded_minor and refunded_minor <= captured_minor ' +
        'and captured_minor <= amount_minor)',
    ],
    indexes: { payments_check: ['status', 'check_at'] },
  })
}

async function createOnce(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, json, integer, required, optional, withDefault } =
    columnTypes(dialect)
  await create('idempotency_keys', {
    keyed: true,
    wide: true,
    columns: {
      // SHA-256 of principal, route and key.
      claim: required(string(64)),
      body_hash: required(string(64)),
      // The order a checkout is working on; a retry after a crash goes on from there.
      order_id: optional(uuid),
      response_status: optional(integer),
      response_body: optional(text),
      created_at: required(integer),
      expires_at: required(integer),
    },
    constraints: ['primary key (claim)'],
    indexes: { idempotency_keys_expiry: ['expires_at'] },
  })
  await create('outbox', {
    columns: {
      topic: required(string(100)),
      payload: required(json),
      status: required(string(20)),
      attempts: withDefault(integer, 0),
      available_at: required(integer),
      created_at: required(integer),
      delivered_at: optional(integer),
    },
    constraints: ["check (status in ('pending', 'delivered', 'failed'))"],
    indexes: { outbox_pending: ['status', 'available_at'] },
  })
}
