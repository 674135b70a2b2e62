import { sql, type Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import {
  addColumns,
  columnTypes as plainColumnTypes,
  creator,
  type Column,
  type Create,
} from './table.ts'

const codeLengthMax = 60

/**
 * Price lists, tax zones, shipping methods of every kind, promotions with their coupons, and gift
 * cards. What may be used a number of times has the number in a CHECK; what may happen once is a
 * UNIQUE key; money is kept in append-only ledgers.
 */
export async function up(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const create = creator(schema, dialect)
  await createPriceLists(create, dialect)
  await createTaxes(create, dialect)
  await createShipping(create, dialect)
  await createPromotions(create, dialect)
  await createUses(create, dialect)
  await createCredit(create, dialect)
  await createCreditMoves(create, dialect)
  // What articles cost today is what they cost since they came: nothing else is known.
  await sql`insert into price_records
    (id, variant_id, list_id, currency, price_minor, priority, starts_at, ends_at, created_at)
    select v.id, v.id, null, p.currency, v.price_minor, 0, null, null, v.created_at
    from variants v join products p on p.id = v.product_id`.execute(schema)
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    await addColumns(schema, table, columns)
  }
  await sql`update orders set shipping_tax_minor = tax_minor - coalesce(
    (select sum(l.tax_minor) from order_lines l where l.order_id = orders.id), 0)`.execute(schema)
}

export async function down(schema: Kysely<unknown>, dialect: Dialect): Promise<void> {
  for (const [table, columns] of Object.entries(addedColumns(dialect))) {
    for (const name of Object.keys(columns)) {
      await sql`alter table ${sql.table(table)} drop column ${sql.ref(name)}`.execute(schema)
    }
  }
  const tables =
    'order_credits credit_entries credit_accounts promotion_slots promotion_uses coupons ' +
    'promotions shipping_zones tax_rates tax_zones price_records prices price_lists ' +
    'customer_group_members customer_groups pricing_state'
  for (const table of tables.split(' ')) await sql`drop table ${sql.table(table)}`.execute(schema)
}

function columnTypes(dialect: Dialect) {
  const plain = plainColumnTypes(dialect)
  const times = {
    created_at: plain.required(plain.integer),
    updated_at: plain.required(plain.integer),
  }
  return { ...plain, times, code: plain.string(codeLengthMax) }
}

/** What the tables of before get: all of it optional, so that older rows stay what they were. */
function addedColumns(dialect: Dialect): Record<string, Record<string, Column>> {
  const { uuid, json, integer, string, optional, withDefault } = columnTypes(dialect)
  return {
    products: {
      tax_class: withDefault(string(50), 'standard'),
      // 'physical', 'digital' or 'gift_card'.
      kind: withDefault(string(20), 'physical'),
    },
    variants: { compare_at_minor: optional(integer) },
    // The codes that were entered, and where the goods go; JSON.
    carts: { codes: optional(json), destination: optional(json), vat_id: optional(string(40)) },
    shipping_methods: {
      kind: withDefault(string(20), 'flat'),
      zone_id: optional(uuid),
      // Prices by currency; without it price_minor and free_from_minor of the shop's currency.
      tariffs: optional(json),
      weight_max_grams: optional(integer),
      version: withDefault(integer, 1),
    },
    orders: {
      shipping_discount_minor: withDefault(integer, 0),
      shipping_tax_minor: withDefault(integer, 0),
      // What was paid by gift cards and store credit; the payment is about the rest.
      credit_minor: withDefault(integer, 0),
      // Pieces that are gift cards, to be issued when it is paid.
      gift_card_count: withDefault(integer, 0),
      vat_id: optional(string(40)),
      // How the order was priced: taxes, discounts and every rule that was tried.
      pricing: optional(json),
    },
    order_lines: {
      discount_minor: withDefault(integer, 0),
      is_gift: withDefault(integer, 0),
      kind: withDefault(string(20), 'physical'),
    },
  }
}

async function createPriceLists(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault, times, name, code } =
    columnTypes(dialect)
  // Counted up by whatever changes how carts are priced, so that every node notices.
  await create('pricing_state', {
    keyed: true,
    columns: { id: required(integer), version: required(integer) },
    constraints: ['primary key (id)', 'check (id = 1)'],
  })
  await create('customer_groups', {
    columns: {
      code: required(code),
      name: required(name),
      is_tax_exempt: withDefault(integer, 0),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: ['unique (code)', 'check (is_tax_exempt in (0, 1))'],
  })
  await create('customer_group_members', {
    keyed: true,
    columns: { group_id: required(uuid), customer_id: required(uuid) },
    constraints: [
      'primary key (customer_id, group_id)',
      'foreign key (group_id) references customer_groups (id) on delete cascade',
      'foreign key (customer_id) references customers (id) on delete cascade',
    ],
    indexes: { customer_group_members_group: ['group_id'] },
  })
  await create('price_lists', {
    columns: {
      code: required(code),
      name: required(name),
      currency: required(string(3)),
      priority: required(integer),
      group_id: optional(uuid),
      starts_at: optional(integer),
      ends_at: optional(integer),
      is_active: required(integer),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'unique (code)',
      'foreign key (group_id) references customer_groups (id)',
      'check (is_active in (0, 1))',
    ],
    indexes: { price_lists_group: ['group_id'] },
  })
  await createPrices(create, dialect)
}

async function createPrices(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional } = columnTypes(dialect)
  await create('prices', {
    keyed: true,
    columns: {
      variant_id: required(uuid),
      list_id: required(uuid),
      min_quantity: required(integer),
      price_minor: required(integer),
      compare_at_minor: optional(integer),
    },
    constraints: [
      'primary key (variant_id, list_id, min_quantity)',
      'foreign key (variant_id) references variants (id)',
      'foreign key (list_id) references price_lists (id) on delete cascade',
      'check (price_minor >= 0 and min_quantity >= 1)',
    ],
    indexes: { prices_list: ['list_id', 'variant_id'] },
  })
  // Every price that everybody was asked for one piece, for as long as it was: the prior price of a
  // reduction is found in it (Directive 98/6/EC, Article 6a).
  await create('price_records', {
    appendOnly: true,
    columns: {
      variant_id: required(uuid),
      list_id: optional(uuid),
      currency: required(string(3)),
      // Without a price: from then on there was none.
      price_minor: optional(integer),
      priority: required(integer),
      starts_at: optional(integer),
      ends_at: optional(integer),
      created_at: required(integer),
    },
    constraints: ['foreign key (variant_id) references variants (id)'],
    indexes: { price_records_variant: ['variant_id', 'currency', 'created_at'] },
  })
}

async function createTaxes(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, json, integer, required, optional, withDefault, times, name, code } =
    columnTypes(dialect)
  await create('tax_zones', {
    columns: {
      code: required(code),
      name: required(name),
      countries: optional(json),
      regions: optional(json),
      postcodes: optional(json),
      is_inclusive: required(integer),
      rounding: required(string(20)),
      round_per: required(string(10)),
      shipping_class: optional(string(50)),
      has_reverse_charge: required(integer),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: ['unique (code)', "check (round_per in ('total', 'line'))"],
  })
  await create('tax_rates', {
    columns: {
      zone_id: required(uuid),
      tax_class: required(string(50)),
      name: required(name),
      // An exact percentage, as text.
      percent: required(string(30)),
      is_compound: required(integer),
      position: required(integer),
      starts_at: optional(integer),
      ends_at: optional(integer),
    },
    constraints: ['foreign key (zone_id) references tax_zones (id) on delete cascade'],
    indexes: { tax_rates_zone: ['zone_id', 'position'] },
  })
}

async function createShipping(create: Create, dialect: Dialect): Promise<void> {
  const { json, integer, required, optional, withDefault, times, name, code } = columnTypes(dialect)
  await create('shipping_zones', {
    columns: {
      code: required(code),
      name: required(name),
      countries: optional(json),
      regions: optional(json),
      postcodes: optional(json),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: ['unique (code)'],
  })
}

async function createPromotions(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, json, integer, required, optional, withDefault, times, name, code } =
    columnTypes(dialect)
  await create('promotions', {
    columns: {
      name: required(name),
      is_active: required(integer),
      priority: required(integer),
      stack_group: optional(code),
      is_exclusive: required(integer),
      currency: optional(string(3)),
      starts_at: optional(integer),
      ends_at: optional(integer),
      conditions: required(json),
      benefit: required(json),
      limit_total: optional(integer),
      limit_per_customer: optional(integer),
      budget_minor: optional(integer),
      uses: withDefault(integer, 0),
      spent_minor: withDefault(integer, 0),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'check (uses >= 0 and (limit_total is null or uses <= limit_total))',
      'check (spent_minor >= 0 and (budget_minor is null or spent_minor <= budget_minor))',
      'check (is_active in (0, 1) and is_exclusive in (0, 1))',
    ],
    indexes: { promotions_active: ['is_active', 'priority'] },
  })
  await create('coupons', {
    columns: {
      promotion_id: required(uuid),
      // Compared as it is kept: in upper case, without blanks.
      code: required(code),
      limit_total: optional(integer),
      uses: withDefault(integer, 0),
      is_active: required(integer),
      expires_at: optional(integer),
      created_at: required(integer),
    },
    constraints: [
      'unique (code)',
      'foreign key (promotion_id) references promotions (id)',
      'check (uses >= 0 and (limit_total is null or uses <= limit_total))',
    ],
    indexes: { coupons_promotion: ['promotion_id', 'code'] },
  })
}

async function createUses(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional } = columnTypes(dialect)
  await create('promotion_uses', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      promotion_id: required(uuid),
      coupon_id: optional(uuid),
      amount_minor: required(integer),
      status: required(string(20)),
      created_at: required(integer),
    },
    constraints: [
      'primary key (order_id, promotion_id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (promotion_id) references promotions (id)',
      'foreign key (coupon_id) references coupons (id)',
      "check (status in ('used', 'released') and amount_minor >= 0)",
    ],
    indexes: {
      promotion_uses_promotion: ['promotion_id', 'status'],
      promotion_uses_coupon: ['coupon_id', 'status'],
    },
  })
  // The n-th use of a promotion by one customer, which there can be once: two orders at the same
  // moment want the same slot, and one of them gets it.
  await create('promotion_slots', {
    keyed: true,
    columns: {
      promotion_id: required(uuid),
      customer_key: required(string(260)),
      slot: required(integer),
      order_id: required(uuid),
    },
    constraints: [
      'primary key (promotion_id, customer_key, slot)',
      'foreign key (promotion_id) references promotions (id)',
      'foreign key (order_id) references orders (id)',
      'check (slot >= 1)',
    ],
    indexes: { promotion_slots_order: ['order_id'] },
  })
}

async function createCredit(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, integer, required, optional, withDefault, times } = columnTypes(dialect)
  await create('credit_accounts', {
    columns: {
      kind: required(string(20)),
      // SHA-256 of a gift card's code: who reads the database cannot spend it.
      code_hash: optional(string(64)),
      code_hint: optional(string(10)),
      // Whose store credit it is, with its currency: one account for both.
      owner_key: optional(string(60)),
      customer_id: optional(uuid),
      currency: required(string(3)),
      balance_minor: required(integer),
      is_active: required(integer),
      expires_at: optional(integer),
      order_id: optional(uuid),
      version: withDefault(integer, 1),
      ...times,
    },
    constraints: [
      'unique (code_hash)',
      'unique (owner_key)',
      'foreign key (customer_id) references customers (id) on delete set null',
      'foreign key (order_id) references orders (id)',
      "check (kind in ('gift_card', 'store_credit'))",
      'check (balance_minor >= 0)',
    ],
    indexes: {
      credit_accounts_customer: ['customer_id'],
      credit_accounts_order: ['order_id'],
      credit_accounts_expiry: ['expires_at'],
    },
  })
}

async function createCreditMoves(create: Create, dialect: Dialect): Promise<void> {
  const { string, uuid, text, integer, required, optional, withDefault } = columnTypes(dialect)
  await create('credit_entries', {
    appendOnly: true,
    columns: {
      account_id: required(uuid),
      kind: required(string(20)),
      amount_minor: required(integer),
      order_id: optional(uuid),
      note: optional(text),
      created_at: required(integer),
    },
    constraints: [
      'foreign key (account_id) references credit_accounts (id)',
      'foreign key (order_id) references orders (id)',
      "check (kind in ('issue', 'spend', 'release', 'refund', 'adjustment', 'expiry'))",
      'check (amount_minor <> 0)',
    ],
    indexes: {
      credit_entries_account: ['account_id', 'created_at'],
      credit_entries_order: ['order_id'],
    },
  })
  await create('order_credits', {
    keyed: true,
    columns: {
      order_id: required(uuid),
      account_id: required(uuid),
      amount_minor: required(integer),
      refunded_minor: withDefault(integer, 0),
      status: required(string(20)),
    },
    constraints: [
      'primary key (order_id, account_id)',
      'foreign key (order_id) references orders (id)',
      'foreign key (account_id) references credit_accounts (id)',
      "check (status in ('spent', 'released'))",
      'check (amount_minor > 0 and 0 <= refunded_minor and refunded_minor <= amount_minor)',
    ],
    indexes: { order_credits_account: ['account_id'] },
  })
}
