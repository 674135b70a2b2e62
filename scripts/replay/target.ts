import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { readSecrets } from '../../src/config/secrets.ts'
import { createContext, type Context } from '../../src/context.ts'
import { formatMinor } from '../../src/core/money.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { insertProducts, type NewProduct } from '../../src/domains/catalog/writes.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { spareStock } from './articles.ts'
import { post } from './drive.ts'
import { currency } from './history.ts'

export interface Totals {
  readonly pence: bigint
  readonly units: bigint
}

/** The shop in which the history is repeated. */
export interface Target extends AsyncDisposable {
  readonly url: string
  /** Creates the articles; returns the id of every variant by its SKU. */
  stock(products: readonly NewProduct[]): Promise<Map<string, string>>
  /** What its books say; undefined where they cannot be seen. */
  readBooks(): Promise<Totals | undefined>
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
    readBooks: () => readBooks(ctx),
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

/** The audit must be clean and the shelves must hold what was to be left; then the sums count. */
async function readBooks(ctx: Context): Promise<Totals> {
  const violations = await audit(ctx)
  if (violations.length > 0) throw new Error(`the audit found ${JSON.stringify(violations)}`)
  const wrong = await ctx.db.read
    .selectFrom('stock')
    .select(['variant_id', 'on_hand', 'reserved'])
    .where((either) =>
      either.or([either('on_hand', '<>', spareStock), either('reserved', '<>', 0)]),
    )
    .execute()
  if (wrong.length > 0) throw new Error(`left on the shelf: ${JSON.stringify(wrong.slice(0, 5))}`)
  const [row] = await ctx.db.read
    .selectFrom('orders')
    .select([sql<number>`sum(total_minor)`.as('pence'), sql<number>`sum(item_count)`.as('units')])
    .where('status', '=', 'placed')
    .execute()
  return { pence: BigInt(row?.pence ?? 0), units: BigInt(row?.units ?? 0) }
}

/** A shop that runs elsewhere, in pounds and without tax; its books stay its own. */
export function openRemoteShop(url: string, token: string): Target {
  return {
    url,
    stock: (products) => stockThroughApi(url, { token, products }),
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
