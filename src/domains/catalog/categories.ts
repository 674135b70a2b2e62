import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Reference } from '../../core/reference.ts'
import type { Tx } from '../../db/database.ts'
import { differences, record } from '../audit/log.ts'
import { forgetCounts, getCategory } from './catalog.ts'
import { listCategories, type CategoryRow } from './queries.ts'
import { conflictsAs, reindexAround, slugOf } from './writes.ts'
import {
  categoryHasProducts,
  deleteCategory,
  insertCategory,
  listProductIdsBelow,
  lockCategoryTree,
  updateCategory,
} from './write-queries.ts'

export interface NewCategory {
  readonly slug?: string
  readonly name: string
  readonly description: string
  readonly parentId?: string | null
  readonly position?: number
}

/** Creates a category; returns its id. */
export async function createCategory(ctx: Context, category: NewCategory): Promise<string> {
  return ctx.db.transaction(async (tx) => {
    const id = await insertOneCategory(ctx, tx, category)
    const subject = ['category', id] as const
    await record(ctx, tx, { action: 'category.created', subject, after: category })
    return id
  })
}

export async function insertOneCategory(
  ctx: Context,
  tx: Tx,
  category: NewCategory,
): Promise<string> {
  const now = ctx.clock.now()
  const id = ctx.newId()
  await conflictsAs(tx, 'category', async () => {
    await insertCategory(tx, {
      id,
      parent_id: category.parentId ?? null,
      slug: category.slug ?? slugOf(category.name, id),
      name: category.name,
      description: category.description,
      position: category.position ?? 0,
      created_at: now,
      updated_at: now,
    })
  })
  return id
}

export interface CategoryChange {
  readonly slug?: string
  readonly name?: string
  readonly description?: string
  readonly position?: number
  readonly parentId?: string | null
}

/**
 * Changes a category. A new parent moves everything below it, counts included, in one transaction.
 */
export async function changeCategory(
  ctx: Context,
  { by, version }: { by: Reference; version: number | undefined },
  { parentId, ...change }: CategoryChange,
): Promise<void> {
  const category = await getCategory(ctx, by)
  await ctx.db.transaction(async (tx) => {
    await lockCategoryTree(tx)
    const write = () =>
      writeCategory(ctx, tx, {
        category,
        version,
        change: { ...change, ...(parentId === undefined ? {} : { parent_id: parentId }) },
      })
    if (parentId === undefined) return write()
    await assertNotBelow(tx, category, parentId)
    const below = await listProductIdsBelow(tx, { number: category.number })
    await reindexAround(
      tx,
      below.map(({ id }) => id),
      write,
    )
  })
  forgetCounts(ctx)
}

async function writeCategory(
  ctx: Context,
  tx: Tx,
  {
    category,
    version,
    change,
  }: {
    category: CategoryRow
    version: number | undefined
    change: Parameters<typeof updateCategory>[2]
  },
): Promise<void> {
  const at = { id: category.id, version, now: ctx.clock.now() }
  await conflictsAs(tx, 'category', async () => {
    const changed = await updateCategory(tx, at, change)
    if (!changed) throw new ShopError('VERSION_CONFLICT', { current: category.version })
  })
  const [before, after] = differences(category, change)
  const subject = ['category', category.id] as const
  await record(ctx, tx, { action: 'category.changed', subject, before, after })
}

async function assertNotBelow(tx: Tx, category: CategoryRow, parentId: string | null) {
  const tree = new Map((await listCategories(tx)).map((row) => [row.id, row]))
  if (parentId !== null && !tree.has(parentId)) throw invalid('parent_id', 'names no category')
  for (let at = tree.get(parentId ?? ''); at; at = tree.get(at.parent_id ?? '')) {
    if (at.id === category.id) throw invalid('parent_id', 'is the category itself or below it')
  }
}

/** Deletes a category that has neither products, of any status, nor children (IN_USE). */
export async function removeCategory(ctx: Context, by: Reference): Promise<void> {
  const category = await getCategory(ctx, by)
  await ctx.db.transaction(async (tx) => {
    await lockCategoryTree(tx)
    const tree = await listCategories(tx)
    if (!tree.some(({ id }) => id === category.id)) throw notFound('Category')
    const hasChildren = tree.some(({ parent_id }) => parent_id === category.id)
    if (hasChildren || (await categoryHasProducts(tx, category.id))) {
      throw new ShopError('IN_USE', { resource: 'The category' })
    }
    await deleteCategory(tx, category.id)
    const subject = ['category', category.id] as const
    await record(ctx, tx, { action: 'category.deleted', subject, before: category })
  })
}
