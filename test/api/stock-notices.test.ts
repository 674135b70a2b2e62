import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchStock } from '../../src/domains/inventory/alerts.ts'
import { forgetOldSubscriptions, notifyWaiting } from '../../src/domains/inventory/subscriptions.ts'
import type { MailMessage } from '../../src/drivers/mail/driver.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { added, checkOut, refused, refusedField, testClock, unchanged } from './support.ts'
import { staffOf } from './stock-support.ts'

const day = 86_400_000

const alertsOf = async ({ ctx }: TestShop) =>
  (
    await ctx.db.read
      .selectFrom('stock_alerts')
      .select(['available', 'ended_at'])
      .orderBy('id')
      .execute()
  ).map(({ available, ended_at }) => [available, ended_at === null])

describeOnEveryDatabase('low stock', (openShop) => {
  test('is told to staff once for each time that it comes down to its threshold', async () => {
    await using shop = await openShop({ settings: { STOCK_ALERTS_TO: 'stock@example.com' } })
    const staff = await staffOf(shop)
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 5 })
    const at = `/variants/${variantId}/supply`
    const supply = await staff.done('PATCH', at, { low_stock_threshold: 3 })
    assert.equal(supply.low_stock_threshold, 3)
    const receive = (quantity: number) =>
      staff.done('POST', '/stock-adjustments', {
        ...{ variant_id: variantId, quantity, kind: 'adjustment' },
      })
    assert.equal(await watchStock(shop.ctx), 0)
    await added(shop, { session: 's' }, { variantId, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    await Promise.all([watchStock(shop.ctx), watchStock(shop.ctx)])
    assert.equal(await watchStock(shop.ctx), 0)
    await receive(-1)
    assert.equal(await watchStock(shop.ctx), 0)
    assert.deepEqual(await alertsOf(shop), [[3, true]])
    await receive(2)
    assert.equal(await watchStock(shop.ctx), 1)
    assert.deepEqual(await alertsOf(shop), [[3, false]])
    await receive(-4)
    assert.equal(await watchStock(shop.ctx), 1)
    assert.deepEqual(await alertsOf(shop), [
      [3, false],
      [0, true],
    ])
    const mails = (await shop.mails()).filter(({ to }) => to === 'stock@example.com')
    assert.deepEqual(mails.map(({ subject }) => subject).toSorted(), [
      `Low stock: 0 of ${sku} left`,
      `Low stock: 3 of ${sku} left`,
    ])
    const listed = async (query: string) =>
      (await staff.done('GET', `/stock-alerts${query}`)).map(
        ({ available }: { available: number }) => available,
      )
    assert.deepEqual(await listed(''), [0, 3])
    assert.deepEqual(await listed('?open=true'), [0])
    assert.deepEqual(await listed('?open=false'), [3])
    await staff.done('PATCH', at, { low_stock_threshold: null })
    await watchStock(shop.ctx)
    assert.deepEqual(await listed('?open=true'), [])
  })

  test('is told to nobody where nobody is named', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 1 })
    await staff.done('PATCH', `/variants/${variantId}/supply`, { low_stock_threshold: 1 })
    assert.equal(await watchStock(shop.ctx), 1)
    assert.deepEqual(await shop.mails(), [])
    assert.deepEqual(await alertsOf(shop), [[1, true]])
  })
})

/** Where a mail leads to. */
const linkIn = ({ text }: MailMessage, path: string): URL => {
  const found = new RegExp(`http\\S*${path}\\S*`).exec(text)
  assert.ok(found, text)
  return new URL(found[0])
}

/** Follows a link of a mail as a person would: looks at the page, and presses its button. */
async function press(shop: TestShop, link: URL): Promise<void> {
  const shown = await shop.call('GET', link.pathname + link.search)
  assert.equal(shown.status, 200, shown.text)
  const token = link.searchParams.get('token') ?? ''
  const pressed = await shop.call('POST', link.pathname, {
    raw: new URLSearchParams({ token }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.equal(pressed.status, 200, pressed.text)
}

const receive = async (shop: TestShop, variant_id: string, quantity: number) =>
  (await staffOf(shop)).done('POST', '/stock-adjustments', {
    ...{ variant_id, quantity, kind: 'receipt' },
  })

const statusesOf = async ({ ctx }: TestShop) =>
  (
    await ctx.db.read.selectFrom('stock_subscriptions').select('status').orderBy('id').execute()
  ).map(({ status }) => status)

describeOnEveryDatabase('who waits for an article', (openShop) => {
  const ask = (shop: TestShop, variant_id: string, email?: string) =>
    shop.call('POST', '/api/v1/stock-subscriptions', {
      session: 's',
      body: { variant_id, ...(email === undefined ? {} : { email }) },
    })

  test('confirms the address, and hears of it once', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 0, name: 'Lamp' })
    const first = await ask(shop, variantId, 'ada@example.com')
    assert.equal(first.status, 202, first.text)
    const again = await ask(shop, variantId, 'Ada@Example.com')
    assert.equal(again.text, first.text)
    const [confirmation, ...more] = await shop.mails()
    assert.ok(confirmation)
    assert.deepEqual([confirmation.to, more], ['ada@example.com', []])
    // Whoever only scans the mail confirms nothing.
    const link = linkIn(confirmation, '/stock-notices/confirm')
    await shop.call('GET', link.pathname + link.search)
    assert.deepEqual(await statusesOf(shop), ['unconfirmed'])
    await press(shop, link)
    await press(shop, link)
    assert.equal(await notifyWaiting(shop.ctx), 0)
    await receive(shop, variantId, 1)
    const told = await Promise.all([notifyWaiting(shop.ctx), notifyWaiting(shop.ctx)])
    assert.deepEqual(told.toSorted(), [0, 1])
    await receive(shop, variantId, 5)
    assert.equal(await notifyWaiting(shop.ctx), 0)
    const mails = await shop.mails()
    assert.deepEqual(
      mails.map(({ subject }) => subject),
      ['Shall we tell you when Lamp is there again?', 'Lamp is there again'],
    )
    assert.deepEqual(await statusesOf(shop), ['notified'])
  })

  test('that nobody has confirmed hears nothing', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await ask(shop, variantId, 'ada@example.com')
    await receive(shop, variantId, 1)
    assert.equal(await notifyWaiting(shop.ctx), 0)
    assert.equal((await shop.mails()).length, 1)
  })

  test('can stop waiting by the link in the mail, or in the account', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    await ask(shop, variantId, 'ada@example.com')
    const [mail] = await shop.mails()
    assert.ok(mail)
    const link = linkIn(mail, '/stock-notices/confirm')
    await press(shop, link)
    link.pathname = '/stock-notices/unsubscribe'
    await press(shop, link)
    await press(shop, link)
    assert.deepEqual(await statusesOf(shop), ['ended'])
    await receive(shop, variantId, 1)
    assert.equal(await notifyWaiting(shop.ctx), 0)
  })

  test('with an account sees what is waited for, and ends it', async () => {
    await using shop = await openShop()
    const { token, id } = await signUp(shop, { email: 'ada@example.com' })
    const { token: other } = await signUp(shop)
    await shop.ctx.db.transaction(
      async (tx) =>
        void (await tx
          .updateTable('customers')
          .set({ email_verified_at: 1 })
          .where('id', '=', id)
          .execute()),
    )
    const { variantId, sku } = await addProduct(shop.ctx, { onHand: 0 })
    const body = { variant_id: variantId }
    const made = await shop.call('POST', '/api/v1/stock-subscriptions', { token, body })
    assert.equal(made.status, 202, made.text)
    const path = '/api/v1/customers/me/stock-subscriptions'
    const [waiting] = (await shop.call('GET', path, { token })).body.data
    assert.deepEqual([waiting.sku, waiting.status], [sku, 'waiting'])
    assert.deepEqual((await shop.call('GET', path, { token: other })).body.data, [])
    const at = `${path}/${waiting.id}`
    refused(await shop.call('DELETE', at, { token: other }), 404, 'NOT_FOUND')
    assert.equal((await shop.call('DELETE', at, { token })).status, 200)
    refused(await shop.call('DELETE', at, { token }), 404, 'NOT_FOUND')
    assert.deepEqual((await shop.call('GET', path, { token })).body.data, [])
    assert.deepEqual(await shop.mails(), [])
  })

  test('is refused what makes no sense', async () => {
    await using shop = await openShop()
    const gone = await addProduct(shop.ctx, { onHand: 0 })
    const there = await addProduct(shop.ctx, { onHand: 1 })
    const { token } = await signUp(shop)
    await unchanged(shop, async () => {
      refusedField(await ask(shop, there.variantId, 'ada@example.com'), 'variant_id')
      refused(await ask(shop, gone.variantId), 422, 'EMAIL_REQUIRED')
      refusedField(await ask(shop, gone.variantId, 'nobody'), 'email')
      refused(await ask(shop, shop.ctx.newId(), 'ada@example.com'), 404, 'NOT_FOUND')
      const body = { variant_id: gone.variantId, email: 'else@example.com' }
      refusedField(await shop.call('POST', '/api/v1/stock-subscriptions', { token, body }), 'email')
      for (const page of ['confirm', 'unsubscribe']) {
        for (const bad of ['x', `${gone.variantId}.x`]) {
          const shown = await shop.call('GET', `/stock-notices/${page}?token=${bad}`)
          assert.equal(shown.status, 401)
        }
      }
    })
  })

  test('is forgotten when it is over, and when the account goes', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const { variantId } = await addProduct(shop.ctx, { onHand: 0 })
    const forget = () => shop.ctx.db.transaction((tx) => forgetOldSubscriptions(shop.ctx, tx))
    await ask(shop, variantId, 'bob@example.com')
    clock.advance(6 * day)
    await forget()
    assert.deepEqual(await statusesOf(shop), ['unconfirmed'])
    clock.advance(2 * day)
    await forget()
    assert.deepEqual(await statusesOf(shop), [])
    await ask(shop, variantId, 'ada@example.com')
    const { token, password } = await signUp(shop, { email: 'ada@example.com' })
    const body = { current_password: password }
    const erased = await shop.call('DELETE', '/api/v1/customers/me', { token, body })
    assert.equal(erased.status, 200, erased.text)
    assert.deepEqual(await statusesOf(shop), [])
  })
})
