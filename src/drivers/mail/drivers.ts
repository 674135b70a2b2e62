import { outsideTransactions } from '../../db/scope.ts'
import type { MailAddress, MailDriver } from './driver.ts'
import { folderMail } from './folder.ts'
import { smtpMail, type SmtpTls } from './smtp.ts'

/** What the drivers need to know of the configuration. */
export interface MailSettings {
  readonly driver: 'folder' | 'smtp' | 'none'
  readonly from: MailAddress
  readonly folder: string
  readonly smtp: { readonly url: string; readonly tls: SmtpTls; readonly timeoutMs: number }
}

/** The configured driver; throws ConfigError if its settings cannot work. */
export function mailDriver({ driver, from, folder, smtp }: MailSettings): MailDriver {
  if (driver === 'none') return noMail
  if (driver === 'folder') return folderMail({ folder, from })
  return outsideTransactions('mail smtp', smtpMail({ ...smtp, from }))
}

/** Nobody is written to: for shops that announce by other means, and for measuring. */
const noMail: MailDriver = {
  code: 'none',
  send: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}
