import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { sendCacheable } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { pageLinks, pageMeta } from '../../http/paging.ts'
import { SlugParams } from '../../http/schema.ts'
import {
  getBrands,
  getCategories,
  getCategory,
  getPictureSource,
  getProduct,
  listProducts,
} from './catalog.ts'
import { listingOf } from './filter.ts'
import { drawPicture } from './picture.ts'
import {
  BrandView,
  CategoryTree,
  CategoryView,
  ProductDetail,
  ProductQuery,
  ProductSummary,
} from './schema.ts'
import { categoryTree, categoryView, productDetail, productSummary } from './views.ts'

const tags = ['Catalogue']

export function registerCatalogRoutes(app: App, ctx: Context): void {
  registerProductRoutes(app, ctx)
  registerCategoryRoutes(app, ctx)
}

function registerProductRoutes(app: App, ctx: Context): void {
  app.get(
    '/products',
    {
      schema: {
        tags,
        summary: 'List products',
        querystring: ProductQuery,
        response: { 200: listEnvelope(ProductSummary) },
      },
      config: { allow: 'public' },
    },
    async (request, reply) => {
      const listing = await listingOf(ctx, request.query)
      const page = await listProducts(ctx, listing)
      const data = page.items.map((row) => productSummary(ctx, row))
      const meta = pageMeta(listing.paging, page)
      const links = pageLinks(request.url, listing.paging, page)
      const body = reply.serialize(success(data, 'Products listed', { meta, links }))
      return sendCacheable({ request, reply }, String(body))
    },
  )

  app.get(
    '/products/:id',
    {
      schema: {
        tags,
        summary: 'Get one product with its variants and stock',
        params: SlugParams,
        response: { 200: envelope(ProductDetail) },
      },
      config: { allow: 'public', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const found = await getProduct(ctx, referenceOf(request.params.id))
      const links = { self: `/api/v1/products/${found.product.number}` }
      const body = reply.serialize(success(productDetail(ctx, found), 'Product found', { links }))
      return sendCacheable({ request, reply }, String(body), found.product.version)
    },
  )
}

function registerCategoryRoutes(app: App, ctx: Context): void {
  app.get(
    '/categories',
    {
      schema: {
        tags,
        summary: 'The tree of categories with product counts',
        response: { 200: envelope(Type.Array(CategoryTree)) },
      },
      config: { allow: 'public' },
    },
    async (request, reply) => {
      const tree = categoryTree(await getCategories(ctx))
      return sendCacheable({ request, reply }, JSON.stringify(success(tree, 'Categories listed')))
    },
  )

  app.get(
    '/categories/:id',
    {
      schema: {
        tags,
        summary: 'Get one category',
        params: SlugParams,
        response: { 200: envelope(CategoryView) },
      },
      config: { allow: 'public', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const category = await getCategory(ctx, referenceOf(request.params.id))
      const body = reply.serialize(success(categoryView(category), 'Category found'))
      return sendCacheable({ request, reply }, String(body), category.version)
    },
  )

  app.get(
    '/brands',
    {
      schema: { tags, summary: 'List brands', response: { 200: envelope(Type.Array(BrandView)) } },
      config: { allow: 'public' },
    },
    async (request, reply) => {
      const body = reply.serialize(success(await getBrands(ctx), 'Brands listed'))
      return sendCacheable({ request, reply }, String(body))
    },
  )
}

const pictureAgeSeconds = 365 * 24 * 3_600

/** Pictures drawn from the product's name and category; the address changes with the product. */
export function registerPictureRoute(app: App, ctx: Context): void {
  app.get(
    '/images/products/:file',
    {
      schema: {
        tags,
        summary: 'The picture of a product, as SVG',
        params: Type.Object({
          file: Type.String({ pattern: '^[1-9][0-9]{0,14}\\.svg$', examples: ['1.svg'] }),
        }),
        querystring: Type.Object({ v: Type.Optional(Type.String({ maxLength: 20 })) }),
        response: { 200: { content: { 'image/svg+xml': { schema: Type.String() } } } },
      },
      config: { allow: 'public', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const number = Number.parseInt(request.params.file, 10)
      const { name, categoryPath } = await getPictureSource(ctx, number)
      const category = categoryPath.at(-1) ?? ''
      reply.header('cache-control', `public, max-age=${pictureAgeSeconds}, immutable`)
      return reply
        .type('image/svg+xml')
        .send(drawPicture({ name, category, categoryPath, seed: String(number) }))
    },
  )
}
