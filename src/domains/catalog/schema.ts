import { Type, type Static } from 'typebox'
import { Money, Timestamp, Uuid, uuidPattern } from '../../http/schema.ts'
import { PageQuery } from '../../http/paging.ts'
import { productSorts } from './listing-queries.ts'

const closed = { additionalProperties: false }

export const StockStatus = Type.Enum(['in_stock', 'low_stock', 'out_of_stock'])

const BrandRef = Type.Object({ slug: Type.String(), name: Type.String() })
const CategoryRef = Type.Object({
  number: Type.Integer(),
  slug: Type.String(),
  name: Type.String(),
})
const Links = Type.Record(Type.String(), Type.String())

export const ProductSummary = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    slug: Type.String(),
    name: Type.String(),
    price: Money,
    price_max: Money,
    brand: Type.Union([BrandRef, Type.Null()]),
    category: Type.Union([CategoryRef, Type.Null()]),
    image: Type.String(),
    tags: Type.Array(Type.String()),
    stock_status: StockStatus,
    available: Type.Integer(),
    variant_count: Type.Integer(),
    links: Links,
  },
  { title: 'ProductSummary' },
)

const Option = Type.Object({ name: Type.String(), values: Type.Array(Type.String()) })
const Attribute = Type.Object({ name: Type.String(), value: Type.String() })
const Image = Type.Object({ url: Type.String(), alt: Type.String() })

/** Stands where an article may be sold before it is there, and nowhere else. */
const BackOrderView = Type.Object(
  {
    available: Type.Integer({ description: 'Pieces that can be ordered beyond those in stock' }),
    promised_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'BackOrderOffer' },
)

export const VariantView = Type.Object(
  {
    id: Uuid,
    sku: Type.String(),
    options: Type.Record(Type.String(), Type.String()),
    price: Money,
    gtin: Type.Union([Type.String(), Type.Null()]),
    weight_grams: Type.Union([Type.Integer(), Type.Null()]),
    available: Type.Integer(),
    stock_status: StockStatus,
    back_order: Type.Optional(BackOrderView),
  },
  { title: 'Variant' },
)

export const ProductDetail = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    slug: Type.String(),
    name: Type.String(),
    description: Type.String(),
    status: Type.String(),
    price: Money,
    price_max: Money,
    brand: Type.Union([BrandRef, Type.Null()]),
    category: Type.Union([CategoryRef, Type.Null()]),
    images: Type.Array(Image),
    tags: Type.Array(Type.String()),
    options: Type.Array(Option),
    attributes: Type.Array(Attribute),
    variants: Type.Array(VariantView),
    stock_status: StockStatus,
    available: Type.Integer(),
    version: Type.Integer(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'Product' },
)

/** A decimal amount in a query, such as `min_price=19.99`. */
const Price = Type.String({
  pattern: '^[0-9]{1,15}(\\.[0-9]{1,4})?$',
  description: 'A decimal amount in the currency of the shop',
  examples: ['19.99'],
})

export const listFilters = {
  category: Type.Optional(
    Type.String({ maxLength: 200, description: 'Slug, number or id; includes descendants' }),
  ),
  category_id: Type.Optional(Type.String({ maxLength: 200, description: 'The same as category' })),
  brand: Type.Optional(Type.String({ maxLength: 200, description: 'Slug of the brand' })),
  min_price: Type.Optional(Price),
  max_price: Type.Optional(Price),
  in_stock: Type.Optional(Type.Boolean({ description: 'Only what can (or cannot) be bought now' })),
  availability: Type.Optional(
    Type.Enum(['in_stock', 'out_of_stock'], { description: 'The same as in_stock' }),
  ),
  search: Type.Optional(
    Type.String({ maxLength: 200, description: 'Words in name and description; prefixes match' }),
  ),
  sort: Type.Optional(
    Type.Enum([...productSorts], {
      description: 'Default: relevance when searching, else created_at',
    }),
  ),
}

export const ProductQuery = Type.Object(
  { ...PageQuery, ...listFilters },
  {
    ...closed,
    patternProperties: {
      '^attributes\\[[a-z][a-z0-9_]{0,63}\\]$': { type: 'string', maxLength: 150 },
    },
    description: 'Attributes are filtered by attributes[name]=value',
  },
)
export type ProductQuery = Static<typeof ProductQuery>

export const CategoryView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    slug: Type.String(),
    name: Type.String(),
    description: Type.String(),
    parent_id: Type.Union([Uuid, Type.Null()]),
    product_count: Type.Integer({ description: 'Active products directly in it' }),
    total_product_count: Type.Integer({ description: 'The same with all descendants' }),
    version: Type.Integer(),
  },
  { title: 'Category' },
)

export const CategoryTree = Type.Cyclic(
  {
    Node: Type.Object({
      ...CategoryView.properties,
      children: Type.Array(Type.Ref('Node')),
    }),
  },
  'Node',
)

export const BrandView = Type.Object(
  { id: Uuid, slug: Type.String(), name: Type.String() },
  { title: 'Brand' },
)

// What staff write.

/** A number or an id in its place would be read as such. */
const Slug = Type.String({
  pattern: `^(?!(?:[0-9]+|${uuidPattern})$)[a-z0-9]+(?:-[a-z0-9]+)*$`,
  maxLength: 120,
})
const Name = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
const Description = Type.String({ maxLength: 20_000 })
const Sku = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$' })
const Amount = Type.String({ pattern: '^[0-9]{1,15}(\\.[0-9]{1,4})?$', examples: ['29.99'] })
const Gtin = Type.String({ pattern: '^[0-9]{8,14}$' })
const Label = Type.String({ minLength: 1, maxLength: 100 })
const Status = Type.Enum(['draft', 'active', 'archived'])
const AttributeBody = Type.Object(
  { name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), value: Label },
  closed,
)
const ImageBody = Type.Object(
  {
    // Pages put it into attributes, where other schemes would run.
    url: Type.String({
      format: 'uri',
      pattern: '^[hH][tT][tT][pP][sS]?:',
      maxLength: 500,
      description: 'An address that begins with https: or http:',
    }),
    alt: Type.String({ maxLength: 255 }),
  },
  closed,
)

const variantFields = {
  sku: Sku,
  options: Type.Optional(Type.Record(Type.String({ maxLength: 50 }), Label)),
  price: Amount,
  compare_at_price: Type.Optional(
    Type.Union([Amount, Type.Null()], { description: 'What the price is reduced from' }),
  ),
  gtin: Type.Optional(Type.Union([Gtin, Type.Null()])),
  weight_grams: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()]),
  ),
}

export const NewVariantBody = Type.Object(
  {
    ...variantFields,
    on_hand: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  },
  closed,
)
export const VariantBody = Type.Partial(Type.Object(variantFields), closed)

const productFields = {
  slug: Type.Optional(Slug),
  name: Name,
  description: Description,
  status: Type.Optional(Status),
  brand: Type.Optional(Type.Union([Name, Type.Null()])),
  category: Type.Optional(
    Type.Union([Type.String({ maxLength: 200 }), Type.Null()], {
      description: 'Id, number or slug of the category',
    }),
  ),
  tags: Type.Optional(Type.Array(Label, { maxItems: 50 })),
  attributes: Type.Optional(Type.Array(AttributeBody, { maxItems: 200 })),
  images: Type.Optional(Type.Array(ImageBody, { maxItems: 20 })),
  tax_class: Type.Optional(
    Type.String({
      pattern: '^[a-z][a-z0-9_]{0,49}$',
      description: 'A tax class: lower-case letters, digits and _',
      examples: ['standard'],
    }),
  ),
  kind: Type.Optional(
    Type.Enum(['physical', 'digital', 'gift_card'], {
      description: 'Digital goods are not sent; a gift card is money, untaxed and never reduced',
    }),
  ),
}

export const NewProductBody = Type.Object(
  {
    ...productFields,
    options: Type.Optional(
      Type.Array(
        Type.Object(
          { name: Label, values: Type.Array(Label, { minItems: 1, maxItems: 100 }) },
          closed,
        ),
        { maxItems: 5 },
      ),
    ),
    variants: Type.Array(NewVariantBody, { minItems: 1, maxItems: 200 }),
  },
  closed,
)
export const ProductBody = Type.Partial(Type.Object(productFields), closed)

export const NewCategoryBody = Type.Object(
  {
    slug: Type.Optional(Slug),
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }),
    description: Description,
    parent: Type.Optional(
      Type.Union([Type.String({ maxLength: 200 }), Type.Null()], {
        description: 'Id, number or slug of the parent',
      }),
    ),
    position: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  },
  closed,
)
export const CategoryBody = Type.Partial(NewCategoryBody, closed)
