import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import type { App } from './app.ts'
import { envelope, success } from './envelope.ts'

const Status = envelope(Type.Object({ status: Type.String() }))

/** Live: the process answers. Ready: it can serve; false while stopping or without a database. */
export function registerHealthRoutes(app: App, ctx: Context): { stopping: boolean } {
  const state = { stopping: false }
  app.get(
    '/health/live',
    {
      schema: { tags: ['Health'], summary: 'The process runs', response: { 200: Status } },
      config: { allow: 'public', rateClass: 'none' },
    },
    () => success({ status: 'live' }, 'Live'),
  )
  app.get(
    '/health/ready',
    {
      schema: { tags: ['Health'], summary: 'Requests can be served', response: { 200: Status } },
      config: { allow: 'public', rateClass: 'none' },
    },
    async () => {
      if (state.stopping) throw new ShopError('SERVICE_UNAVAILABLE')
      await ctx.db.ping().catch(() => {
        throw new ShopError('SERVICE_UNAVAILABLE')
      })
      return success({ status: 'ready' }, 'Ready')
    },
  )
  return state
}
