import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { envelope, success } from '../../http/envelope.ts'
import { Code } from '../../http/schema.ts'
import { takeEvent } from './inbox.ts'

/** Where payment providers tell what happened. Their signature is over the bytes of the body. */
export async function registerPaymentEventRoutes(app: App, ctx: Context): Promise<void> {
  await app.register((events: App) => {
    events.removeAllContentTypeParsers()
    events.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      // Kept apart: what validates bodies would walk through it byte by byte.
      done(null, { bytes: () => body })
    })
    events.post(
      '/payments/:provider/events',
      {
        schema: {
          tags: ['Payments'],
          summary: 'For payment providers: what happened to a payment',
          description:
            'The body is that of the provider, signed by it. Each event is stored once, however ' +
            'often it comes, and handled in the background.',
          params: Type.Object({ provider: Code }),
          response: { 200: envelope(Type.Object({ is_new: Type.Boolean() })) },
        },
        config: {
          allow: 'public',
          // Signed, and at once from many addresses of the same provider.
          rateClass: 'none',
          errors: ['NOT_FOUND', 'INVALID_SIGNATURE'],
        },
      },
      async ({ params, headers, body }) => {
        const { bytes } = (body ?? {}) as { bytes?: () => Buffer }
        const arrival = { provider: params.provider, headers, body: bytes?.() ?? Buffer.alloc(0) }
        return success({ is_new: await takeEvent(ctx, arrival) }, 'Event received')
      },
    )
  })
}
