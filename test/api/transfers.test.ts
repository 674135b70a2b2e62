import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase } from '../support/shop.ts'
import { added, checkOut, outcome, refused, refusedField, unchanged } from './support.ts'
import { movesOf, openLocation, shelvesOf, staffOf } from './stock-support.ts'

describeOnEveryDatabase('a transfer', (openShop) => {
  test('leaves one shelf, is on none while it is on its way, and reaches the other', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId, number } = await addProduct(shop.ctx, { onHand: 10 })
    const [main] = await staff.done('GET', '/locations')
    const north = await openLocation(staff, { code: 'north' })
    const sent = await staff.done('POST', '/stock-transfers', {
      ...{ from_location_id: main.id, to_location_id: north, note: 'by van' },
      lines: [{ variant_id: variantId, quantity: 6 }],
    })
    assert.equal(sent.status, 'in_transit')
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [4, 0, 0] })
    assert.equal((await shop.call('GET', `/api/v1/products/${number}`)).body.data.available, 4)
    await shop.assertAudit()
    const at = `/stock-transfers/${sent.id}`
    const lines = [{ position: 0, quantity: 2 }]
    const some = await staff.done('POST', `${at}/receipts`, { lines })
    assert.deepEqual([some.status, some.lines[0].received], ['partly_received', 2])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [4, 0, 0], north: [2, 0, 0] })
    await unchanged(shop, async () => {
      const tooMany = { lines: [{ position: 0, quantity: 5 }] }
      refusedField(await staff.call('POST', `${at}/receipts`, tooMany), 'lines')
      const unknown = { lines: [{ position: 1, quantity: 1 }] }
      refusedField(await staff.call('POST', `${at}/receipts`, unknown), 'lines')
      const twice = { lines: [...lines, ...lines] }
      refusedField(await staff.call('POST', `${at}/receipts`, twice), 'lines')
    })
    const all = await staff.done('POST', `${at}/receipts`, {})
    assert.equal(all.status, 'received')
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [4, 0, 0], north: [6, 0, 0] })
    await unchanged(shop, async () => {
      refused(await staff.call('POST', `${at}/receipts`, {}), 409, 'ALREADY_CLOSED')
      refused(await staff.call('POST', `${at}/cancellation`), 409, 'ALREADY_CLOSED')
    })
    assert.deepEqual(await movesOf(shop.ctx, variantId), [
      ['receipt', 10],
      ['transfer', -6],
      ['transfer', 2],
      ['transfer', 4],
    ])
    await shop.assertAudit()
  })

  test('that is cancelled gives back what has not arrived', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 10 })
    const [main] = await staff.done('GET', '/locations')
    const north = await openLocation(staff, { code: 'north' })
    const { id } = await staff.done('POST', '/stock-transfers', {
      ...{ from_location_id: main.id, to_location_id: north },
      lines: [{ variant_id: variantId, quantity: 6 }],
    })
    const lines = [{ position: 0, quantity: 1 }]
    await staff.done('POST', `/stock-transfers/${id}/receipts`, { lines })
    const ended = await staff.done('POST', `/stock-transfers/${id}/cancellation`)
    assert.deepEqual([ended.status, ended.lines[0].taken_back], ['cancelled', 5])
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [9, 0, 0], north: [1, 0, 0] })
    const listed = await staff.done('GET', `/stock-transfers?status=cancelled&location_id=${north}`)
    assert.deepEqual([listed.length, listed[0].id], [1, id])
    assert.deepEqual(await staff.done('GET', '/stock-transfers?status=in_transit'), [])
    await shop.assertAudit()
  })

  test('never takes what buyers have reserved, nor goes nowhere', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const product = await addProduct(shop.ctx, { onHand: 5 })
    const other = await addProduct(shop.ctx, { onHand: 5 })
    const [main] = await staff.done('GET', '/locations')
    const north = await openLocation(staff, { code: 'north' })
    await added(shop, { session: 's' }, { ...product, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('timeout'))).status, 503)
    const lines = [
      { variant_id: other.variantId, quantity: 5 },
      { variant_id: product.variantId, quantity: 3 },
    ]
    const body = { from_location_id: main.id, to_location_id: north, lines }
    await unchanged(shop, async () => {
      const answer = await staff.call('POST', '/stock-transfers', body)
      const { details } = refused(answer, 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual([details.sku, details.available], [product.sku, 2])
      const nowhere = { ...body, to_location_id: main.id }
      refusedField(await staff.call('POST', '/stock-transfers', nowhere), 'to_location_id')
      const unknown = { ...body, to_location_id: other.variantId }
      refused(await staff.call('POST', '/stock-transfers', unknown), 404, 'NOT_FOUND')
      const strange = { ...body, lines: [{ variant_id: north, quantity: 1 }] }
      refused(await staff.call('POST', '/stock-transfers', strange), 404, 'NOT_FOUND')
    })
  })

  test('is sent and received once, however often the same key is sent', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const { variantId } = await addProduct(shop.ctx, { onHand: 10 })
    const [main] = await staff.done('GET', '/locations')
    const north = await openLocation(staff, { code: 'north' })
    const body = {
      ...{ from_location_id: main.id, to_location_id: north },
      lines: [{ variant_id: variantId, quantity: 4 }],
    }
    const send = () => staff.call('POST', '/stock-transfers', body, { key: 'k' })
    const answers = await Promise.all(Array.from({ length: 5 }, send))
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    const at = `/stock-transfers/${answers[0]?.body.data.id}/receipts`
    await Promise.all(Array.from({ length: 5 }, () => staff.call('POST', at, {})))
    assert.deepEqual(await shelvesOf(shop.ctx, variantId), { main: [6, 0, 0], north: [4, 0, 0] })
    await shop.assertAudit()
  })
})

describeOnEveryDatabase('a stock-take', (openShop) => {
  test('books differences, and keeps what was sold between counting and posting', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const lamp = await addProduct(shop.ctx, { onHand: 10 })
    const shade = await addProduct(shop.ctx, { onHand: 10 })
    const [main] = await staff.done('GET', '/locations')
    const { id } = await staff.done('POST', '/stock-takes', { location_id: main.id })
    const count = (lines: object[]) => staff.done('POST', `/stock-takes/${id}/counts`, { lines })
    await count([{ variant_id: lamp.variantId, counted: 1 }])
    const counted = await count([
      { variant_id: lamp.variantId, counted: 8 },
      { variant_id: shade.variantId, counted: 13 },
    ])
    assert.deepEqual(
      counted.lines.map((line: Record<string, unknown>) => [line['counted'], line['difference']]),
      [
        [8, -2],
        [13, 3],
      ],
    )
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [10, 0, 0] })
    await added(shop, { session: 's' }, { ...lamp, quantity: 3 })
    await added(shop, { session: 's' }, { ...shade, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 's' })).status, 201)
    const posted = await staff.done('POST', `/stock-takes/${id}/posting`)
    assert.equal(posted.status, 'posted')
    assert.deepEqual(await shelvesOf(shop.ctx, lamp.variantId), { main: [5, 0, 0] })
    assert.deepEqual(await shelvesOf(shop.ctx, shade.variantId), { main: [10, 0, 0] })
    await unchanged(shop, async () => {
      for (const end of ['posting', 'cancellation']) {
        const answer = await staff.call('POST', `/stock-takes/${id}/${end}`)
        refused(answer, 409, 'ALREADY_CLOSED')
      }
      const late = { lines: [{ variant_id: lamp.variantId, counted: 1 }] }
      const answer = await staff.call('POST', `/stock-takes/${id}/counts`, late)
      refused(answer, 409, 'ALREADY_CLOSED')
    })
    assert.equal((await staff.done('GET', `/stock-takes/${id}`)).lines.length, 2)
    assert.equal((await staff.done('GET', '/stock-takes')).length, 1)
    await shop.assertAudit()
  })

  test('books all or nothing where buyers have reserved what was not found', async () => {
    await using shop = await openShop()
    const staff = await staffOf(shop)
    const lamp = await addProduct(shop.ctx, { onHand: 3 })
    const shade = await addProduct(shop.ctx, { onHand: 3 })
    const [main] = await staff.done('GET', '/locations')
    const { id } = await staff.done('POST', '/stock-takes', { location_id: main.id })
    const lines = [lamp, shade].map(({ variantId }) => ({ variant_id: variantId, counted: 1 }))
    await staff.done('POST', `/stock-takes/${id}/counts`, { lines })
    await added(shop, { session: 's' }, { ...lamp, quantity: 2 })
    assert.equal((await checkOut(shop, { session: 's' }, outcome('timeout'))).status, 503)
    await unchanged(shop, async () => {
      const answer = await staff.call('POST', `/stock-takes/${id}/posting`)
      const { details } = refused(answer, 409, 'INSUFFICIENT_STOCK')
      assert.deepEqual([details.sku, details.available], [lamp.sku, 1])
      const twice = { lines: [...lines, ...lines] }
      refusedField(await staff.call('POST', `/stock-takes/${id}/counts`, twice), 'lines')
    })
    assert.equal((await staff.done('POST', `/stock-takes/${id}/cancellation`)).status, 'cancelled')
    await shop.assertAudit()
  })
})
