import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { html, type Html } from '../../core/html.ts'
import type { App } from '../../http/app.ts'
import { clientOf } from '../../http/auth.ts'
import { toShopError } from '../../http/errors.ts'
import { acceptForms, sendPage } from '../../http/page.ts'
import { registerNoticePages } from '../inventory/notice-routes.ts'
import { agreeToEmailChange } from './email-change.ts'
import { peekToken } from './one-time-tokens.ts'
import { resetPassword } from './password-reset.ts'
import { ResetFormBody, TokenBody, TokenQuery } from './schema.ts'
import type { TokenPurpose } from './tables.ts'
import { verifyEmail } from './verification.ts'

const hidden = { hide: true } as const
const config = { allow: 'public', rateClass: 'reset' } as const

/**
 * The pages that links in mails lead to, for people without a program of their own. To look at one
 * changes nothing: mail programs follow links to scan them. The token proves who posts the form, so
 * that another site, which does not know it, can do nothing with it.
 */
export function registerLinkPages(app: App, ctx: Context): void {
  acceptForms(app)
  app.setErrorHandler((error, request, reply) => {
    const refusal = toShopError(ctx, error)
    if (refusal.status >= 500) ctx.log.error({ reqId: request.id, err: error }, 'page failed')
    return sendRefusal(ctx, reply, refusal)
  })
  registerVerifyPage(app, ctx)
  registerResetPage(app, ctx)
  registerChangePage(app, ctx)
  registerNoticePages(app, ctx)
}

function sendRefusal(ctx: Context, reply: FastifyReply, refusal: ShopError): FastifyReply {
  const isLink = refusal.code === 'INVALID_LINK' || refusal.code === 'VALIDATION_ERROR'
  const text = isLink ? new ShopError('INVALID_LINK') : refusal
  reply.code(refusal.status)
  return sendPage(ctx, reply, {
    title: isLink ? 'This link does not work' : 'That did not work',
    body: html`<p role="alert">${text.message} ${text.hint}</p>`,
  })
}

/** Says at once when a link is of no use, rather than after somebody has filled in a form. */
async function assertGood(
  ctx: Context,
  token: string,
  purposes: readonly TokenPurpose[],
): Promise<void> {
  await peekToken(ctx, ctx.db.read, { token, purposes })
}

function form(action: string, token: string, fields: Html): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="token" value="${token}" />${fields}
  </form>`
}

function registerVerifyPage(app: App, ctx: Context): void {
  const path = '/account/verify'
  const title = 'Confirm your e-mail address'
  app.get(
    path,
    { schema: { ...hidden, querystring: TokenQuery }, config },
    async (request, reply) => {
      const { token } = request.query
      await assertGood(ctx, token, ['verify_email'])
      const body = form(path, token, html`<button>Confirm</button>`)
      return sendPage(ctx, reply, { title, body })
    },
  )
  app.post(path, { schema: { ...hidden, body: TokenBody }, config }, async (request, reply) => {
    await verifyEmail(ctx, request.body.token)
    const body = html`<p role="status">Thank you: your address is confirmed. You can sign in.</p>`
    return sendPage(ctx, reply, { title: 'Your address is confirmed', body })
  })
}

function registerResetPage(app: App, ctx: Context): void {
  const path = '/account/reset'
  const title = 'Choose a new password'
  app.get(
    path,
    { schema: { ...hidden, querystring: TokenQuery }, config },
    async (request, reply) => {
      const { token } = request.query
      await assertGood(ctx, token, ['reset_password'])
      return sendPage(ctx, reply, { title, body: form(path, token, passwordFields()) })
    },
  )
  const schema = { ...hidden, body: ResetFormBody }
  app.post(path, { schema, config }, async (request, reply) => {
    const { token, new_password: password } = request.body
    try {
      await resetPassword(ctx, { token, password, client: clientOf(request) })
    } catch (error) {
      const { status, details } = toShopError(ctx, error)
      if (details['field'] !== 'new_password') throw error
      const body = form(path, token, passwordFields(String(details['issue'])))
      return sendPage(ctx, reply.code(status), { title, body })
    }
    const body = html`<p role="status">Your password is changed. Sign in with it.</p>`
    return sendPage(ctx, reply, { title: 'Your password is changed', body })
  })
}

/** `issue` is what is wrong with the password that was sent. */
function passwordFields(issue?: string): Html {
  const refusal = html`<p class="issue" id="issue" role="alert">The password ${issue ?? ''}.</p>`
  return html`${issue === undefined ? html`` : refusal}
    <label for="password">New password</label>
    <input
      id="password"
      name="new_password"
      type="password"
      autocomplete="new-password"
      minlength="8"
      maxlength="200"
      aria-describedby="${issue === undefined ? 'rules' : 'issue rules'}"
      aria-invalid="${String(issue !== undefined)}"
      required
      autofocus
    />
    <small id="rules">At least 8 characters, with a capital, a small letter and a digit.</small>
    <button>Change my password</button>`
}

function registerChangePage(app: App, ctx: Context): void {
  const path = '/account/email-change'
  const title = 'Change your e-mail address'
  const purposes = ['change_email_old', 'change_email_new'] as const
  app.get(
    path,
    { schema: { ...hidden, querystring: TokenQuery }, config },
    async (request, reply) => {
      const { token } = request.query
      const { data } = await peekToken(ctx, ctx.db.read, { token, purposes })
      const question = html`<p>The account is to use <strong dir="auto">${data.email}</strong>.</p>
        <button>Agree</button>`
      return sendPage(ctx, reply, { title, body: form(path, token, question) })
    },
  )
  app.post(path, { schema: { ...hidden, body: TokenBody }, config }, async (request, reply) => {
    const state = await agreeToEmailChange(ctx, request.body.token, clientOf(request))
    const body = html`<p role="status">${outcomes[state]}</p>`
    return sendPage(ctx, reply, { title: 'Thank you', body })
  })
}

const outcomes = {
  waiting: 'The change takes effect when the other address has agreed too: look for a mail there.',
  agreed: 'Both addresses have agreed. A mail to the old one tells what came of it.',
} as const
