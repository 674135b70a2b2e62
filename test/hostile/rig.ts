import assert from 'node:assert/strict'
import { createCategory } from '../../src/domains/catalog/categories.ts'
import { hostileStrings, someStrings } from './corpus.ts'
import { createApiKey } from '../../src/domains/access/api-keys.ts'
import { createRole } from '../../src/domains/access/roles.ts'
import { register } from '../../src/domains/customer/customers.ts'
import { startTracking } from '../../src/domains/unit/tracking.ts'
import { receiveUnits } from '../../src/domains/unit/units.ts'
import { addProduct, checkoutBody, freshToken, signUp, unrestricted } from '../support/shop.ts'
import type { Answer, CallOptions, OpenShop, TestShop } from '../support/shop.ts'
import { listOperations, sampleOf, type Known, type Operation } from './openapi.ts'
import { assertDecent } from './verdict.ts'

const ample = 1_000_000_000
export const session = 'victim'

/** A shop with something of everything to aim at, and the operations to aim with. */
export interface Rig extends AsyncDisposable {
  readonly shop: TestShop
  readonly operations: readonly Operation[]
  readonly token: string
  readonly variantId: string
  /** Values for path parameters, all of them real. */
  pathOf(operation: Operation, change?: Readonly<Record<string, string>>): string
  bodyOf(operation: Operation): unknown
  /** Sends a request of this operation, from somebody who may, and judges the answer. */
  send(operation: Operation, request: Sent): Promise<Answer>
}

export interface Sent extends CallOptions {
  readonly path: string
  /** What was put into the request, which the answer may repeat. */
  readonly hostile: readonly string[]
}

export async function openRig(openShop: OpenShop): Promise<Rig> {
  const shop = await openShop()
  const bought = await addProduct(shop.ctx, { onHand: ample, priceMinor: 1 })
  const victim = await addProduct(shop.ctx, { onHand: ample })
  const doomed = await addProduct(shop.ctx)
  const doomedUser = await signUp(shop)
  const { token } = await signUp(shop, { role: 'admin' })
  const own = await signUp(shop)
  await createRole(shop.ctx, unrestricted, roleOf('victim'))
  await createRole(shop.ctx, unrestricted, roleOf('doomed'))
  const doomedKey = await newKey(shop)
  const [unit = '', doomedUnit = ''] = await newUnits(shop)
  const category = await createCategory(shop.ctx, { name: 'Victims', description: '' })
  const doomedCategory = await createCategory(shop.ctx, { name: 'Doomed', description: '' })
  const add = await shop.call('POST', '/api/v1/cart/items', {
    session,
    body: { variant_id: bought.variantId, quantity: 1 },
  })
  const line = add.body.data.lines[0] as { id: string; number: number }
  const filled: string[] = []
  const known = knownValues({ product: bought.number, variantId: bought.variantId })
  const targets: Targets = {
    products: [String(victim.number), String(doomed.number)],
    categories: [category, doomedCategory],
    users: [String(doomedUser.number), String(doomedUser.number)],
    accounts: [String(doomedUser.number), String(doomedUser.number)],
    roles: ['victim', 'doomed'],
    'api-keys': [doomedKey, doomedKey],
    sessions: [doomedUser.id, doomedUser.id],
    variants: [victim.variantId, victim.variantId],
    stock: [victim.variantId, victim.variantId],
    units: [unit, doomedUnit],
    'product-descriptions': [String(victim.number), String(doomed.number)],
    desc_id: [String(bought.number), String(bought.number)],
    items: [line.id, line.id],
    item_id: [String(line.number), String(line.number)],
    product_id: [String(bought.number), String(bought.number)],
    session_id: [session, session],
    file: [`${bought.number}.svg`, `${bought.number}.svg`],
  }
  return {
    shop,
    operations: await listOperations(shop),
    token,
    variantId: bought.variantId,
    pathOf: (operation, change = {}) => pathOf(targets, operation, change),
    bodyOf: ({ body, bodyExample }) => {
      const example = typeof bodyExample === 'object' ? { ...bodyExample } : {}
      return body && { ...example, ...(sampleOf(body, known) as object) }
    },
    send: async (operation, request) => {
      if (!operation.path.endsWith('/checkout')) {
        const caller = isAboutOneself(operation)
          ? { token: await freshToken(shop, own) }
          : { token }
        return send(shop, { operation, caller: operation.isOpen ? { session } : caller }, request)
      }
      // A cart that was refused can be tried again.
      const buyer = filled.pop() ?? (await fillCart(shop, bought.variantId))
      const answer = await send(shop, { operation, caller: { session: buyer } }, request)
      if (answer.status !== 201) filled.push(buyer)
      return answer
    },
    [Symbol.asyncDispose]: async () => shop[Symbol.asyncDispose](),
  }
}

/** Those that end sessions, so that each needs one of its own. */
export const isAboutOneself = ({ path }: Operation): boolean =>
  /\/(sessions|me|profile)(\/|$)/.test(path)

const roleOf = (code: string) => ({ code, name: code, description: '', permissions: [] })

async function newKey({ ctx }: TestShop): Promise<string> {
  const { id } = await register(ctx, { email: 'keys@example.com', password: undefined })
  const owner = { ...unrestricted, accountId: id }
  const wanted = { name: 'Doomed', permissions: [], expiresAt: undefined }
  return (await createApiKey(ctx, owner, wanted)).key.id
}

/** Two units of an article that is tracked by unit, by their ids. */
async function newUnits({ ctx }: TestShop): Promise<string[]> {
  const { variantId } = await addProduct(ctx, { onHand: 2 })
  return ctx.db.transaction(async (tx) => {
    await startTracking(ctx, tx, { variantId, serials: 'generated' })
    const more = { variantId, location: undefined, serials: ['RIG-1', 'RIG-2'], note: undefined }
    return (await receiveUnits(ctx, tx, more)).map(({ id }) => id)
  })
}

let count = 0
const next = () => String(++count)

function knownValues({ product, variantId }: { product: number; variantId: string }): Known {
  return {
    product_id: () => product,
    variant_id: () => variantId,
    email: () => `hostile-${next()}@example.com`,
    username: () => `hostile_${next()}`,
    password: () => 'Correct-Horse-1',
    sku: () => `HOSTILE-${next()}`,
    name: () => `Sample ${next()}`,
    address: () => '12 St James Square',
    price: () => '1.00',
    country: () => 'GB',
    payment_method: () => 'manual',
    url: () => 'https://example.com/a.png',
    item_id: () => 1,
    code: () => `code_${next()}`,
    role: () => 'support',
    permissions: () => ['order:read'],
  }
}

/** By name of the parameter or of the collection before it: what to change, and what to delete. */
type Targets = Readonly<Record<string, readonly [string, string]>>

function pathOf(
  targets: Targets,
  { method, path }: Operation,
  change: Readonly<Record<string, string>>,
): string {
  return path.replace(/(\w[\w-]*)\/\{(\w+)\}/g, (_, collection: string, name: string) => {
    const [target, doomed] = targets[name] ?? targets[collection] ?? ['1', '1']
    const value = change[name] ?? (method === 'DELETE' ? doomed : target)
    return `${collection}/${encoded(value)}`
  })
}

/** Unpaired surrogates have no encoding; they become what every encoder makes of them. */
export const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())

async function send(
  shop: TestShop,
  { operation: { method }, caller }: { operation: Operation; caller: CallOptions },
  { path, hostile, ...options }: Sent,
): Promise<Answer> {
  const answer = await shop.call(method, path, { ...caller, ...options })
  const contentType = answer.headers.get('content-type') ?? ''
  const shown = `${method} ${path} ${JSON.stringify(options.body ?? null)}`
  assertDecent({ status: answer.status, text: answer.text, contentType }, shown, hostile)
  return answer
}

async function fillCart(shop: TestShop, variantId: string): Promise<string> {
  const buyer = `buyer-${next()}`
  const body = { variant_id: variantId, quantity: 1 }
  const answer = await shop.call('POST', '/api/v1/cart/items', { session: buyer, body })
  assert.equal(answer.status, 201, answer.text)
  return buyer
}

/** All strings on the embedded database, some on the others. */
export function stringsFor({ ctx }: TestShop): readonly string[] {
  return ctx.db.dialect.can.rowLocks ? someStrings : hostileStrings
}

/** After all that: the books are right, and somebody can still buy something. */
export async function assertShopWorks({ shop, variantId }: Rig): Promise<void> {
  await shop.assertAudit()
  const buyer = { session: 'an-honest-buyer' }
  const item = { variant_id: variantId, quantity: 2 }
  const added = await shop.call('POST', '/api/v1/cart/items', { ...buyer, body: item })
  assert.equal(added.status, 201, added.text)
  const placed = await shop.call('POST', '/api/v1/checkout', { ...buyer, body: checkoutBody })
  assert.equal(placed.status, 201, placed.text)
  assert.equal(placed.body.data.subtotal.amount, '0.02')
  const { number, token } = placed.body.data as { number: number; token: string }
  const read = await shop.call('GET', `/api/v1/orders/${number}?token=${token}`)
  assert.equal(read.status, 200, read.text)
  await assertListsWork(shop)
  await shop.assertAudit()
}

async function assertListsWork(shop: TestShop): Promise<void> {
  let next: string | undefined = '/api/v1/products?per_page=100'
  while (next !== undefined) {
    const page: Answer = await shop.call('GET', next)
    assert.equal(page.status, 200, page.text)
    next = (page.body.links as { next?: string }).next
  }
  for (const path of ['/api/v1/categories', '/api/v1/brands', '/api/v1/cart', '/openapi.json']) {
    const answer = await shop.call('GET', path, { session })
    assert.equal(answer.status, 200, answer.text)
  }
}
