import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { strFromU8, unzipSync } from 'fflate'
import { minor } from '../../src/core/money.ts'
import { adjustStoreCredit } from '../../src/domains/credit/credit.ts'
import { createGroup, joinGroup } from '../../src/domains/group/groups.ts'
import { createPromotion, type NewPromotion } from '../../src/domains/promotion/promotions.ts'
import { reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { folderMail, listMails, readMail } from '../../src/drivers/mail/folder.ts'
import { inParallel, tally } from '../race/support.ts'
import { tracesOf } from '../support/traces.ts'
import {
  addProduct,
  deliverAll,
  describeOnEveryDatabase,
  shippingInfo,
  signUp,
  type OpenShop,
  type TestShop,
} from '../support/shop.ts'
import { captured, gate, provider, silent } from './provider.ts'
import { added, cartOf, checkOut, orderStatuses, refused, testClock, unchanged } from './support.ts'

type Account = Awaited<ReturnType<typeof signUp>>

const address = { ...shippingInfo, phone: '+44 20 7946 0000', email: 'ada@private.example' }

async function buy(
  shop: TestShop,
  { token }: Account,
  change: { key?: string; email?: string } = {},
): Promise<number> {
  const { variantId } = await addProduct(shop.ctx, { name: 'Mug', priceMinor: 1_250, onHand: 5 })
  await added(shop, { token }, { variantId, quantity: 2 })
  const answer = await checkOut(
    shop,
    { token },
    { email: undefined, shipping_info: address, ...change },
  )
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data.number as number
}

async function keepAddress(shop: TestShop, { token }: Account): Promise<void> {
  const body = shippingInfo
  const answer = await shop.call('POST', '/api/v1/customers/me/addresses', { token, body })
  assert.equal(answer.status, 201, answer.text)
}

const erase = (shop: TestShop, { token, password }: Account, given?: string) =>
  shop.call('DELETE', '/api/v1/customers/me', {
    token,
    body: { current_password: given ?? password },
  })

async function orders({ ctx }: TestShop) {
  return ctx.db.read.selectFrom('orders').selectAll().orderBy('number').execute()
}

describeOnEveryDatabase('one’s own data', (openShop) => {
  async function shopWithData(open: OpenShop) {
    const shop = await open({ clock: testClock() })
    const account = await signUp(shop, { email: 'ada@example.com', username: 'ada_l' })
    const number = await buy(shop, account)
    await keepAddress(shop, account)
    const { variantId, sku } = await addProduct(shop.ctx)
    await added(shop, { token: account.token }, { variantId })
    const group = { code: 'regulars', name: 'Regulars', isTaxExempt: false }
    const { id: groupId } = await createGroup(shop.ctx, group)
    await joinGroup(shop.ctx, groupId, { by: 'id', id: account.id })
    const given = { customerId: account.id, currency: 'USD', amountMinor: minor(500), note: null }
    await shop.ctx.db.transaction((tx) => adjustStoreCredit(shop.ctx, tx, given))
    return { shop, account, number, sku }
  }

  test('come as JSON: account, sessions, cart, orders with lines and payment', async () => {
    const { shop, account, number, sku } = await shopWithData(openShop)
    await using _shop = shop
    const { token } = account
    const answer = await shop.call('GET', '/api/v1/customers/me/export', { token })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="my-data.json"')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { body: data } = answer
    assert.deepEqual(Object.keys(data), [
      ...[
        'exported_at',
        'account',
        'addresses',
        'sessions',
        'sign_in',
        'api_keys',
        'carts',
        'groups',
        'store_credit',
        'stock_subscriptions',
        'log',
        'orders',
      ],
    ])
    assert.equal(data.exported_at, '2026-11-21T10:30:00.000Z')
    assert.deepEqual([data.account.email, data.account.username], ['ada@example.com', 'ada_l'])
    assert.deepEqual(
      data.sessions.map(({ method, ip }: Record<string, string>) => [method, ip]),
      [['password', '127.0.0.1']],
    )
    const [saved] = data.addresses
    assert.deepEqual([saved.name, saved.city], ['Ada Lovelace', 'London'])
    assert.equal(data.sessions[0].created_at, '2026-11-21T10:30:00.000Z')
    assert.equal(data.carts[0].lines[0].variant.sku, sku)
    assert.deepEqual(data.groups, [{ code: 'regulars', name: 'Regulars' }])
    const entry = { kind: 'adjustment', amount: '5.00', order_id: null }
    const entries = [{ ...entry, created_at: '2026-11-21T10:30:00.000Z' }]
    assert.deepEqual(data.store_credit, [{ amount: '5.00', currency: 'USD', entries }])
    const [order] = data.orders
    assert.equal(order.number, number)
    assert.deepEqual(order.shipping_address, address)
    assert.deepEqual([order.lines[0].name, order.lines[0].quantity], ['Mug', 2])
    assert.deepEqual([order.payment.method, order.payment.status], ['test', 'captured'])
    assert.equal(order.timeline[0].type, 'created')
    assert.doesNotMatch(answer.text, /argon2|password_hash|refresh_hash/)
  })

  test('come as a ZIP that holds the same, and a table of the orders', async () => {
    const { shop, account, number } = await shopWithData(openShop)
    await using _shop = shop
    const headers = { authorization: `Bearer ${account.token}` }
    const path = `${shop.url}/api/v1/customers/me/export`
    const json = (await (await fetch(path, { headers })).json()) as Record<string, unknown>
    const response = await fetch(`${path}?format=zip`, { headers })
    assert.equal(response.headers.get('content-type'), 'application/zip')
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()))
    const { exported_at: _, ...parts } = json
    const names = Object.keys(parts).map((name) => `${name}.json`)
    assert.deepEqual(Object.keys(files), [...names, 'orders.csv'])
    for (const [name, part] of Object.entries(parts)) {
      const text = strFromU8(files[`${name}.json`] ?? new Uint8Array())
      assert.deepEqual(JSON.parse(text), part)
    }
    assert.equal(
      strFromU8(files['orders.csv'] ?? new Uint8Array()),
      'number,created_at,status,items,currency,subtotal,discount,shipping,tax,total,' +
        'payment_method,payment_status,captured\r\n' +
        `${number},2026-11-21T10:30:00.000Z,paid,2,USD,25.00,0.00,5.00,2.06,32.06,` +
        'test,captured,32.06\r\n',
    )
  })

  test('of more orders than a page are all there', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 200 })
    for (let count = 0; count < 103; count++) {
      await added(shop, { token: account.token }, { variantId })
      assert.equal((await checkOut(shop, { token: account.token })).status, 201)
    }
    const { token } = account
    const { body } = await shop.call('GET', '/api/v1/customers/me/export', { token })
    const numbers = (body.orders as { number: number }[]).map(({ number }) => number)
    assert.deepEqual(
      numbers,
      Array.from({ length: 103 }, (_, index) => 1_103 - index),
    )
  })

  test('are got for somebody by staff who may, which the log says', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    const support = await signUp(shop, { role: 'support' })
    const clerk = await signUp(shop, { role: 'finance' })
    const admin = await signUp(shop, { role: 'admin' })
    const path = (id: string) => `/api/v1/admin/accounts/${id}/export`
    const got = await shop.call('GET', path(account.id), { token: support.token })
    assert.equal(got.body.account.email, account.email)
    const entries = await shop.ctx.db.read
      .selectFrom('audit_entries')
      .select(['action', 'actor_id', 'subject_id'])
      .where('action', '=', 'account.exported')
      .execute()
    assert.deepEqual(
      entries.map((entry) => ({ ...entry })),
      [{ action: 'account.exported', actor_id: support.id, subject_id: account.id }],
    )
    await unchanged(shop, async () => {
      refused(await shop.call('GET', path(account.id), { token: clerk.token }), 403, 'FORBIDDEN')
      refused(await shop.call('GET', path(admin.id), { token: support.token }), 403, 'FORBIDDEN')
      const nobody = path('01a1ff62-0000-7000-8000-000000000000')
      refused(await shop.call('GET', nobody, { token: support.token }), 404, 'NOT_FOUND')
    })
    refused(await shop.call('GET', path(account.id)), 401, 'UNAUTHENTICATED')
  })
})

const oncePerCustomer: NewPromotion = {
  ...{ name: 'Welcome', isActive: true, priority: 0, group: null, isExclusive: false },
  ...{ startsAt: null, endsAt: null, limitTotal: null, budgetMinor: null, currency: null },
  limitPerCustomer: 1,
  conditions: [],
  benefit: { kind: 'percentage', percent: '10' },
}

describeOnEveryDatabase('erasing an account', (openShop) => {
  test('takes the person out of everything, and leaves the books as they are', async () => {
    await using shop = await openShop()
    const account = await signUp(shop, { email: 'ada@example.com', username: 'ada_l' })
    await createPromotion(shop.ctx, oncePerCustomer)
    const number = await buy(shop, account, { key: 'my-key' })
    await keepAddress(shop, account)
    const { variantId } = await addProduct(shop.ctx)
    await added(shop, { token: account.token }, { variantId })
    const [before] = await orders(shop)
    const answer = await erase(shop, account)
    assert.equal(answer.status, 200, answer.text)
    const [order] = await orders(shop)
    const region = { country: 'GB', postal_code: 'SW1Y 4JH' }
    const nobody = { name: 'erased', address: 'erased', city: 'erased', ...region }
    const { shipping_address, billing_address, ...rest } = order ?? assert.fail()
    assert.deepEqual(JSON.parse(shipping_address), nobody)
    assert.deepEqual(JSON.parse(billing_address), nobody)
    const { shipping_address: _a, billing_address: _b, ...kept } = before ?? assert.fail()
    assert.deepEqual(
      { ...rest },
      {
        ...kept,
        customer_id: null,
        email: `erased-${number}@invalid`,
        email_key: `erased-${number}@invalid`,
        name_key: '',
        version: kept.version + 1,
      },
    )
    await shop.mails()
    assert.deepEqual(await tracesOf(shop), [])
    await shop.assertAudit()
  })

  test('ends what the person could do, tells them, and lets them register again', async () => {
    await using shop = await openShop()
    const account = await signUp(shop, { email: 'ada@example.com' })
    assert.equal((await erase(shop, account)).status, 200)
    const { token, email, password } = account
    refused(await shop.call('GET', '/api/v1/customers/me', { token }), 401, 'INVALID_TOKEN')
    const login = await shop.call('POST', '/api/v1/sessions', { body: { email, password } })
    refused(login, 401, 'INVALID_CREDENTIALS')
    const told = await shop.mails()
    assert.deepEqual(
      told.map(({ to, subject }) => [to, subject]),
      [['ada@example.com', 'Your account at Cartwright was erased']],
    )
    const again = await signUp(shop, { email: 'ADA@example.com' })
    assert.notEqual(again.id, account.id)
    assert.deepEqual((await cartOf(shop, { token: again.token })).lines, [])
    const list = await shop.call('GET', '/api/v1/orders', { token: again.token })
    assert.deepEqual(list.body.data, [])
  })

  test('needs the password; a cookie is taken back with it', async () => {
    await using shop = await openShop()
    const account = await signUp(shop)
    await unchanged(shop, async () => {
      refused(await erase(shop, account, 'Wrong-Horse-1'), 401, 'INVALID_CREDENTIALS')
      const path = '/api/v1/customers/me'
      const bare = await shop.call('DELETE', path, { token: account.token, body: {} })
      refused(bare, 400, 'VALIDATION_ERROR')
    })
    const erased = await erase(shop, account)
    assert.match(erased.headers.get('set-cookie') ?? '', /session=;/)
  })

  test('is refused for the last administrator, and to staff who may do less', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const support = await signUp(shop, { role: 'support' })
    const account = await signUp(shop)
    await unchanged(shop, async () => {
      refused(await erase(shop, admin), 409, 'LAST_ADMIN')
    })
    const second = await signUp(shop, { role: 'admin' })
    const path = (id: string) => `/api/v1/admin/accounts/${id}`
    await unchanged(shop, async () => {
      const { token } = support
      refused(await shop.call('DELETE', path(second.id), { token }), 403, 'FORBIDDEN')
    })
    const { token } = support
    assert.equal((await shop.call('DELETE', path(account.id), { token })).status, 200)
    assert.equal((await erase(shop, admin)).status, 200)
  })

  test('stands in the log without a name, and once', async () => {
    await using shop = await openShop()
    const account = await signUp(shop, { email: 'ada@example.com' })
    const answers = await inParallel(20, 20, () => erase(shop, account))
    const counts = tally(answers)
    assert.equal(counts['200'], 1)
    // Passwords that are checked at this moment count as guesses.
    const known = ['200', '401 INVALID_TOKEN', '404 NOT_FOUND', '429 TOO_MANY_REQUESTS']
    assert.deepEqual(
      Object.keys(counts).filter((name) => !known.includes(name)),
      [],
    )
    const entries = await shop.ctx.db.read.selectFrom('audit_entries').selectAll().execute()
    assert.deepEqual(
      entries.map(({ action, actor_name, ip, subject_id }) => [action, actor_name, ip, subject_id]),
      [['account.erased', 'the owner', null, account.id]],
    )
    assert.equal((await shop.mails()).length, 1)
  })

  test('at the shop door does the same', async () => {
    await using shop = await openShop()
    const account = await signUp(shop, { email: 'ada@example.com' })
    const number = await buy(shop, account)
    const path = `/api/users/${account.number}`
    const answer = await shop.call('DELETE', path, { token: account.token })
    assert.equal(answer.status, 200, answer.text)
    const [order] = await orders(shop)
    assert.equal(order?.email, `erased-${number}@invalid`)
    await shop.mails()
    assert.deepEqual(await tracesOf(shop), [])
  })

  test('removes mails that were only filed, but the one that says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mail-'))
    const from = { name: 'Shop', address: 'shop@example.com' }
    await using shop = await openShop({ mail: folderMail({ folder, from }) })
    const account = await signUp(shop, { email: 'ada@example.com' })
    const other = await signUp(shop, { email: 'bob@example.com' })
    await buy(shop, account)
    await buy(shop, other, { email: 'bob@example.com' })
    await deliverAll(shop.ctx)
    assert.equal((await listMails(folder)).length, 2)
    await erase(shop, account)
    await deliverAll(shop.ctx)
    const mails = await Promise.all((await listMails(folder)).map((id) => readMail(folder, id)))
    assert.deepEqual(
      mails.map((mail) => `${mail?.to}: ${mail?.subject}`),
      [
        'ada@example.com: Your account at Cartwright was erased',
        'bob@example.com: Your order 1002 at Cartwright',
      ],
    )
    await rm(folder, { recursive: true })
  })
})

describeOnEveryDatabase('erasing while an order waits for its payment', (openShop) => {
  async function pendingOrder(open: OpenShop) {
    const rig = provider({ charge: silent, find: silent })
    const clock = testClock()
    const shop = await open({ payment: rig.drivers, clock })
    const account = await signUp(shop, { email: 'ada@example.com', username: 'ada_l' })
    const { variantId } = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, { token: account.token }, { variantId })
    const answer = await checkOut(shop, account, { key: 'k', shipping_info: address })
    refused(answer, 503, 'PAYMENT_UNAVAILABLE')
    assert.equal((await erase(shop, account)).status, 200)
    await shop.mails()
    const settle = async () => {
      clock.advance(60_000)
      await reconcileDue(shop.ctx)
      return shop.mails()
    }
    return { shop, rig, settle }
  }

  test('leaves it until it is paid, then takes the person out of it', async () => {
    const { shop, rig, settle } = await pendingOrder(openShop)
    await using _shop = shop
    const [waiting] = await orders(shop)
    assert.deepEqual([waiting?.status, waiting?.email], ['pending_payment', 'ada@example.com'])
    rig.find = (key) => Promise.resolve(captured(key))
    const mails = await settle()
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    const [order] = await orders(shop)
    assert.equal(order?.email, 'erased-1001@invalid')
    assert.deepEqual(await tracesOf(shop), [])
    assert.deepEqual(
      mails.map(({ subject }) => subject).filter((subject) => subject.startsWith('Your order')),
      [],
    )
    await shop.assertAudit()
  })

  test('leaves it until it has failed, then takes the person out of it', async () => {
    const { shop, rig, settle } = await pendingOrder(openShop)
    await using _shop = shop
    rig.find = () => Promise.resolve({ kind: 'failed', code: 'card_declined' })
    await settle()
    assert.deepEqual(await orderStatuses(shop.ctx), ['cancelled'])
    assert.deepEqual(await tracesOf(shop), [])
    await shop.assertAudit()
  })

  test('in the middle of a checkout loses no order', async () => {
    const door = gate()
    const rig = provider({
      async charge({ key }) {
        await door.pass()
        return captured(key)
      },
    })
    await using shop = await openShop({ payment: rig.drivers })
    const account = await signUp(shop, { email: 'ada@example.com', username: 'ada_l' })
    const { variantId } = await addProduct(shop.ctx, { onHand: 5 })
    await added(shop, { token: account.token }, { variantId })
    const running = checkOut(shop, account, { key: 'k', shipping_info: address })
    await door.reached
    assert.equal((await erase(shop, account)).status, 200)
    await shop.mails()
    door.open()
    assert.equal((await running).status, 201)
    await shop.mails()
    assert.deepEqual(await orderStatuses(shop.ctx), ['paid'])
    assert.deepEqual(await tracesOf(shop), [])
    await shop.assertAudit()
  })
})
