import type { Context } from '../../context.ts'
import { csvTable, type Cell } from '../../csv.ts'
import { formatMinor } from '../../core/money.ts'
import type { Principal } from '../access/permissions.ts'
import { exportLog, record } from '../audit/log.ts'
import { getCart } from '../cart/cart.ts'
import { cartView } from '../cart/views.ts'
import { moneyView } from '../catalog/views.ts'
import { getLedger, listStoreCredits } from '../credit/credit.ts'
import { listAddresses } from '../customer/addresses.ts'
import { assertMayManage, getCustomer, lockAccount } from '../customer/customers.ts'
import { customerView } from '../customer/views.ts'
import { groupIdsOf, listGroups } from '../group/groups.ts'
import { subscriptionsOf } from '../inventory/subscriptions.ts'
import { ordersOf } from '../order/export.ts'
import type { Order } from '../order/orders.ts'
import { orderView } from '../order/views.ts'
import { listKeysOf, listSessionsOf, listSignInWays } from './queries.ts'
import { zipped, type ZipFile } from './zip.ts'

type Pages = AsyncIterable<readonly object[]>

/** Everything that the shop holds about somebody, in parts that are read when they are wanted. */
export interface PersonalData {
  readonly account: object
  /** By name; each can be read any number of times. */
  readonly lists: Readonly<Record<string, () => Pages>>
  readonly orders: () => AsyncIterable<readonly Order[]>
  readonly exportedAt: number
}

/** One's own data. Throws NOT_FOUND. */
export async function personalData(ctx: Context, id: string): Promise<PersonalData> {
  const customer = await getCustomer(ctx, { by: 'id', id })
  const { number: _, ...account } = customerView(customer)
  const { postal_address, password_changed_at } = customer
  const { db } = ctx
  return {
    account: timed({ ...account, postal_address, password_changed_at }),
    lists: {
      addresses: () => once(() => addressesOf(ctx, id)),
      sessions: () => once(() => listSessionsOf(db.long, { id })),
      sign_in: () => once(() => listSignInWays(db.long, { id })),
      api_keys: () => once(() => keysOf(ctx, id)),
      carts: () => once(() => cartsOf(ctx, id)),
      groups: () => once(() => groupsOf(ctx, id)),
      store_credit: () => once(() => creditOf(ctx, id)),
      stock_subscriptions: () => once(() => waitedFor(ctx, id)),
      log: () => logOf(ctx, id),
      orders: () => views(ctx, ordersOf(ctx, id)),
    },
    orders: () => ordersOf(ctx, id),
    exportedAt: ctx.clock.now(),
  }
}

/** The data of somebody who has asked the shop for them; the log says who has got them. */
export async function personalDataFor(
  ctx: Context,
  by: Principal,
  id: string,
): Promise<PersonalData> {
  await ctx.db.transaction(async (tx) => {
    await assertMayManage(tx, by, await lockAccount(tx, id))
    await record(ctx, tx, { action: 'account.exported', subject: ['account', id] })
  })
  return personalData(ctx, id)
}

/** Nothing is read before it is its turn: a failure that nobody waits for would end the process. */
async function* once(read: () => Promise<readonly object[]>): Pages {
  yield (await read()).map(timed)
}

const isTime = (name: string, value: unknown): value is number =>
  name.endsWith('_at') && typeof value === 'number'

/** Moments as people and programs read them: RFC 3339. */
function timed(row: object): object {
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    isTime(name, value) ? new Date(value).toISOString() : value,
  ])
  return Object.fromEntries(entries) as object
}

async function addressesOf({ db }: Context, customerId: string): Promise<object[]> {
  const saved = await listAddresses(db.long, customerId)
  return saved.map(({ id, address, isDefault, createdAt, updatedAt }) => ({
    ...{ id, ...address, default_for: isDefault },
    ...{ created_at: createdAt, updated_at: updatedAt },
  }))
}

async function keysOf({ db }: Context, id: string): Promise<object[]> {
  const rows = await listKeysOf(db.long, { id })
  return rows.map((row) => ({ ...row, permissions: JSON.parse(row.permissions) as string[] }))
}

async function cartsOf(ctx: Context, customerId: string): Promise<object[]> {
  const cart = await getCart(ctx, { customerId, sessionKey: undefined })
  return cart.id === undefined ? [] : [cartView(ctx, cart)]
}

async function groupsOf({ db }: Context, customerId: string): Promise<object[]> {
  const ids = new Set(await groupIdsOf(db.long, customerId))
  const groups = await listGroups(db.long)
  return groups.filter(({ id }) => ids.has(id)).map(({ code, name }) => ({ code, name }))
}

async function waitedFor({ db }: Context, customerId: string): Promise<object[]> {
  const rows = await subscriptionsOf(db.long, customerId)
  return rows.map(({ sku, name, email, status, created_at }) => ({
    ...{ sku, name, email, status, created_at },
  }))
}

async function creditOf({ db }: Context, customerId: string): Promise<object[]> {
  const accounts = await listStoreCredits(db.long, { customerId })
  const ledgers = await Promise.all(accounts.map(({ id }) => getLedger(db.long, id)))
  return ledgers.map(({ account, entries }) => ({
    ...moneyView(account.balance_minor, account.currency),
    entries: entries.map(({ kind, amount_minor, order_id, created_at }) =>
      timed({ kind, amount: formatMinor(amount_minor, account.currency), order_id, created_at }),
    ),
  }))
}

/** What the log knows of somebody's own doings; what others did is in it without their data. */
async function* logOf(ctx: Context, actorId: string): Pages {
  for await (const rows of exportLog(ctx, { actorId })) {
    yield rows.map(({ created_at, action, subject_kind, subject_id, ip }) =>
      timed({ created_at, action, subject_kind, subject_id, ip }),
    )
  }
}

async function* views(ctx: Context, pages: AsyncIterable<readonly Order[]>): Pages {
  for await (const orders of pages) yield orders.map((order) => orderView(ctx, order))
}

/** One JSON document, made while it is sent: no more than a page of orders is held at a time. */
export async function* jsonOf(data: PersonalData): AsyncGenerator<string> {
  const at = new Date(data.exportedAt).toISOString()
  yield `{"exported_at":${JSON.stringify(at)},\n"account":${JSON.stringify(data.account)}`
  for (const [name, pages] of Object.entries(data.lists)) {
    yield `,\n${JSON.stringify(name)}:`
    yield* jsonArray(pages())
  }
  yield '}\n'
}

async function* jsonArray(pages: Pages): AsyncGenerator<string> {
  let before = '['
  for await (const rows of pages) {
    if (rows.length === 0) continue
    yield before + rows.map((row) => JSON.stringify(row)).join(',\n')
    before = ',\n'
  }
  yield before === '[' ? '[]' : ']'
}

/** The same as files: one of JSON for each part, and the orders as a table too. */
export function zipOf(data: PersonalData): AsyncGenerator<Uint8Array> {
  const files: ZipFile[] = [
    { name: 'account.json', chunks: [JSON.stringify(data.account, undefined, 2)] },
    ...Object.entries(data.lists).map(([name, pages]) => ({
      name: `${name}.json`,
      chunks: jsonArray(pages()),
    })),
    { name: 'orders.csv', chunks: csvTable(columns, data.orders()) },
  ]
  return zipped(files, data.exportedAt)
}

const amount =
  (name: AmountColumn) =>
  ({ order }: Order) =>
    formatMinor(order[name], order.currency)

type AmountColumn =
  | 'subtotal_minor'
  | 'discount_minor'
  | 'shipping_minor'
  | 'tax_minor'
  | 'total_minor'
  | 'captured_minor'

const columns: Readonly<Record<string, (order: Order) => Cell>> = {
  number: ({ order }) => order.number,
  created_at: ({ order }) => new Date(order.created_at).toISOString(),
  status: ({ order }) => order.status,
  items: ({ order }) => order.item_count,
  currency: ({ order }) => order.currency,
  subtotal: amount('subtotal_minor'),
  discount: amount('discount_minor'),
  shipping: amount('shipping_minor'),
  tax: amount('tax_minor'),
  total: amount('total_minor'),
  payment_method: ({ order }) => order.payment_method,
  payment_status: ({ order }) => order.payment_status,
  captured: amount('captured_minor'),
}
