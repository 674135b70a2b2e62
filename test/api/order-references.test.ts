import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/config/config.ts'
import { ConfigError } from '../../src/config/read.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { added, checkOut, refused, testClock } from './support.ts'

describeOnEveryDatabase('what orders are called', (openShop) => {
  test('is their number, unless the shop has chosen a format', async () => {
    await using shop = await openShop()
    await added(shop, { session: 'me' }, await addProduct(shop.ctx))
    const { body } = await checkOut(shop, { session: 'me' })
    assert.equal(body.data.reference, String(body.data.number))
    const [mail] = await shop.mails()
    assert.equal(mail?.subject, `Your order ${body.data.number} at Cartwright`)
  })

  test('stands in every view and mail, and finds the order in any case', async () => {
    const settings = { ORDER_NUMBER_FORMAT: 'CW-{year}-{number:6}' }
    await using shop = await openShop({ settings, clock: testClock() })
    await added(shop, { session: 'me' }, await addProduct(shop.ctx))
    const { body } = await checkOut(shop, { session: 'me' })
    const { number, reference, token } = body.data as Record<string, never>
    assert.equal(reference, `CW-2026-00${number}`)
    const staff = await signUp(shop, { role: 'support' })
    for (const name of [reference, String(reference).toLowerCase(), `CW-1999-${number}`, number]) {
      for (const door of ['/api/v1', '/api']) {
        const found = await shop.call('GET', `${door}/orders/${name}`, staff)
        assert.deepEqual([found.status, found.body.data.reference], [200, reference], door)
        const mine = await shop.call('GET', `${door}/orders/${name}?token=${token}`)
        assert.equal(mine.status, 200)
        refused(await shop.call('GET', `${door}/orders/${name}`), 404, 'NOT_FOUND')
      }
    }
    refused(await shop.call('GET', '/api/v1/orders/CW-2026-999999', staff), 404, 'NOT_FOUND')
    refused(await shop.call('GET', '/api/v1/orders/cw-2026', staff), 400, 'VALIDATION_ERROR')
    const [mail] = await shop.mails()
    assert.equal(mail?.subject, `Your order ${String(reference)} at Cartwright`)
  })
})

test('a format that cannot work is refused at the start', () => {
  assert.throws(
    () => readConfig({ ORDER_NUMBER_FORMAT: 'CW-{year}' }),
    new ConfigError('ORDER_NUMBER_FORMAT must contain {number} once; it is "CW-{year}"'),
  )
})
