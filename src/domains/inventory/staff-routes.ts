import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { Uuid } from '../../http/schema.ts'
import { registerStaffList } from '../../http/staff-list.ts'
import {
  countStock,
  lowDefault,
  listStock,
  stockSorts,
  type ListedStock,
  type StockFilter,
} from './list-queries.ts'

const fields = {
  sku: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: 'The beginning of a SKU' }),
  ),
  location: Type.Optional(
    Type.String({ minLength: 1, maxLength: 50, description: 'The code of a location' }),
  ),
  product: Type.Optional(Type.Integer({ minimum: 1, description: 'The number of a product' })),
  state: Type.Optional(
    Type.Enum(['out', 'low'], { description: 'out: none is available; low: few are' }),
  ),
  low_at: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_000_000,
      description: `What is few; without it the threshold of the article, or ${lowDefault}`,
    }),
  ),
}

const fieldsObject = () => Type.Object(fields)
type Fields = Static<ReturnType<typeof fieldsObject>>

const ListedStockView = Type.Object(
  {
    variant_id: Uuid,
    sku: Type.String(),
    product: Type.Object({
      id: Uuid,
      number: Type.Integer(),
      name: Type.String(),
      status: Type.String(),
    }),
    location: Type.Object({ id: Uuid, code: Type.String(), name: Type.String() }),
    on_hand: Type.Integer(),
    reserved: Type.Integer(),
    available: Type.Integer(),
    links: Type.Record(Type.String(), Type.String()),
  },
  { title: 'ListedStock' },
)

function filterOf({ sku, location, product, state, low_at }: Fields): StockFilter {
  const availableMax = state === 'out' ? 0 : (low_at ?? 'low')
  return {
    sku,
    location,
    productNumber: product,
    availableMax: state === undefined ? undefined : availableMax,
  }
}

function stockView(row: ListedStock) {
  const { variant_id, sku, on_hand, reserved, available } = row
  return {
    variant_id,
    sku,
    product: {
      id: row.product_id,
      number: row.product_number,
      name: row.product_name,
      status: row.product_status,
    },
    location: { id: row.location_id, code: row.location_code, name: row.location_name },
    on_hand,
    reserved,
    available,
    links: { self: `/api/v1/admin/stock/${variant_id}` },
  }
}

/** What is where, in a list, and as a line of CSV. */
export function registerStockStaffRoutes(app: App, ctx: Context): void {
  registerStaffList(app, {
    path: '/admin/stock-levels',
    tags: ['Administration'],
    summary: 'What is where',
    permission: 'inventory:read',
    fields,
    sorts: stockSorts,
    view: ListedStockView,
    filterOf,
    read: (request) => listStock(ctx.db.long, request),
    count: (filter) => countStock(ctx.db.long, filter),
    show: stockView,
    columns: {
      sku: ({ sku }) => sku,
      product: ({ product_name }) => product_name,
      location: ({ location_code }) => location_code,
      on_hand: ({ on_hand }) => on_hand,
      reserved: ({ reserved }) => reserved,
      available: ({ available }) => available,
      status: ({ product_status }) => product_status,
      variant_id: ({ variant_id }) => variant_id,
    },
  })
}
