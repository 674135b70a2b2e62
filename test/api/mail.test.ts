import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliveries } from '../support/deliveries.ts'
import type { Context } from '../../src/context.ts'
import { attemptsMax, retryDelayMs } from '../../src/core/backoff.ts'
import { enqueue } from '../../src/db/outbox.ts'
import { workQueue } from '../../src/db/queue.ts'
import { deliverPending } from '../../src/db/relay.ts'
import { RefusedError } from '../../src/db/subscriber.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import type { MailDriver } from '../../src/drivers/mail/driver.ts'
import { mailSubscriber } from '../../src/mail/subscriber.ts'
import { addProduct, deliverAll, describeOnEveryDatabase, type TestShop } from '../support/shop.ts'
import { added, checkOut, testClock } from './support.ts'

/** A mail server that does what the test says, and remembers the ids it was given. */
function rigged(behave: (id: string) => Promise<void> = () => Promise.resolve()) {
  const ids: string[] = []
  const rig = { ids, behave }
  const driver: MailDriver = {
    code: 'rigged',
    async send({ id }) {
      ids.push(id)
      await rig.behave(id)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return { ...rig, driver, set: (next: typeof behave) => void (rig.behave = next) }
}

const down = () => Promise.reject(new Error('connection refused'))

async function placeOrder(shop: TestShop, session = 'me'): Promise<{ id: string; number: number }> {
  const { variantId } = await addProduct(shop.ctx, { name: 'Mug', priceMinor: 1_250, onHand: 5 })
  await added(shop, { session }, { variantId, quantity: 2 })
  const answer = await checkOut(shop, { session })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data as { id: string; number: number }
}

const announce = (ctx: Context, orderIds: readonly string[]) =>
  ctx.db.transaction(async (tx) => {
    for (const order_id of orderIds) {
      await enqueue(ctx, tx, { topic: 'order.refunded', payload: { order_id, number: 1 } })
    }
  })

const work = (ctx: Context, stopping?: AbortSignal) => workQueue(ctx, mailSubscriber, stopping)

describeOnEveryDatabase('mail', (openShop) => {
  test('confirms an order once, to the address of the order', async () => {
    await using shop = await openShop({ settings: { PUBLIC_URL: 'https://shop.example.com' } })
    const { number } = await placeOrder(shop)
    const [mail, ...rest] = await shop.mails()
    assert.deepEqual(rest, [])
    assert.equal(mail?.to, 'ada@example.com')
    assert.equal(mail.subject, `Your order ${number} at Cartwright`)
    assert.match(mail.text, /\n2 × Mug +25\.00 USD\n/)
    assert.match(mail.text, /\nSubtotal +25\.00 USD\n/)
    assert.match(mail.text, /\nIt is paid\.\n/)
    assert.equal((await shop.mails()).length, 1)
    const link = /https:\/\/shop\.example\.com(\S+)/.exec(mail.text)?.[1] ?? ''
    const answer = await shop.call('GET', link)
    assert.deepEqual([answer.status, answer.body.data.number], [200, number])
    assert.deepEqual(await deliveries(shop.ctx), [])
    await shop.assertAudit()
  })

  test('tells of money that was given back', async () => {
    await using shop = await openShop()
    const { id, number } = await placeOrder(shop)
    await shop.mails()
    await announce(shop.ctx, [id])
    const mail = (await shop.mails()).at(-1)
    assert.equal(mail?.subject, `Your money for order ${number} at Cartwright`)
    assert.match(mail.text, /what you paid for it: \d+\.\d\d USD\./)
  })

  test('has the id of its event, whatever is told twice', async () => {
    const mail = rigged()
    await using shop = await openShop({ mail: mail.driver })
    await placeOrder(shop)
    await deliverPending(shop.ctx)
    const [event] = await shop.ctx.db.read.selectFrom('outbox').select(['id']).execute()
    await work(shop.ctx)
    assert.deepEqual(mail.ids, [event?.id])
  })

  test('is not written about an order that does not exist', async () => {
    await using shop = await openShop()
    await announce(shop.ctx, [shop.ctx.newId()])
    assert.deepEqual(await shop.mails(), [])
    assert.deepEqual(await deliveries(shop.ctx), [])
  })

  test('is not even queued where none is sent', async () => {
    const none = { ...rigged().driver, code: 'none' }
    await using shop = await openShop({ mail: none })
    await placeOrder(shop)
    assert.equal(await deliverPending(shop.ctx), 1)
    assert.deepEqual(await deliveries(shop.ctx), [])
  })

  test('waits longer and longer for a server that is down, and then leaves once', async () => {
    const clock = testClock()
    const mail = rigged(down)
    await using shop = await openShop({ clock, mail: mail.driver })
    await placeOrder(shop)
    await deliverAll(shop.ctx)
    const [event] = await shop.ctx.db.read.selectFrom('outbox').selectAll().execute()
    assert.equal(event?.status, 'delivered', 'others have heard of it, and do not again')
    for (let attempts = 1; attempts < 6; attempts++) {
      assert.equal(mail.ids.length, attempts)
      assert.deepEqual(await deliveries(shop.ctx), [`${event.id} pending ${attempts}`])
      clock.advance((retryDelayMs(attempts) ?? 0) - 1)
      assert.equal(await work(shop.ctx), 0)
      clock.advance(1)
      assert.equal(await work(shop.ctx), 1)
    }
    mail.set(() => Promise.resolve())
    clock.advance(3_600_000)
    assert.equal(await work(shop.ctx), 1)
    assert.equal(new Set(mail.ids).size, 1)
    assert.deepEqual(await deliveries(shop.ctx), [])
    assert.equal(await deliverPending(shop.ctx), 0)
  })

  test('is given up after a day, which the audit tells', async () => {
    const clock = testClock()
    const mail = rigged(down)
    await using shop = await openShop({ clock, mail: mail.driver })
    await placeOrder(shop)
    await deliverAll(shop.ctx)
    for (let attempts = 1; attempts < attemptsMax; attempts++) {
      clock.advance(3_600_000)
      assert.equal(await work(shop.ctx), 1)
    }
    const [id] = mail.ids
    assert.deepEqual(await deliveries(shop.ctx), [`${id} failed ${attemptsMax}`])
    clock.advance(86_400_000)
    assert.equal(await work(shop.ctx), 0)
    const violations = await audit(shop.ctx)
    assert.deepEqual(
      violations.map(({ rule }) => rule),
      ['no event has given up being delivered'],
    )
  })

  test('that is refused for good is put aside at once, and is no fault of the shop', async () => {
    const mail = rigged(() => Promise.reject(new RefusedError('550 no such mailbox')))
    const clock = testClock()
    await using shop = await openShop({ clock, mail: mail.driver })
    await placeOrder(shop)
    await deliverAll(shop.ctx)
    clock.advance(86_400_000)
    assert.equal(await work(shop.ctx), 0)
    assert.equal(mail.ids.length, 1)
    assert.deepEqual(await deliveries(shop.ctx), [`${mail.ids[0]} refused 1`])
    await shop.assertAudit()
  })

  test('to one mailbox that fails does not hold up the others', async () => {
    const mail = rigged()
    await using shop = await openShop({ mail: mail.driver })
    const { id } = await placeOrder(shop)
    await deliverAll(shop.ctx)
    mail.ids.length = 0
    await announce(
      shop.ctx,
      Array.from({ length: 12 }, () => id),
    )
    await deliverPending(shop.ctx)
    let first: string | undefined
    mail.set((eventId) => (eventId === (first ??= eventId) ? down() : Promise.resolve()))
    assert.equal(await work(shop.ctx), 12)
    assert.equal(new Set(mail.ids).size, 12)
    assert.deepEqual(await deliveries(shop.ctx), [`${first} pending 1`])
  })

  test('that hangs at the server keeps no event from the others', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const mail = rigged(() => promise)
    await using shop = await openShop({ mail: mail.driver })
    const { id } = await placeOrder(shop)
    await deliverPending(shop.ctx)
    const working = work(shop.ctx)
    await announce(shop.ctx, [id])
    assert.equal(await deliverPending(shop.ctx), 1)
    const pending = await shop.ctx.db.read
      .selectFrom('outbox')
      .select('id')
      .where('status', '=', 'pending')
      .execute()
    assert.deepEqual(pending, [])
    resolve()
    assert.equal(await working, 1)
  })

  test('is sent by one of the processes that want to at the same time', async () => {
    const mail = rigged()
    await using shop = await openShop({ mail: mail.driver })
    const { id } = await placeOrder(shop)
    await announce(
      shop.ctx,
      Array.from({ length: 40 }, () => id),
    )
    const relayed = await Promise.all([1, 2, 3, 4].map(() => deliverPending(shop.ctx)))
    assert.equal(
      relayed.reduce((sum, one) => sum + one, 0),
      41,
    )
    const taken = await Promise.all([1, 2, 3, 4].map(() => work(shop.ctx)))
    assert.equal(
      taken.reduce((sum, one) => sum + one, 0),
      41,
    )
    assert.deepEqual([mail.ids.length, new Set(mail.ids).size], [41, 41])
    assert.deepEqual(await deliveries(shop.ctx), [])
  })

  test('that a process took and did not send, because it died, is sent by another', async () => {
    const clock = testClock()
    const mail = rigged(() => new Promise<void>(() => undefined))
    await using shop = await openShop({ clock, mail: mail.driver })
    await placeOrder(shop)
    await deliverPending(shop.ctx)
    void work(shop.ctx)
    while (mail.ids.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    mail.set(() => Promise.resolve())
    clock.advance(299_999)
    assert.equal(await work(shop.ctx), 0)
    clock.advance(1)
    assert.equal(await work(shop.ctx), 1)
    assert.deepEqual(await deliveries(shop.ctx), [])
  })

  test('that is not begun when the process stops is free for another at once', async () => {
    const mail = rigged()
    await using shop = await openShop({ mail: mail.driver })
    const { id } = await placeOrder(shop)
    await announce(
      shop.ctx,
      Array.from({ length: 9 }, () => id),
    )
    await deliverPending(shop.ctx)
    const stopping = new AbortController()
    mail.set(() => {
      stopping.abort()
      return Promise.resolve()
    })
    assert.equal(await work(shop.ctx, stopping.signal), 10)
    assert.ok(mail.ids.length <= mailSubscriber.parallelMax)
    assert.equal((await deliveries(shop.ctx)).length, 10 - mail.ids.length)
    await work(shop.ctx)
    assert.deepEqual([mail.ids.length, new Set(mail.ids).size], [10, 10])
  })
})
