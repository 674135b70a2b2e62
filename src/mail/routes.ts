import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { notFound } from '../core/errors.ts'
import { html, type Html } from '../core/html.ts'
import { listMails, readMail, type FiledMail } from '../drivers/mail/folder.ts'
import type { App, Request } from '../http/app.ts'

const shownMax = 100
const closed = { additionalProperties: false } as const

/** The page may hold a frame, made from its own text alone, and nothing anywhere may run. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; " +
  "form-action 'none'"

/** For development: what the shop would have sent. Registered only where the settings allow it. */
export function registerMailPreview(app: App, ctx: Context): void {
  const { folder, preview } = ctx.config.mail
  if (preview === 'off') return
  const config = { allow: 'public' } as const
  const assertMaySee = (request: Request) => {
    if (preview === 'machine' && !isFromHere(request)) throw notFound('Page')
  }
  app.get('/dev/mail', { schema: { hide: true }, config }, async (request, reply) => {
    assertMaySee(request)
    const ids = await listMails(folder)
    const found = await Promise.all(ids.slice(0, shownMax).map((id) => readMail(folder, id)))
    const mails = found.filter((mail) => mail !== undefined)
    const page = listPage(ctx, { mails, count: ids.length })
    return reply.headers(headers).send(page.text)
  })
  const params = Type.Object({ id: Type.String({ maxLength: 100 }) }, closed)
  app.get('/dev/mail/:id', { schema: { hide: true, params }, config }, async (request, reply) => {
    assertMaySee(request)
    const mail = await readMail(folder, request.params.id)
    if (!mail) throw notFound('Mail')
    return reply.headers(headers).send(mailPage(mail).text)
  })
}

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cache-control': 'no-store',
} as const

/** The connection itself, since headers can say anything. */
function isFromHere({ socket }: Request): boolean {
  return /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')
}

const when = ({ at }: FiledMail) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

function listPage(
  ctx: Context,
  { mails, count }: { mails: readonly FiledMail[]; count: number },
): Html {
  const items = mails.map(
    (mail) =>
      html`<li>
        <a href="/dev/mail/${mail.id}">
          <strong dir="auto">${mail.subject}</strong>
          <span>${mail.to}</span> <time>${when(mail)}</time></a
        >
      </li>`,
  )
  const empty = html`<p>No mail yet. Place an order, and come back in a few seconds.</p>`
  const more = html`<p>
    The newest ${shownMax} of ${count}; all are in ${ctx.config.mail.folder}.
  </p>`
  return document(
    `Mail of ${ctx.config.store.name}`,
    html`<h1>Mail</h1>
      <p>Nothing here has been sent: MAIL_DRIVER is folder.</p>
      ${
        count === 0
          ? empty
          : html`<ul>
              ${items}
            </ul>`
      }
      ${count > shownMax ? more : html``}`,
  )
}

function mailPage(mail: FiledMail): Html {
  return document(
    mail.subject,
    html`<p><a href="/dev/mail">All mail</a></p>
      <h1 dir="auto">${mail.subject}</h1>
      <dl>
        <dt>From</dt>
        <dd dir="auto">${mail.from.name} &lt;${mail.from.address}&gt;</dd>
        <dt>To</dt>
        <dd>${mail.to}</dd>
        <dt>At</dt>
        <dd><time>${when(mail)}</time> UTC</dd>
        <dt>Id</dt>
        <dd>${mail.id}</dd>
      </dl>
      <h2>As HTML</h2>
      <iframe
        title="The mail as HTML"
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        srcdoc="${openingLinksOutside(mail.html)}"
      ></iframe>
      <h2>As text</h2>
      <pre tabindex="0" dir="auto">${mail.text}</pre>`,
  )
}

/** A link in the frame opens a tab of its own: inside, nothing may load. */
function openingLinksOutside(text: string): string {
  return text.replace('<head>', '<head><base target="_blank">')
}

function document(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `
}

const style = html`<style>
  body {
    font:
      16px/1.5 system-ui,
      sans-serif;
    max-width: 48rem;
    margin: 0 auto;
    padding: 1rem;
  }
  ul {
    list-style: none;
    padding: 0;
  }
  li a {
    display: block;
    padding: 0.75rem 0;
    border-bottom: 1px solid #8886;
  }
  li a,
  h1,
  dd {
    overflow-wrap: anywhere;
  }
  li strong,
  li span {
    display: block;
  }
  time {
    opacity: 0.75;
  }
  a:focus-visible,
  pre:focus-visible,
  iframe:focus-visible {
    outline: 3px solid;
    outline-offset: 2px;
  }
  dl {
    display: grid;
    grid-template-columns: max-content 1fr;
    gap: 0.25rem 1rem;
  }
  dd {
    margin: 0;
  }
  iframe {
    width: 100%;
    height: 32rem;
    border: 1px solid #8886;
    background: #fff;
    resize: vertical;
  }
  pre {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    padding: 1rem;
    border: 1px solid #8886;
  }
</style>`
