import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Minor } from '../../core/money.ts'
import { referenceOf, type Reference } from '../../core/reference.ts'
import { slugify, words } from '../../core/words.ts'
import type { Tx } from '../../db/database.ts'
import { takenColumn } from '../../db/faults.ts'
import { differences, record } from '../audit/log.ts'
import { forgetCounts, getAnyProduct } from './catalog.ts'
import { receiveNewStock } from '../inventory/inventory.ts'
import { recordOwnPrices } from '../pricing/history.ts'
import { listCategories, type CategoryRow } from './queries.ts'
import type { ProductKind, ProductStatus } from './tables.ts'
import {
  addToCounts,
  bumpProduct,
  deleteIndexRows,
  findBrandId,
  findVariantProduct,
  findVariantRow,
  insertBrand,
  insertProductAttributeRows,
  insertProductCategoryRows,
  insertProductRows,
  insertVariantRows,
  listIndexSources,
  lockCategoryTree,
  lockProduct,
  refreshPrices,
  updateProduct as updateProductRow,
  updateVariant as updateVariantRow,
  type IndexSource,
  type NewProductRow,
  type NewVariantRow,
  type ProductPatch,
} from './write-queries.ts'

export interface NewVariant {
  readonly sku: string
  readonly options?: Readonly<Record<string, string>>
  readonly priceMinor: Minor
  readonly onHand?: number
  readonly gtin?: string | null
  readonly weightGrams?: number | null
  /** What the price is said to be reduced from. */
  readonly compareAtMinor?: Minor | null
}

export interface Attribute {
  readonly name: string
  readonly value: string
}

export interface NewProduct {
  readonly slug?: string
  readonly name: string
  readonly description: string
  readonly status?: ProductStatus
  readonly brand?: string | null
  readonly categoryId?: string | null
  readonly tags?: readonly string[]
  readonly options?: readonly { readonly name: string; readonly values: readonly string[] }[]
  readonly attributes?: readonly Attribute[]
  readonly images?: readonly { readonly url: string; readonly alt: string }[]
  readonly taxClass?: string
  readonly kind?: ProductKind
  readonly variants: readonly NewVariant[]
}

/** Creates a product with its variants and first stock; returns its id. */
export async function createProduct(ctx: Context, product: NewProduct): Promise<string> {
  return ctx.db.transaction((tx) => createProductIn(ctx, tx, product))
}

/** The same as a part of something larger. */
export async function createProductIn(ctx: Context, tx: Tx, product: NewProduct): Promise<string> {
  const [id = ''] = await insertProducts(ctx, tx, [product])
  await record(ctx, tx, { action: 'product.created', subject: ['product', id], after: product })
  return id
}

/** Creates many products in a number of statements that does not depend on how many they are. */
export async function insertProducts(
  ctx: Context,
  tx: Tx,
  products: readonly NewProduct[],
): Promise<string[]> {
  const brands = await ensureBrands(ctx, tx, products)
  const rows = products.map((product) => productRow(ctx, product, brands))
  const variants = rows.flatMap((row, index) =>
    variantRows(ctx, row.id, { variants: products[index]?.variants ?? [] }),
  )
  await conflictsAs(tx, 'product', async () => {
    await insertProductRows(tx, rows)
    await insertVariantRows(tx, variants)
  })
  await recordPrices(ctx, tx, variants)
  await receiveNewStock(ctx, tx, stockOf(variants, products))
  const ids = rows.map(({ id }) => id)
  await indexProducts(tx, ids)
  tx.afterCommit(() => forgetCounts(ctx))
  return ids
}

async function ensureBrands(
  ctx: Context,
  tx: Tx,
  products: readonly NewProduct[],
): Promise<Map<string, string>> {
  const names = new Set(products.flatMap(({ brand }) => (brand ? [brand] : [])))
  const ids = new Map<string, string>()
  for (const name of names) ids.set(name, await ensureBrand(ctx, tx, name))
  return ids
}

async function ensureBrand(ctx: Context, tx: Tx, name: string): Promise<string> {
  const slug = slugify(name)
  if (slug === '') throw invalid('brand', 'must contain a letter or a digit')
  const known = await findBrandId(tx, slug)
  if (known) return known
  await insertBrand(tx, { id: ctx.newId(), slug, name, created_at: ctx.clock.now() })
  return (await findBrandId(tx, slug)) ?? ''
}

function productRow(
  ctx: Context,
  product: NewProduct,
  brands: ReadonlyMap<string, string>,
): NewProductRow {
  const prices = product.variants.map(({ priceMinor }) => priceMinor)
  const now = ctx.clock.now()
  const id = ctx.newId()
  return {
    id,
    slug: product.slug ?? slugOf(product.name, id),
    name: product.name,
    description: product.description,
    status: product.status ?? 'active',
    brand_id: (product.brand && brands.get(product.brand)) ?? null,
    category_id: product.categoryId ?? null,
    price_minor: Math.min(...prices) as Minor,
    price_max_minor: Math.max(...prices) as Minor,
    currency: ctx.config.store.currency,
    tags: JSON.stringify(product.tags ?? []),
    options: JSON.stringify(product.options ?? []),
    attributes: JSON.stringify(product.attributes ?? []),
    images: JSON.stringify(product.images ?? []),
    tax_class: product.taxClass ?? 'standard',
    kind: product.kind ?? 'physical',
    created_at: now,
    updated_at: now,
  }
}

/** The address part made from a name; what would be read as a number or as nothing is the id. */
export function slugOf(name: string, id: string): string {
  const slug = slugify(name)
  return slug !== '' && referenceOf(slug).by === 'slug' ? slug : id
}

function variantRows(
  ctx: Context,
  productId: string,
  { variants, firstPosition = 0 }: { variants: readonly NewVariant[]; firstPosition?: number },
): NewVariantRow[] {
  const now = ctx.clock.now()
  return variants.map((variant, index) => ({
    id: ctx.newId(),
    product_id: productId,
    sku: variant.sku,
    options: JSON.stringify(variant.options ?? {}),
    price_minor: variant.priceMinor,
    position: firstPosition + index,
    gtin: variant.gtin ?? null,
    weight_grams: variant.weightGrams ?? null,
    compare_at_minor: variant.compareAtMinor ?? null,
    created_at: now,
    updated_at: now,
  }))
}

/** Whatever an article has been asked for may be its prior price one day. */
function recordPrices(ctx: Context, tx: Tx, variants: readonly NewVariantRow[]): Promise<void> {
  const { currency } = ctx.config.store
  const prices = variants.map(({ id: variantId, price_minor: priceMinor }) => ({
    variantId,
    priceMinor,
    currency,
  }))
  return recordOwnPrices(ctx, tx, prices)
}

function stockOf(variants: readonly NewVariantRow[], products: readonly NewProduct[]) {
  const onHand = products.flatMap((product) => product.variants.map((variant) => variant.onHand))
  return variants.map(({ id, product_id }, index) => ({
    variantId: id,
    productId: product_id,
    quantity: onHand[index] ?? 0,
  }))
}

/** Puts products into lists, search and category counts, if they are active. */
async function indexProducts(tx: Tx, ids: readonly string[]): Promise<void> {
  const idRows = JSON.stringify(ids.map((id) => ({ id })))
  const sources = await listIndexSources(tx, { ids: idRows })
  const active = sources.filter(({ status }) => status === 'active')
  if (active.length === 0) return
  await lockCategoryTree(tx)
  const tree = new Map((await listCategories(tx)).map((row) => [row.id, row]))
  await insertProductCategoryRows(
    tx,
    active.flatMap((source) => placesOf(source, tree)),
  )
  await insertProductAttributeRows(tx, active.flatMap(attributesOf))
  await tx.dialect.search.saveAll(tx, JSON.stringify(active.map(searchTextOf)))
  await countProducts(tx, { sources: active, tree, sign: 1 })
}

/** A category and its ancestors, nearest first. */
function lineOf(id: string | null, tree: ReadonlyMap<string, CategoryRow>): CategoryRow[] {
  const line: CategoryRow[] = []
  for (let at = tree.get(id ?? ''); at; at = tree.get(at.parent_id ?? '')) line.push(at)
  return line
}

function placesOf(source: IndexSource, tree: ReadonlyMap<string, CategoryRow>) {
  return lineOf(source.category_id, tree).map(({ number }) => ({
    category_number: number,
    product_number: source.number,
    price_minor: source.price_minor,
  }))
}

/** Attribute values are found whatever their case. */
export const attributeKey = (text: string): string => text.toLowerCase().slice(0, 150)

function attributesOf({ number, attributes }: IndexSource) {
  const list = JSON.parse(attributes) as Attribute[]
  const rows = list.map(({ name, value }) => {
    return { attribute: name, value: attributeKey(value), product_number: number }
  })
  // Values that differ in case only are the same row.
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()]
}

/** What is found of a product: its name, and the rest. */
export function searchTextOf({ number, name, description, brand_name, tags }: IndexSource) {
  const others = [description, brand_name ?? '', ...(JSON.parse(tags) as string[])]
  return { number, name: words(name).join(' '), body: words(others.join(' ')).join(' ') }
}

async function countProducts(
  tx: Tx,
  {
    sources,
    tree,
    sign,
  }: { sources: readonly IndexSource[]; tree: ReadonlyMap<string, CategoryRow>; sign: 1 | -1 },
): Promise<void> {
  const counts = new Map<string, { own: number; total: number }>()
  for (const source of sources) {
    for (const [distance, { id }] of lineOf(source.category_id, tree).entries()) {
      const count = counts.get(id) ?? { own: 0, total: 0 }
      counts.set(id, { own: count.own + (distance === 0 ? sign : 0), total: count.total + sign })
    }
  }
  for (const [id, { own, total }] of counts) await addToCounts(tx, { id, own, total })
}

async function unindexProducts(tx: Tx, ids: readonly string[]): Promise<void> {
  await lockCategoryTree(tx)
  const idRows = JSON.stringify(ids.map((id) => ({ id })))
  const sources = await listIndexSources(tx, { ids: idRows })
  const active = sources.filter(({ status }) => status === 'active')
  const tree = new Map((await listCategories(tx)).map((row) => [row.id, row]))
  for (const { number } of active) await deleteIndexRows(tx, number)
  await countProducts(tx, { sources: active, tree, sign: -1 })
}

/**
 * Runs `change` between taking products out of the lists and putting them back as they are then.
 */
export async function reindexAround(
  tx: Tx,
  ids: readonly string[],
  change: () => Promise<void>,
): Promise<void> {
  await unindexProducts(tx, ids)
  await change()
  await indexProducts(tx, ids)
}

export interface ProductChange {
  readonly slug?: string
  readonly name?: string
  readonly description?: string
  readonly status?: ProductStatus
  readonly brand?: string | null
  readonly categoryId?: string | null
  readonly tags?: readonly string[]
  readonly attributes?: readonly Attribute[]
  readonly images?: readonly { readonly url: string; readonly alt: string }[]
  readonly taxClass?: string
  readonly kind?: ProductKind
}

/**
 * Changes a product. With `version`, only if it is still at that version (VERSION_CONFLICT).
 * Archiving is `status: 'archived'`: orders keep pointing at it.
 */
export async function changeProduct(
  ctx: Context,
  { by, version }: { by: Reference; version: number | undefined },
  change: ProductChange,
): Promise<void> {
  const { product } = await getAnyProduct(ctx, by)
  const { id } = product
  await ctx.db.transaction((tx) => changeProductIn(ctx, tx, { id, version, change }))
}

/** The same as a part of something larger. */
export async function changeProductIn(
  ctx: Context,
  tx: Tx,
  { id, version, change }: Changed<ProductChange>,
): Promise<void> {
  const locked = await openForWriting(ctx, tx, { id, version })
  await reindexAround(tx, [id], async () => {
    const patch = await productPatch(ctx, tx, change)
    await conflictsAs(tx, 'product', () => updateProductRow(tx, id, patch))
    const [before, after] = differences(locked, patch)
    await record(ctx, tx, { action: 'product.changed', subject: ['product', id], before, after })
  })
}

interface Changed<Change> {
  readonly id: string
  /** Of the product, where one is demanded. */
  readonly version: number | undefined
  readonly change: Change
}

async function productPatch(ctx: Context, tx: Tx, change: ProductChange): Promise<ProductPatch> {
  const { brand, categoryId, tags, attributes, images, taxClass, ...plain } = change
  return {
    ...plain,
    ...(taxClass === undefined ? {} : { tax_class: taxClass }),
    ...(brand === undefined ? {} : { brand_id: brand && (await ensureBrand(ctx, tx, brand)) }),
    ...(categoryId === undefined ? {} : { category_id: categoryId }),
    ...(tags ? { tags: JSON.stringify(tags) } : {}),
    ...(attributes ? { attributes: JSON.stringify(attributes) } : {}),
    ...(images ? { images: JSON.stringify(images) } : {}),
  }
}

/** Every write to a part of a product goes through its version, so that none is lost. */
async function openForWriting(
  ctx: Context,
  tx: Tx,
  { id, version }: { id: string; version: number | undefined },
): Promise<LockedProduct> {
  const locked = await lockProduct(tx, id)
  if (!locked) throw notFound('Product')
  const demanded = version ?? locked.version
  const { changes } = await bumpProduct(tx, { id, version: demanded, now: ctx.clock.now() })
  if (changes !== 1) throw new ShopError('VERSION_CONFLICT', { current: locked.version })
  tx.afterCommit(() => forgetCounts(ctx))
  return locked
}

type LockedProduct = NonNullable<Awaited<ReturnType<typeof lockProduct>>>

export async function addVariant(
  ctx: Context,
  { by, version }: { by: Reference; version: number | undefined },
  variant: NewVariant,
): Promise<void> {
  const { product, variants } = await getAnyProduct(ctx, by)
  await ctx.db.transaction(async (tx) => {
    await openForWriting(ctx, tx, { id: product.id, version })
    const rows = variantRows(ctx, product.id, {
      variants: [variant],
      firstPosition: variants.length,
    })
    await conflictsAs(tx, 'variant', async () => void (await insertVariantRows(tx, rows)))
    await recordPrices(ctx, tx, rows)
    const quantity = variant.onHand ?? 0
    await receiveNewStock(
      ctx,
      tx,
      rows.map(({ id }) => ({ variantId: id, productId: product.id, quantity })),
    )
    await reindexAround(tx, [product.id], async () => {
      await refreshPrices(tx, { id: product.id })
    })
    const subject = ['product', product.id] as const
    await record(ctx, tx, { action: 'variant.created', subject, after: variant })
  })
}

export interface VariantChange {
  readonly sku?: string
  readonly options?: Readonly<Record<string, string>>
  readonly priceMinor?: Minor
  readonly gtin?: string | null
  readonly weightGrams?: number | null
  readonly compareAtMinor?: Minor | null
}

export async function changeVariant(
  ctx: Context,
  { id, version }: { id: string; version: number | undefined },
  change: VariantChange,
): Promise<string> {
  return ctx.db.transaction((tx) => changeVariantIn(ctx, tx, { id, version, change }))
}

/** The same as a part of something larger; returns the id of the product. */
export async function changeVariantIn(
  ctx: Context,
  tx: Tx,
  { id, version, change }: Changed<VariantChange>,
): Promise<string> {
  const productId = await findVariantProduct(tx, id)
  if (!productId) throw notFound('Variant')
  await openForWriting(ctx, tx, { id: productId, version })
  const patch = variantPatch(change)
  const [before, after] = differences((await findVariantRow(tx, id)) ?? {}, patch)
  await record(ctx, tx, { action: 'variant.changed', subject: ['variant', id], before, after })
  const timed = { ...patch, updated_at: ctx.clock.now() }
  await conflictsAs(tx, 'variant', () => updateVariantRow(tx, id, timed))
  const { priceMinor } = change
  if (priceMinor !== undefined) {
    const { currency } = ctx.config.store
    await recordOwnPrices(ctx, tx, [{ variantId: id, priceMinor, currency }])
  }
  await reindexAround(
    tx,
    [productId],
    async () => void (await refreshPrices(tx, { id: productId })),
  )
  return productId
}

function variantPatch(change: VariantChange) {
  const { sku, options, priceMinor, gtin, weightGrams, compareAtMinor } = change
  return {
    ...(sku === undefined ? {} : { sku }),
    ...(options === undefined ? {} : { options: JSON.stringify(options) }),
    ...(priceMinor === undefined ? {} : { price_minor: priceMinor }),
    ...(gtin === undefined ? {} : { gtin }),
    ...(weightGrams === undefined ? {} : { weight_grams: weightGrams }),
    ...(compareAtMinor === undefined ? {} : { compare_at_minor: compareAtMinor }),
  }
}

/** Says which unique field is taken instead of failing; what else goes wrong passes through. */
export async function conflictsAs(
  { dialect }: Tx,
  resource: string,
  write: () => Promise<void>,
): Promise<void> {
  return write().catch((error: unknown) => {
    const field = takenColumn(dialect, error)
    const isNamed = field === 'slug' || field === 'sku'
    throw isNamed ? new ShopError('ALREADY_EXISTS', { resource, field }) : error
  })
}
