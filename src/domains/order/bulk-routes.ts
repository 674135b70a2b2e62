import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { callerOf, inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { toShopError } from '../../http/errors.ts'
import { Uuid } from '../../http/schema.ts'
import { may } from '../access/permissions.ts'
import { makeRefunds } from '../payment/refunds.ts'
import { cancelOrder } from './cancellation.ts'
import { lockOrder, moveOrder } from './life.ts'
import { addTag, removeTag } from './notes.ts'
import { orderOf } from './orders.ts'
import { namedOrder } from './reference.ts'
import { OrderParams, Tag } from './schema.ts'

export const bulkActions = ['add_tag', 'remove_tag', 'start_processing', 'cancel'] as const
type BulkAction = (typeof bulkActions)[number]

const BulkBody = Type.Object(
  {
    action: Type.Enum([...bulkActions]),
    orders: Type.Array(OrderParams.properties.id, {
      minItems: 1,
      maxItems: 100,
      description: 'Ids, numbers or references',
    }),
    tag: Type.Optional({ ...Tag, description: 'For add_tag and remove_tag' }),
    reason: Type.Optional(
      Type.String({
        pattern: '^[a-z][a-z0-9_]{0,49}$',
        description: 'For cancel: a word that can be counted, such as out_of_stock',
      }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ action: 'add_tag', orders: ['1001', '1002'], tag: 'gift' }],
  },
)

const ResultView = Type.Object(
  {
    order: Type.String({ description: 'As it was named' }),
    id: Type.Union([Uuid, Type.Null()]),
    done: Type.Boolean(),
    error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()]),
  },
  { title: 'BulkResult' },
)

type Given = Static<typeof BulkBody>

/** One action on many orders, each in a transaction of its own: one that is refused stops none. */
export function registerOrderBulkRoutes(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/bulk-actions',
    {
      schema: {
        tags: ['Administration'],
        summary: 'Tag, cancel or begin to process up to 100 orders; each has its own result',
        body: BulkBody,
        response: { 200: envelope(Type.Array(ResultView)) },
      },
      config: { allow: 'order:write' },
    },
    async (request) => {
      const given = request.body
      const work = workOf(given)
      if (given.action === 'start_processing' && !may(callerOf(request), 'order:fulfil')) {
        throw new ShopError('FORBIDDEN', { permission: 'order:fulfil' })
      }
      const acting = inNameOf(ctx, request)
      const results: Static<typeof ResultView>[] = []
      // One after the other: each takes locks, and a hundred at once would hold up the shop.
      for (const name of new Set(given.orders)) results.push(await once(acting, name, work))
      return success(results, 'Done')
    },
  )
}

interface Work {
  readonly action: BulkAction
  run(ctx: Context, tx: Tx, orderId: string): Promise<unknown>
}

/** What is done to each order. Refuses what the action needs and has not (VALIDATION_ERROR). */
function workOf({ action, tag, reason = 'staff' }: Given): Work {
  if (action === 'add_tag' || action === 'remove_tag') {
    if (tag === undefined) throw invalid('tag', 'is required')
    const change = action === 'add_tag' ? addTag : removeTag
    return { action, run: (ctx, tx, orderId) => change(ctx, tx, { orderId, tag }) }
  }
  if (tag !== undefined) throw invalid('tag', `is not for ${action}`)
  if (action === 'cancel') {
    const how = { version: undefined, reason, note: null, by: 'staff' } as const
    return { action, run: (ctx, tx, orderId) => cancelOrder(ctx, tx, { orderId, ...how }) }
  }
  return {
    action,
    async run(ctx, tx, id) {
      const order = await lockOrder(tx, { id })
      return moveOrder(ctx, tx, { order, action: 'start' })
    },
  }
}

async function once(ctx: Context, name: string, work: Work) {
  let id: string | null = null
  try {
    const { id: orderId } = await orderOf(ctx, namedOrder(ctx, name, 'orders'))
    id = orderId
    await ctx.db.transaction((tx) => work.run(ctx, tx, orderId))
    if (work.action === 'cancel') await refund(ctx, orderId)
    return { order: name, id, done: true, error: null }
  } catch (error) {
    const { code, message } = toShopError(ctx, error)
    if (code === 'INTERNAL_ERROR') ctx.log.error({ err: error, order: name }, 'bulk action failed')
    return { order: name, id, done: false, error: { code, message } }
  }
}

/** What is owed is written down: money that cannot go back now goes back later. */
async function refund(ctx: Context, orderId: string): Promise<void> {
  try {
    await makeRefunds(ctx, orderId)
  } catch (error) {
    ctx.log.warn({ err: error, orderId }, 'refund failed; it is tried again')
  }
}
