import type { Context } from '../context.ts'
import { findAlert } from '../domains/inventory/alerts.ts'
import { findSubscription, subscriptionToken } from '../domains/inventory/subscriptions.ts'
import { storeUrl } from './letter.ts'
import { backInStock, confirmStockNotice, lowStock, type StockNoticeData } from './stock-letters.ts'
import { storeOf, write } from './store.ts'
import type { Mail, MailMaker } from './topics.ts'

/** Mails about what is there and what is not. */
export const stockMails = {
  'stock.subscription_made': (ctx, { subscription_id: id }) =>
    notice(ctx, String(id), { status: 'unconfirmed', letter: confirmStockNotice }),
  'stock.back_in_stock': (ctx, { subscription_id: id }) =>
    notice(ctx, String(id), { status: 'notified', letter: backInStock }),
  'stock.low': aboutLowStock,
} satisfies {
  'stock.subscription_made': MailMaker<'stock.subscription_made'>
  'stock.back_in_stock': MailMaker<'stock.back_in_stock'>
  'stock.low': MailMaker<'stock.low'>
}

interface Notice {
  /** What the subscription must be for the mail to be written. */
  readonly status: string
  readonly letter: typeof confirmStockNotice
}

async function notice(
  ctx: Context,
  id: string,
  { status, letter }: Notice,
): Promise<Mail | undefined> {
  const found = await findSubscription(ctx.db.read, id)
  if (found?.status !== status) return undefined
  const store = storeOf(ctx)
  const token = subscriptionToken(ctx, id)
  const data: StockNoticeData = {
    product: found.name,
    sku: found.sku,
    productUrl: storeUrl(store, `/api/v1/products/${found.product_number}`),
    confirmUrl: storeUrl(store, '/stock-notices/confirm', { token }),
    unsubscribeUrl: storeUrl(store, '/stock-notices/unsubscribe', { token }),
  }
  return { to: found.email, ...write(ctx, letter, data) }
}

/** To whoever looks after the stock, if the shop says who that is. */
async function aboutLowStock(
  ctx: Context,
  { alert_id: id }: { readonly alert_id: unknown },
): Promise<Mail | undefined> {
  const to = ctx.config.inventory.alertsTo
  const alert = to === undefined ? undefined : await findAlert(ctx.db.read, String(id))
  if (!alert || to === undefined) return undefined
  const { product_name: product, sku, available, threshold } = alert
  return { to, ...write(ctx, lowStock, { product, sku, available, threshold }) }
}
