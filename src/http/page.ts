import { hash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { ShopError } from '../core/errors.ts'
import { Html, html } from '../core/html.ts'
import type { App } from './app.ts'

const style = `
:root { color-scheme: light dark }
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 0 auto; padding: 1.5rem }
h1 { font-size: 1.5rem; overflow-wrap: anywhere }
label { display: block; margin-bottom: .25rem }
input, button { font: inherit; padding: .75rem; border-radius: .375rem; border: 1px solid }
input { display: block; box-sizing: border-box; width: 100% }
button { margin-top: 1rem; min-width: 8rem; cursor: pointer; font-weight: 600 }
:focus-visible { outline: 3px solid; outline-offset: 2px }
.issue { font-weight: 600 }
small { display: block; margin-top: .25rem }
`

/** As a whole: its hash is that of what stands between the tags, to the last blank. */
const styleSheet = new Html(`<style>${style}</style>`)

/** One style, no script, no picture, and forms go to this shop alone. */
const policy =
  `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; ` +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex',
} as const

export interface Page {
  readonly title: string
  readonly body: Html
}

/** Sends a small page of the shop, made here as a whole; it needs no script. */
export function sendPage(ctx: Context, reply: FastifyReply, { title, body }: Page): FastifyReply {
  const { name } = ctx.config.store
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>${title} · ${name}</title>
        ${styleSheet}
      </head>
      <body>
        <main>
          <p>${name}</p>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `
  return reply.headers(headers).send(page.text)
}

const fieldsMax = 20

/** Has the routes of this scope take what forms of pages send; a name may stand there once. */
export function acceptForms(app: App): void {
  const type = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(
    type,
    { parseAs: 'string', bodyLimit: 10_000 },
    (_request, body, done) => {
      const fields = [...new URLSearchParams(String(body))]
      const names = new Set(fields.map(([name]) => name))
      if (names.size !== fields.length || fields.length > fieldsMax) {
        done(new ShopError('MALFORMED_REQUEST'))
      } else {
        done(null, Object.fromEntries(fields))
      }
    },
  )
}
