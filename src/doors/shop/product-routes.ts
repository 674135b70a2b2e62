import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import { getCategories, getProduct, listProducts } from '../../domains/catalog/catalog.ts'
import { listingOf } from '../../domains/catalog/filter.ts'
import { ProductQuery } from '../../domains/catalog/schema.ts'
import type { App } from '../../http/app.ts'
import { sendCacheable } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { pageLinks, pageMeta } from '../../http/paging.ts'
import { IdParams } from '../../http/schema.ts'
import { ShopCategory, ShopProduct, ShopProductSummary } from './product-schema.ts'
import { shopCategories, shopProduct, shopProductSummary } from './product-views.ts'

const tags = ['Shop door']

export function registerProductRoutes(app: App, ctx: Context): void {
  app.get(
    '/products',
    {
      schema: {
        tags,
        summary: 'List products, filtered, sorted and paged',
        querystring: ProductQuery,
        response: { 200: listEnvelope(ShopProductSummary) },
      },
      config: { allow: 'public' },
    },
    async (request, reply) => {
      const listing = await listingOf(ctx, request.query)
      const page = await listProducts(ctx, listing)
      const data = page.items.map((row) => shopProductSummary(ctx, row))
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
        summary: 'One product with images, specifications, variants and stock',
        params: IdParams,
        response: { 200: envelope(ShopProduct) },
      },
      config: { allow: 'public', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const found = await getProduct(ctx, referenceOf(request.params.id))
      const links = { self: `/api/products/${found.product.number}`, add_to_cart: '/api/cart/add' }
      const body = reply.serialize(success(shopProduct(ctx, found), 'Product found', { links }))
      return sendCacheable({ request, reply }, String(body), found.product.version)
    },
  )

  app.get(
    '/categories',
    {
      schema: {
        tags,
        summary: 'All categories with descriptions and product counts, as a flat list',
        response: { 200: envelope(Type.Array(ShopCategory)) },
      },
      config: { allow: 'public' },
    },
    async (request, reply) => {
      const data = shopCategories(await getCategories(ctx))
      const body = reply.serialize(success(data, 'Categories listed'))
      return sendCacheable({ request, reply }, String(body))
    },
  )
}
