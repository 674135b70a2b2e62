import type { Context } from '../context.ts'
import { findAddress, findDueLink, type DueLink } from '../domains/customer/links.ts'
import { unsealText } from '../domains/customer/notices.ts'
import type { TokenPurpose } from '../domains/customer/tables.ts'
import {
  accountErased,
  alreadyRegistered,
  emailChangeConfirmNew,
  emailChangeConfirmOld,
  emailChanged,
  emailChangeRefused,
  passwordChanged,
  resetPassword,
  verifyEmail,
} from './account-letters.ts'
import { storeUrl, type MailContent } from './letter.ts'
import { storeOf, write } from './store.ts'
import type { Mail, MailMaker } from './topics.ts'

const paths = {
  verify_email: '/account/verify',
  reset_password: '/account/reset',
  change_email_old: '/account/email-change',
  change_email_new: '/account/email-change',
} as const satisfies Record<TokenPurpose, string>

function linkContent(ctx: Context, link: DueLink): MailContent {
  const { purpose, token, validFor, newEmail, isTaken } = link
  const data = { url: storeUrl(storeOf(ctx), paths[purpose], { token }), validFor, newEmail }
  switch (purpose) {
    case 'verify_email':
      return write(ctx, verifyEmail, data)
    case 'reset_password':
      return write(ctx, isTaken ? alreadyRegistered : resetPassword, data)
    case 'change_email_old':
      return write(ctx, emailChangeConfirmOld, data)
    case 'change_email_new':
      return write(ctx, emailChangeConfirmNew, data)
  }
}

async function mailWithLink(ctx: Context, tokenId: unknown): Promise<Mail | undefined> {
  const link = await findDueLink(ctx, String(tokenId))
  return link && { to: link.to, ...linkContent(ctx, link) }
}

interface NoticePayload {
  readonly account_id: unknown
  readonly sealed_email: unknown
  readonly at: unknown
}

type Content = (data: { at: number; newEmail: string }) => MailContent

/** To the address of the time, unless the account is gone: then that is what they are told. */
async function notice(
  ctx: Context,
  { account_id, sealed_email, at }: NoticePayload,
  content: Content,
): Promise<Mail | undefined> {
  const to = unsealText(ctx, sealed_email)
  const newEmail = await findAddress(ctx, String(account_id))
  if (to === undefined || newEmail === undefined) return undefined
  return { to, ...content({ at: Number(at), newEmail }) }
}

/** Every event of an account that its owner is written to about. */
export const accountMails: {
  readonly [
    T in
      | 'account.link_due'
      | 'account.password_changed'
      | 'account.email_changed'
      | 'account.email_change_refused'
      | 'account.erased'
  ]: MailMaker<T>
} = {
  'account.link_due': (ctx, { token_id }) => mailWithLink(ctx, token_id),
  'account.password_changed': (ctx, payload) =>
    notice(ctx, payload, (data) => write(ctx, passwordChanged, data)),
  'account.email_changed': (ctx, payload) =>
    notice(ctx, payload, (data) => write(ctx, emailChanged, data)),
  'account.email_change_refused': (ctx, payload) =>
    notice(ctx, payload, (data) => write(ctx, emailChangeRefused, data)),
  'account.erased': (ctx, { sealed_email, at }) => {
    const to = unsealText(ctx, sealed_email)
    const mail = to && { to, ...write(ctx, accountErased, { at: Number(at) }) }
    return Promise.resolve(mail || undefined)
  },
}
