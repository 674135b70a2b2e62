import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion, sendCacheable } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { SlugParams, Uuid } from '../../http/schema.ts'
import { taxClassNames } from '../tax/tax.ts'
import { getAnyProduct, getCategory } from './catalog.ts'
import { changeCategory, createCategory, removeCategory } from './categories.ts'
import { priceOf } from './filter.ts'
import {
  CategoryBody,
  CategoryView,
  NewCategoryBody,
  NewProductBody,
  NewVariantBody,
  ProductBody,
  ProductDetail,
  VariantBody,
} from './schema.ts'
import { categoryView, productDetail } from './views.ts'
import { addVariant, changeProduct, changeVariant, createProduct } from './writes.ts'

const tags = ['Administration']
const config = { allow: 'catalog:write' } as const

export function registerCatalogAdminRoutes(app: App, ctx: Context): void {
  registerProductAdmin(app, ctx)
  registerProductChanges(app, ctx)
  registerVariantAdmin(app, ctx)
  registerCategoryAdmin(app, ctx)
}

async function categoryIdOf(ctx: Context, field: string, text: string | null | undefined) {
  if (text === undefined || text === null) return text
  const found = await getCategory(ctx, referenceOf(text)).catch(() => undefined)
  if (!found) throw invalid(field, 'names no category')
  return found.id
}

function newVariantOf(ctx: Context, body: Static<typeof NewVariantBody>) {
  const { price, compare_at_price, weight_grams, on_hand, ...variant } = body
  return {
    ...variant,
    priceMinor: priceOf('price', price, ctx.config.store.currency),
    onHand: on_hand ?? 0,
    weightGrams: weight_grams ?? null,
    compareAtMinor: compareAtOf(ctx, compare_at_price) ?? null,
  }
}

function compareAtOf(ctx: Context, text: string | null | undefined) {
  if (typeof text !== 'string') return text
  return priceOf('compare_at_price', text, ctx.config.store.currency)
}

/** A class that no zone knows would be taxed like all others, and surprise somebody. */
async function taxClassOf(ctx: Context, name: string | undefined) {
  if (name === undefined) return {}
  const known = await taxClassNames(ctx.db.read)
  if (!known.includes(name)) throw invalid('tax_class', `must be one of ${known.join(', ')}`)
  return { taxClass: name }
}

async function productAnswer(ctx: Context, id: string, message: string) {
  const found = await getAnyProduct(ctx, { by: 'id', id })
  return success(productDetail(ctx, found), message)
}

function registerProductAdmin(app: App, ctx: Context): void {
  app.post(
    '/admin/products',
    {
      schema: {
        tags,
        summary: 'Create a product with its variants and first stock',
        body: NewProductBody,
        response: { 201: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { category, variants, tax_class, ...product } = request.body
      const categoryId = await categoryIdOf(ctx, 'category', category)
      const id = await createProduct(inNameOf(ctx, request), {
        ...product,
        ...(await taxClassOf(ctx, tax_class)),
        categoryId: categoryId ?? null,
        variants: variants.map((variant) => newVariantOf(ctx, variant)),
      })
      return reply.code(201).send(await productAnswer(ctx, id, 'Product created'))
    },
  )

  app.get(
    '/admin/products/:id',
    {
      schema: {
        tags,
        summary: 'Get a product in any status',
        params: SlugParams,
        response: { 200: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const found = await getAnyProduct(ctx, referenceOf(request.params.id))
      const body = reply.serialize(success(productDetail(ctx, found), 'Product found'))
      return sendCacheable({ request, reply }, String(body), found.product.version)
    },
  )
}

function registerProductChanges(app: App, ctx: Context): void {
  app.patch(
    '/admin/products/:id',
    {
      schema: {
        tags,
        summary: 'Change a product; If-Match refuses to overwrite a newer version',
        params: SlugParams,
        body: ProductBody,
        response: { 200: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { category, tax_class, ...change } = request.body
      const categoryId = await categoryIdOf(ctx, 'category', category)
      const { product } = await getAnyProduct(ctx, referenceOf(request.params.id))
      await changeProduct(
        inNameOf(ctx, request),
        { by: { by: 'id', id: product.id }, version: demandedVersion(request) },
        {
          ...change,
          ...(await taxClassOf(ctx, tax_class)),
          ...(categoryId === undefined ? {} : { categoryId }),
        },
      )
      return productAnswer(ctx, product.id, 'Product changed')
    },
  )

  app.delete(
    '/admin/products/:id',
    {
      schema: {
        tags,
        summary: 'Archive a product; orders keep pointing at it',
        params: SlugParams,
        response: { 200: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { product } = await getAnyProduct(ctx, referenceOf(request.params.id))
      const at = { by: { by: 'id', id: product.id } as const, version: demandedVersion(request) }
      await changeProduct(inNameOf(ctx, request), at, { status: 'archived' })
      return productAnswer(ctx, product.id, 'Product archived')
    },
  )
}

function registerVariantAdmin(app: App, ctx: Context): void {
  app.post(
    '/admin/products/:id/variants',
    {
      schema: {
        tags,
        summary: 'Add a variant',
        params: SlugParams,
        body: NewVariantBody,
        response: { 201: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request, reply) => {
      const { product } = await getAnyProduct(ctx, referenceOf(request.params.id))
      const at = { by: { by: 'id', id: product.id } as const, version: demandedVersion(request) }
      await addVariant(inNameOf(ctx, request), at, newVariantOf(ctx, request.body))
      return reply.code(201).send(await productAnswer(ctx, product.id, 'Variant added'))
    },
  )

  app.patch(
    '/admin/variants/:id',
    {
      schema: {
        tags,
        summary: 'Change a variant, such as its price',
        params: Type.Object({ id: Type.String({ format: 'uuid', ...Uuid }) }),
        body: VariantBody,
        response: { 200: envelope(ProductDetail) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { price, compare_at_price, weight_grams, ...change } = request.body
      const compareAtMinor = compareAtOf(ctx, compare_at_price)
      const { currency } = ctx.config.store
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const productId = await changeVariant(inNameOf(ctx, request), at, {
        ...change,
        ...(price === undefined ? {} : { priceMinor: priceOf('price', price, currency) }),
        ...(weight_grams === undefined ? {} : { weightGrams: weight_grams }),
        ...(compareAtMinor === undefined ? {} : { compareAtMinor }),
      })
      return productAnswer(ctx, productId, 'Variant changed')
    },
  )
}

async function categoryAnswer(ctx: Context, id: string, message: string) {
  return success(categoryView(await getCategory(ctx, { by: 'id', id })), message)
}

function registerCategoryAdmin(app: App, ctx: Context): void {
  app.post(
    '/admin/categories',
    {
      schema: {
        tags,
        summary: 'Create a category',
        body: NewCategoryBody,
        response: { 201: envelope(CategoryView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { parent, ...category } = request.body
      const parentId = (await categoryIdOf(ctx, 'parent', parent)) ?? null
      const id = await createCategory(inNameOf(ctx, request), { ...category, parentId })
      return reply.code(201).send(await categoryAnswer(ctx, id, 'Category created'))
    },
  )

  app.patch(
    '/admin/categories/:id',
    {
      schema: {
        tags,
        summary: 'Change or move a category; counts move with it',
        params: SlugParams,
        body: CategoryBody,
        response: { 200: envelope(CategoryView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { parent, ...change } = request.body
      const parentId = await categoryIdOf(ctx, 'parent', parent)
      const { id } = await getCategory(ctx, referenceOf(request.params.id))
      const at = { by: { by: 'id', id } as const, version: demandedVersion(request) }
      await changeCategory(inNameOf(ctx, request), at, {
        ...change,
        ...(parentId === undefined ? {} : { parentId }),
      })
      return categoryAnswer(ctx, id, 'Category changed')
    },
  )

  app.delete(
    '/admin/categories/:id',
    {
      schema: {
        tags,
        summary: 'Delete an empty category',
        params: SlugParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      await removeCategory(inNameOf(ctx, request), referenceOf(request.params.id))
      return success(null, 'Category deleted')
    },
  )
}
