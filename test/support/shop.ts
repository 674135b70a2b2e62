import { describe } from 'node:test'
import assert from 'node:assert/strict'
import type { Logger } from 'pino'
import { buildApp } from '../../src/app.ts'
import { configOf } from '../../src/config/config.ts'
import { readSettings, type RawSettings } from '../../src/config/read.ts'
import type { Secrets } from '../../src/config/secrets.ts'
import { createContext, type Clock, type Context } from '../../src/context.ts'
import { minor } from '../../src/core/money.ts'
import { firstTokens, startSession } from '../../src/domains/access/sessions.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { createProduct, type NewProduct } from '../../src/domains/catalog/writes.ts'
import { getCustomer, insertAccount } from '../../src/domains/customer/customers.ts'
import { hashPassword } from '../../src/domains/customer/passwords.ts'
import {
  allPermissions,
  permissionsOf,
  type Principal,
} from '../../src/domains/access/permissions.ts'
import { deliverPending } from '../../src/db/relay.ts'
import { workQueue } from '../../src/db/queue.ts'
import type { MailDriver, MailMessage } from '../../src/drivers/mail/driver.ts'
import { memoryMail } from '../../src/drivers/mail/memory.ts'
import type { PaymentDrivers } from '../../src/drivers/payment/driver.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { queuedSubscribers } from '../../src/subscribers.ts'
import { engines, reportMissing, type Engine } from './databases.ts'

export interface ShopOptions {
  readonly settings?: Partial<RawSettings>
  readonly clock?: Clock
  readonly payment?: PaymentDrivers
  /** Kept in memory if it is not given. */
  readonly mail?: MailDriver
  /** Besides those that every shop of the tests has. */
  readonly secrets?: Partial<Secrets>
  /** Silent if it is not given. */
  readonly log?: Logger
}

export interface CallOptions {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string
  readonly session?: string
  readonly key?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; tests look into it freely. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

export interface TestShop extends AsyncDisposable {
  readonly ctx: Context
  readonly url: string
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Has everything delivered that waits, and returns what has been written to people so far. */
  mails(): Promise<readonly MailMessage[]>
  /** Fails the test if any promise of the ledger is broken. */
  assertAudit(): Promise<void>
}

export type OpenShop = (options?: ShopOptions) => Promise<TestShop>

/** Runs a suite once per database that the test run has, each test on a shop of its own. */
export function describeOnEveryDatabase(name: string, suite: (openShop: OpenShop) => void): void {
  for (const engine of engines()) {
    describe(`${name} (${engine.name})`, () => {
      if (engine.missing === undefined) suite((options) => openShop(engine, options))
      else reportMissing(engine.name, engine.missing)
    })
  }
}

async function openShop(engine: Engine, options: ShopOptions = {}): Promise<TestShop> {
  const fresh = await engine.fresh()
  return openShopOn(fresh.url, options, async () => fresh[Symbol.asyncDispose]())
}

/** A whole shop on a database of its own, listening on a free port of this machine. */
export async function openShopOn(
  databaseUrl: string,
  options: ShopOptions,
  cleanUp: () => Promise<void>,
): Promise<TestShop> {
  const raw = { ...readSettings({}), ...quiet, ...options.settings }
  const memory = memoryMail()
  const ctx = await createContext({
    config: configOf({ ...raw, DATABASE_URL: databaseUrl }),
    secrets: { jwt: 'j'.repeat(43), cookie: 'c'.repeat(43), ...options.secrets },
    log: options.log ?? createLog('silent'),
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.payment ? { payment: options.payment } : {}),
    mail: options.mail ?? memory,
  })
  await prepareShop(ctx)
  const { app } = await buildApp(ctx)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    ctx,
    url,
    call: (method, path, callOptions) => call(url + path, method, callOptions),
    async mails() {
      await deliverAll(ctx)
      return memory.sent
    },
    assertAudit: async () => assert.deepEqual(await audit(ctx), []),
    async [Symbol.asyncDispose]() {
      await app.close()
      await ctx[Symbol.asyncDispose]()
      await cleanUp()
    },
  }
}

/** What the tests of one machine do not need. */
const quiet = {
  PORT: '0',
  HOST: '127.0.0.1',
  MAIL_PREVIEW: 'off',
  RATE_LIMIT: 'off',
} as const

/** As the jobs would, until nothing is left that is due. */
export async function deliverAll(ctx: Context): Promise<void> {
  while ((await deliverPending(ctx)) > 0);
  for (const subscriber of queuedSubscribers) while ((await workQueue(ctx, subscriber)) > 0);
}

async function call(url: string, method: string, options: CallOptions = {}): Promise<Answer> {
  const { body, raw, token, session, key } = options
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const headers = new Headers(options.headers)
  if (content !== undefined && !headers.has('content-type')) {
    headers.set('content-type', 'application/json')
  }
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (session !== undefined) headers.set('session-id', session)
  if (key !== undefined) headers.set('idempotency-key', key)
  const response = await fetch(url, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content as string }),
  })
  const text = await response.text()
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  const parsed: unknown = isJson && text !== '' ? JSON.parse(text) : undefined
  return { status: response.status, headers: response.headers, text, body: parsed }
}

let productCount = 0

/** A product with one variant, or with those given; returns what tests need to buy it. */
export async function addProduct(
  ctx: Context,
  given: Partial<NewProduct> & { priceMinor?: number; onHand?: number } = {},
): Promise<{ id: string; number: number; variantId: string; sku: string }> {
  productCount += 1
  const { priceMinor = 1_000, onHand = 10, ...product } = given
  const sku = `TEST-${process.pid}-${productCount}`
  const id = await createProduct(ctx, {
    name: `Product ${productCount}`,
    description: 'A thing to buy',
    slug: `product-${process.pid}-${productCount}`,
    variants: [{ sku, priceMinor: minor(priceMinor), onHand }],
    ...product,
  })
  const row = await ctx.db.read
    .selectFrom('products as p')
    .innerJoin('variants as v', 'v.product_id', 'p.id')
    .select(['p.number', 'v.id as variantId', 'v.sku'])
    .where('p.id', '=', id)
    .orderBy('v.position')
    .executeTakeFirstOrThrow()
  return { id, ...row }
}

const passwordOfTests = 'Correct-Horse-1'

/** A signed-in account. */
export async function signUp(
  shop: TestShop,
  given: { email?: string; role?: string; username?: string } = {},
): Promise<{ id: string; number: number; email: string; password: string; token: string }> {
  const { email = `user-${++productCount}@example.com`, role = 'customer', username } = given
  const { ctx } = shop
  const id = ctx.newId()
  const passwordHash = await hashOfTests()
  await ctx.db.transaction((tx) =>
    insertAccount(ctx, tx, { id, email, username, role, passwordHash }),
  )
  const { number } = await getCustomer(ctx, { by: 'id', id })
  const token = await freshToken(shop, { id, number, email })
  return { id, number, email, password: passwordOfTests, token }
}

let hashed: Promise<string> | undefined

/** Made once: hashes are slow on purpose. */
function hashOfTests(): Promise<string> {
  hashed ??= hashPassword(passwordOfTests)
  return hashed
}

/** Somebody signed in, for calling use-cases without a request. */
export function principalOf(account: { id: string; email?: string }, role = 'customer'): Principal {
  return {
    kind: 'account',
    accountId: account.id,
    id: account.id,
    name: account.email ?? 'somebody',
    customerId: account.id,
    permissions: permissionsOf(role, null),
  }
}

/** Somebody who may do everything, and is no account. */
export const unrestricted: Principal = {
  kind: 'key',
  accountId: '',
  id: '',
  name: 'the test',
  customerId: undefined,
  permissions: new Set(allPermissions),
}

/** A session of an account without the time that a password takes. */
export async function freshToken(
  { ctx }: TestShop,
  { id, number, email }: { id: string; number: number; email: string },
): Promise<string> {
  const client = { ip: '127.0.0.1', userAgent: 'test', requestId: 'test' }
  const session = { owner: { id, number, email }, method: 'password' as const, client }
  const sessionId = await ctx.db.transaction((tx) => startSession(ctx, tx, session))
  return (await firstTokens(ctx, session, sessionId)).accessToken
}

export const shippingInfo = {
  name: 'Ada Lovelace',
  address: '12 St James Square',
  city: 'London',
  postal_code: 'SW1Y 4JH',
  country: 'GB',
} as const

/** A checkout that goes through, for a guest. */
export const checkoutBody = {
  email: 'ada@example.com',
  shipping_info: shippingInfo,
  payment_method: 'test',
} as const
