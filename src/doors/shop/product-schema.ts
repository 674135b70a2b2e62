import { Type } from 'typebox'
import { StockStatus } from '../../domains/catalog/schema.ts'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { Amount } from '../exact.ts'

const exampleUuid = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'

const exampleProduct = {
  id: 1,
  uuid: exampleUuid,
  slug: 'desk-lamp',
  name: 'Desk lamp',
  description: 'Warm light, 9 W',
  price: 29.99,
  price_max: 29.99,
  currency: 'USD',
  image_url: 'http://localhost:5005/images/products/1.svg?v=1',
  category_id: 4,
  category: { id: 4, slug: 'lamps', name: 'Lamps' },
  brand: { slug: 'lumen', name: 'Lumen' },
  tags: ['light'],
  stock_quantity: 12,
  stock_status: 'in_stock',
  in_stock: true,
  is_active: true,
  variant_count: 1,
  created_at: '2026-11-21T10:30:00.000Z',
  updated_at: '2026-11-21T10:30:00.000Z',
}

const facts = {
  id: Type.Integer(),
  uuid: Uuid,
  slug: Type.String(),
  name: Type.String(),
  description: Type.String(),
  price: Amount,
  price_max: Amount,
  currency: Type.String({ description: 'ISO 4217' }),
  image_url: Type.String(),
  category_id: Type.Union([Type.Integer(), Type.Null()]),
  category: Type.Union([
    Type.Object({ id: Type.Integer(), slug: Type.String(), name: Type.String() }),
    Type.Null(),
  ]),
  brand: Type.Union([Type.Object({ slug: Type.String(), name: Type.String() }), Type.Null()]),
  tags: Type.Array(Type.String()),
  stock_quantity: Type.Integer({ description: 'What can be bought now, over all variants' }),
  stock_status: StockStatus,
  in_stock: Type.Boolean(),
  is_active: Type.Boolean(),
  variant_count: Type.Integer(),
  created_at: Timestamp,
  updated_at: Timestamp,
}

export const ShopProductSummary = Type.Object(facts, {
  title: 'ShopProductSummary',
  examples: [exampleProduct],
})

const Variant = Type.Object({
  id: Uuid,
  sku: Type.String(),
  options: Type.Record(Type.String(), Type.String()),
  price: Amount,
  stock_quantity: Type.Integer(),
  stock_status: StockStatus,
  in_stock: Type.Boolean(),
})

export const ShopProduct = Type.Object(
  {
    ...facts,
    images: Type.Array(Type.Object({ url: Type.String(), alt: Type.String() })),
    specifications: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
    options: Type.Array(Type.Object({ name: Type.String(), values: Type.Array(Type.String()) })),
    variants: Type.Array(Variant),
    version: Type.Integer(),
  },
  {
    title: 'ShopProduct',
    examples: [
      {
        ...exampleProduct,
        images: [{ url: exampleProduct.image_url, alt: 'Desk lamp' }],
        specifications: [{ name: 'power', value: '9 W' }],
        options: [],
        variants: [
          {
            id: exampleUuid,
            sku: 'LAMP-1',
            options: {},
            price: 29.99,
            stock_quantity: 12,
            stock_status: 'in_stock',
            in_stock: true,
          },
        ],
        version: 1,
      },
    ],
  },
)

export const ShopCategory = Type.Object(
  {
    id: Type.Integer(),
    uuid: Uuid,
    slug: Type.String(),
    name: Type.String(),
    description: Type.String(),
    parent_id: Type.Union([Type.Integer(), Type.Null()]),
    product_count: Type.Integer({ description: 'Active products directly in it' }),
    total_product_count: Type.Integer({
      description: 'The same with all categories below it: what a list by category_id shows',
    }),
  },
  {
    title: 'ShopCategory',
    examples: [
      {
        id: 4,
        uuid: exampleUuid,
        slug: 'lamps',
        name: 'Lamps',
        description: 'Light for every room',
        parent_id: 1,
        product_count: 12,
        total_product_count: 15,
      },
    ],
  },
)
