import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { readSecrets } from '../../src/config/secrets.ts'
import { createContext, type Context } from '../../src/context.ts'
import { formatMinor } from '../../src/core/money.ts'
import { firstTokens, startSession } from '../../src/domains/access/sessions.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { insertProducts, type NewProduct } from '../../src/domains/catalog/writes.ts'
import { insertAccount } from '../../src/domains/customer/customers.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { spareStock } from './articles.ts'
import { post } from './drive.ts'
import { currency } from './history.ts'

export interface Totals {
  readonly pence: bigint
  readonly units: bigint
}

export interface BooksExpected {
  readonly returned: ReadonlyMap<string, number>
  /** Numbers of orders. */
  readonly before: ReadonlySet<number>
}

/** The shop in which the history is repeated. */
export interface Target extends AsyncDisposable {
  readonly url: string
  /** Creates the articles; returns the id of every variant by its SKU. */
  stock(products: readonly NewProduct[]): Promise<Map<string, string>>
  /** Lets somebody of the shop in. */
  staffToken(): Promise<string>
  /**
   * What its books say, of all orders but those of `before`, less everything that was given back;
   * undefined where they cannot be seen. `returned` is what must be on the shelves again, by SKU.
   */
  readBooks(expected?: BooksExpected): Promise<Totals | undefined>
}

const chunkSize = 500

/** A shop of its own in a folder that is thrown away, trading in pounds and without tax. */
export async function openOwnShop(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'cartwright-replay-'))
  const raw = {
    ...readSettings({}),
    DATA_DIR: folder,
    MAIL_DRIVER: 'none',
    STORE_CURRENCY: currency,
    TAX_RATE: '0',
    HOST: '127.0.0.1',
    RATE_LIMIT: 'off',
  }
  const ctx = await createContext({
    config: configOf(raw),
    secrets: readSecrets(raw),
    log: createLog('warn'),
  })
  await prepareShop(ctx)
  const { app } = await buildApp(ctx)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    stock: (products) => stockThroughUseCases(ctx, products),
    staffToken: () => staffToken(ctx),
    readBooks: (expected = noReturns) => readBooks(ctx, expected),
    async [Symbol.asyncDispose]() {
      await app.close()
      await ctx[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function stockThroughUseCases(
  ctx: Context,
  products: readonly NewProduct[],
): Promise<Map<string, string>> {
  for (let at = 0; at < products.length; at += chunkSize) {
    const chunk = products.slice(at, at + chunkSize)
    await ctx.db.transaction((tx) => insertProducts(ctx, tx, chunk))
  }
  const rows = await ctx.db.read.selectFrom('variants').select(['id', 'sku']).execute()
  return new Map(rows.map(({ id, sku }) => [sku, id]))
}

const noReturns: BooksExpected = { returned: new Map(), before: new Set() }

/** Nobody signs in here: the session is written as a sign-in would write it. */
async function staffToken(ctx: Context): Promise<string> {
  const owner = { id: ctx.newId(), number: 1, email: 'staff@example.com' }
  const client = { ip: '127.0.0.1', userAgent: 'replay', requestId: 'replay' }
  const session = { owner, method: 'password' as const, client }
  const sessionId = await ctx.db.transaction(async (tx) => {
    await insertAccount(ctx, tx, { ...owner, username: undefined, role: 'admin', passwordHash: '' })
    return startSession(ctx, tx, session)
  })
  return (await firstTokens(ctx, session, sessionId)).accessToken
}

/** The audit must be clean and the shelves must hold what was to be left; then the sums count. */
async function readBooks(ctx: Context, { returned, before }: BooksExpected): Promise<Totals> {
  const violations = await audit(ctx)
  if (violations.length > 0) throw new Error(`the audit found ${JSON.stringify(violations)}`)
  const stock = await ctx.db.read
    .selectFrom('stock as s')
    .innerJoin('variants as v', 'v.id', 's.variant_id')
    .select(['v.sku', 's.on_hand', 's.reserved'])
    .execute()
  const wrong = stock.filter(
    ({ sku, on_hand, reserved }) =>
      reserved !== 0 || on_hand !== spareStock + (returned.get(sku) ?? 0),
  )
  if (wrong.length > 0) throw new Error(`left on the shelf: ${JSON.stringify(wrong.slice(0, 5))}`)
  const orders = await ctx.db.read
    .selectFrom('orders')
    .select(['number', 'total_minor', 'given_back_minor', 'item_count'])
    .where('status', 'not in', ['pending_payment', 'cancelled'])
    .execute()
  const sold = orders.filter(({ number }) => !before.has(number))
  const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + BigInt(one), 0n)
  const pence =
    sumOf(sold.map(({ total_minor }) => total_minor)) -
    sumOf(orders.map(({ given_back_minor }) => given_back_minor))
  const units = sumOf(sold.map(({ item_count }) => item_count)) - sumOf([...returned.values()])
  return { pence, units }
}

/** A shop that runs elsewhere, in pounds and without tax; its books stay its own. */
export function openRemoteShop(url: string, token: string): Target {
  return {
    url,
    stock: (products) => stockThroughApi(url, { token, products }),
    staffToken: () => Promise.resolve(token),
    readBooks: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

async function stockThroughApi(
  url: string,
  { token, products }: { token: string; products: readonly NewProduct[] },
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const { variants, slug, name, description } of products) {
    const body = {
      slug,
      name,
      description,
      variants: variants.map(({ sku, priceMinor, onHand, options }) => ({
        sku,
        options,
        price: formatMinor(priceMinor, currency),
        on_hand: onHand,
      })),
    }
    const text = await post(`${url}/api/v1/admin/products`, { token }, body)
    const { data } = JSON.parse(text) as {
      data: { price: { currency: string }; variants: { id: string; sku: string }[] }
    }
    if (data.price.currency !== currency)
      throw new Error(`the shop trades in ${data.price.currency}`)
    for (const { id, sku } of data.variants) ids.set(sku, id)
  }
  return ids
}
