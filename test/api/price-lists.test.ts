import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { articlePrices } from '../../src/domains/pricing/checks.ts'
import { createPriceList, removePrice, setPrices } from '../../src/domains/pricing/lists.ts'
import { changeVariant } from '../../src/domains/catalog/writes.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import {
  bought,
  cartFigures,
  guest,
  openStaffed,
  plain,
  put,
  type Staffed,
} from './pricing-support.ts'
import { added, cartOf, checkOut, refused, refusedField, testClock } from './support.ts'

const dayMs = 86_400_000

async function priceList({ admin }: Staffed, list: object, prices: readonly object[]) {
  const created = await admin('POST', '/price-lists', {
    code: 'list',
    name: 'List',
    currency: 'USD',
    ...list,
  })
  await admin('PUT', `/price-lists/${created.id}/prices`, { prices })
  return created
}

describeOnEveryDatabase('price lists', (openShop) => {
  test('give the price of the quantity that is reached, in the cart and in the order', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop } = staffed
    await using _shop = shop
    const { variantId, sku } = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 1_000 })
    await priceList(staffed, {}, [
      { sku, min_quantity: 10, price: '9.00', compare_at_price: '10.00' },
      { sku, min_quantity: 100, price: '8.00' },
    ])
    const first = await added(shop, guest, { variantId, quantity: 9 })
    assert.equal(first.body.data.lines[0].price.amount, '10.00')
    const second = await added(shop, guest, { variantId, quantity: 1 })
    assert.deepEqual(second.body.data.problems, [])
    const [line] = second.body.data.lines
    assert.deepEqual(
      [line.price.amount, line.compare_at_price.amount, line.subtotal.amount],
      ['9.00', '10.00', '90.00'],
    )
    await put(shop, `/items/${line.number}`, guest, { quantity: 100 })
    const order = await bought(shop, guest)
    assert.deepEqual([order.lines[0].price.amount, order.total.amount], ['8.00', '800.00'])
    await shop.assertAudit()
  })

  test('are for their dates: what ends is told before it is charged', async () => {
    const clock = testClock()
    const staffed = await openStaffed(openShop, { ...plain, clock })
    const { shop } = staffed
    await using _shop = shop
    const { variantId, sku } = await addProduct(shop.ctx, { priceMinor: 1_000 })
    await priceList(
      staffed,
      { starts_at: '2026-11-21T10:30:00Z', ends_at: '2026-11-21T11:00:00Z' },
      [{ sku, price: '7.50' }],
    )
    await added(shop, guest, { variantId })
    assert.deepEqual((await cartFigures(shop))[0], '7.50')
    clock.advance(30 * 60_000)
    const { details } = refused(await checkOut(shop, guest), 409, 'PRICE_CHANGED')
    assert.deepEqual([details.seen, details.current], ['7.50', '10.00'])
    assert.deepEqual((await bought(shop, guest)).total.amount, '10.00')
  })

  test('of a customer group are for its members', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop, admin } = staffed
    await using _shop = shop
    const { id } = await admin('POST', '/customer-groups', { code: 'trade', name: 'Trade' })
    const { number, variantId, sku } = await addProduct(shop.ctx, { priceMinor: 1_000 })
    await priceList(staffed, { group_id: id }, [{ sku, price: '6.00' }])
    const [member, other] = [await signUp(shop), await signUp(shop)]
    await admin('PUT', `/customer-groups/${id}/members/${member.number}`)
    const asked = async (token?: string) =>
      (await shop.call('GET', `/api/v1/products/${number}/prices`, token ? { token } : {})).body
        .data[0].price.amount
    assert.deepEqual(
      [await asked(member.token), await asked(other.token), await asked()],
      ['6.00', '10.00', '10.00'],
    )
    await added(shop, { token: member.token }, { variantId })
    assert.equal((await bought(shop, { token: member.token })).total.amount, '6.00')
    const members = await admin('GET', `/customer-groups/${id}/members`)
    assert.deepEqual(
      members.map((one: { email: string }) => one.email),
      [member.email],
    )
    refused(await staffed.ask('DELETE', `/customer-groups/${id}`), 409, 'IN_USE')
    await admin('DELETE', `/customer-groups/${id}/members/${member.number}`)
    assert.equal(await asked(member.token), '10.00')
  })

  test('in another currency make a cart in it possible, which never mixes', async () => {
    const staffed = await openStaffed(openShop, plain)
    const { shop } = staffed
    await using _shop = shop
    const [euro, dollar] = [
      await addProduct(shop.ctx, { priceMinor: 1_000 }),
      await addProduct(shop.ctx, { priceMinor: 500 }),
    ]
    await priceList(staffed, { currency: 'EUR' }, [{ sku: euro.sku, price: '9.50' }])
    await added(shop, guest, { variantId: euro.variantId, quantity: 2 })
    const switched = await put(shop, '/currency', guest, { currency: 'EUR' })
    assert.equal(switched.status, 200, switched.text)
    const { currency, lines, problems, subtotal, total } = switched.body.data
    assert.deepEqual([currency, problems], ['EUR', []])
    assert.deepEqual(
      [lines[0].price, subtotal],
      [
        { amount: '9.50', currency: 'EUR' },
        { amount: '19.00', currency: 'EUR' },
      ],
    )
    // No method has a price in it yet.
    assert.deepEqual([switched.body.data.shipping_options, total.amount], [[], '19.00'])
    refused(await checkOut(shop, guest), 422, 'UNKNOWN_SHIPPING_METHOD')
    refused(
      await shop.call('POST', '/api/v1/cart/items', {
        ...guest,
        body: { variant_id: dollar.variantId, quantity: 1 },
      }),
      422,
      'PRODUCT_UNAVAILABLE',
    )
    await put(shop, '/currency', guest, { currency: 'USD' })
    await added(shop, guest, { variantId: dollar.variantId })
    const { details } = refused(
      await put(shop, '/currency', guest, { currency: 'EUR' }),
      422,
      'CURRENCY_UNAVAILABLE',
    )
    assert.equal(details.sku, dollar.sku)
    assert.equal((await cartOf(shop, guest)).currency, 'USD')
    refusedField(await put(shop, '/currency', guest, { currency: 'XXX' }), 'currency')
  })

  test('keep what was asked: a reduction names the lowest price of the 30 days before it', async () => {
    const clock = testClock()
    const staffed = await openStaffed(openShop, { ...plain, clock })
    const { shop } = staffed
    await using _shop = shop
    const { variantId, sku, number } = await addProduct(shop.ctx, { priceMinor: 10_000 })
    const reprice = (priceMinor: number) =>
      changeVariant(
        shop.ctx,
        { id: variantId, version: undefined },
        { priceMinor: minor(priceMinor) },
      )
    const asked = async () => {
      const [one] = (await shop.call('GET', `/api/v1/products/${number}/prices`)).body.data
      return [one.price.amount, one.lowest_prior_price?.amount ?? null]
    }
    assert.deepEqual(await asked(), ['100.00', null])
    clock.advance(40 * dayMs)
    await reprice(8_000)
    assert.deepEqual(await asked(), ['80.00', '100.00'])
    clock.advance(10 * dayMs)
    // Raised for the sake of the reduction: the 80 of before counts.
    await reprice(12_000)
    clock.advance(5 * dayMs)
    const { id: listId } = await createPriceList(shop.ctx, {
      ...{ code: 'list', name: 'List', currency: 'USD', priority: 0, groupId: null },
      ...{ startsAt: null, endsAt: null, isActive: true },
    })
    const priceMinor = minor(9_000)
    await setPrices(shop.ctx, listId, [{ sku, minQuantity: 1, priceMinor, compareAtMinor: null }])
    assert.deepEqual(await asked(), ['90.00', '80.00'])
    clock.advance(40 * dayMs)
    await removePrice(shop.ctx, { listId, sku, minQuantity: 1 })
    assert.deepEqual(await asked(), ['120.00', '90.00'])
    const question = { variantIds: [variantId], currency: 'USD', customerId: undefined }
    const [found] = await articlePrices(shop.ctx, shop.ctx.db.read, question)
    assert.deepEqual(
      found?.history.records.map((record) => record.price_minor),
      [10_000, 8_000, 12_000, 9_000, null],
    )
  })

  test('refuse what they cannot hold, and nothing changes', async () => {
    const staffed = await openStaffed(openShop)
    const { shop, ask, admin } = staffed
    await using _shop = shop
    const { sku } = await addProduct(shop.ctx)
    const list = await priceList(staffed, { currency: 'JPY' }, [{ sku, price: '100' }])
    const prices = (...given: object[]) =>
      ask('PUT', `/price-lists/${list.id}/prices`, { prices: given })
    refusedField(await prices({ sku, price: '1.50' }), 'price')
    refusedField(await prices({ sku, price: '1' }, { sku, price: '2' }), 'prices')
    refusedField(await prices({ sku, price: '1' }, { sku: 'NONE', price: '2' }), 'prices')
    refused(
      await ask('POST', '/price-lists', { code: 'list', name: 'Again', currency: 'USD' }),
      409,
      'ALREADY_EXISTS',
    )
    refusedField(
      await ask('POST', '/price-lists', { code: 'l2', name: 'x', currency: 'ZZZ' }),
      'currency',
    )
    refusedField(
      await ask('POST', '/price-lists', {
        code: 'l2',
        name: 'x',
        currency: 'USD',
        group_id: list.id,
      }),
      'group_id',
    )
    const kept = await admin('GET', `/price-lists/${list.id}/prices`)
    assert.deepEqual(
      kept.map(({ price }: { price: { amount: string } }) => price.amount),
      ['100'],
    )
  })
})
