import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawSettings } from '../../src/config/read.ts'
import { minor } from '../../src/core/money.ts'
import { changeProduct, changeVariant } from '../../src/domains/catalog/writes.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { added, cartOf, checkOut, linesOf, outcome, type Who } from './support.ts'

const guest: Who = { session: 'guest' }

/** What the cart says, as bare amounts. */
async function amountsOf(shop: TestShop): Promise<Record<string, unknown>> {
  const cart = (await cartOf(shop, guest)) as Record<string, { amount: string }>
  const names = ['subtotal', 'tax', 'shipping_estimate', 'discount', 'total'] as const
  return Object.fromEntries(names.map((name) => [name, cart[name]?.amount]))
}

/** Pieces × price in minor units, and the totals they make. */
interface Row {
  readonly title: string
  readonly settings?: Partial<RawSettings>
  readonly lines: readonly (readonly [quantity: number, priceMinor: number])[]
  readonly subtotal: string
  readonly tax: string
  readonly shipping: string
  readonly total: string
  readonly lineTaxes: readonly string[]
}

const inclusive = { TAX_INCLUSIVE: 'true', TAX_RATE: '20%' }
const rows: readonly Row[] = [
  {
    title: 'tax on top, rounded once for the whole cart, and shipping below 50',
    lines: [[2, 1_999]],
    ...{ subtotal: '39.98', tax: '3.30', shipping: '5.00', total: '48.28', lineTaxes: ['3.30'] },
  },
  {
    title: 'no shipping from 50 on',
    lines: [[5, 1_000]],
    ...{ subtotal: '50.00', tax: '4.13', shipping: '0.00', total: '54.13', lineTaxes: ['4.13'] },
  },
  {
    title: 'shipping one cent below that',
    lines: [[1, 4_999]],
    ...{ subtotal: '49.99', tax: '4.12', shipping: '5.00', total: '59.11', lineTaxes: ['4.12'] },
  },
  {
    title: 'a tax split over lines so that the parts are the whole',
    settings: { TAX_RATE: '0.1' },
    lines: [
      [1, 5],
      [1, 5],
      [1, 5],
    ],
    ...{ subtotal: '0.15', tax: '0.02', shipping: '5.00', total: '5.17' },
    lineTaxes: ['0.01', '0.01', '0.00'],
  },
  {
    title: 'a tax that the prices contain',
    settings: inclusive,
    lines: [
      [3, 1_000],
      [1, 500],
    ],
    ...{ subtotal: '35.00', tax: '5.83', shipping: '5.00', total: '40.00' },
    lineTaxes: ['5.00', '0.83'],
  },
  {
    title: 'a tax on shipping too, on top',
    settings: { TAX_RATE: '20%', TAX_ON_SHIPPING: 'true' },
    lines: [[1, 1_000]],
    ...{ subtotal: '10.00', tax: '3.00', shipping: '5.00', total: '18.00', lineTaxes: ['2.00'] },
  },
  {
    title: 'a tax that the prices and the shipping contain',
    settings: { ...inclusive, TAX_ON_SHIPPING: 'true' },
    lines: [[1, 1_000]],
    ...{ subtotal: '10.00', tax: '2.50', shipping: '5.00', total: '15.00', lineTaxes: ['1.67'] },
  },
  {
    title: 'no tax at all',
    settings: { TAX_RATE: '0' },
    lines: [[1, 1_000]],
    ...{ subtotal: '10.00', tax: '0.00', shipping: '5.00', total: '15.00', lineTaxes: ['0.00'] },
  },
  {
    title: 'whole yen',
    settings: { STORE_CURRENCY: 'JPY', TAX_RATE: '10%' },
    lines: [[3, 1_045]],
    ...{ subtotal: '3135', tax: '314', shipping: '0', total: '3449', lineTaxes: ['314'] },
  },
  {
    title: 'thousandths of a Kuwaiti dinar',
    settings: { STORE_CURRENCY: 'KWD', TAX_RATE: '5%' },
    lines: [[1, 1_235]],
    ...{ subtotal: '1.235', tax: '0.062', shipping: '5.000', total: '6.297' },
    lineTaxes: ['0.062'],
  },
]

describeOnEveryDatabase('the totals of a cart', (openShop) => {
  for (const { title, settings = {}, lines, ...expected } of rows) {
    test(`have ${title}`, async () => {
      await using shop = await openShop({ settings })
      for (const [quantity, priceMinor] of lines) {
        const product = await addProduct(shop.ctx, { priceMinor, onHand: 10 })
        await added(shop, guest, { ...product, quantity })
      }
      const { subtotal, tax, shipping, total, lineTaxes } = expected
      assert.deepEqual(await amountsOf(shop), {
        ...{ subtotal, tax, shipping_estimate: shipping, total },
        // Nothing, with the digits of the currency.
        discount: shipping.replace(/\d/g, '0'),
      })
      const cart = await cartOf(shop, guest)
      assert.deepEqual(
        cart.lines.map((line: { tax: { amount: string } }) => line.tax.amount),
        lineTaxes,
      )
      const placed = await checkOut(shop, guest)
      assert.equal(placed.status, 201, placed.text)
      assert.equal(placed.body.data.total.amount, total)
      assert.equal(placed.body.data.tax.amount, tax)
      await shop.assertAudit()
    })
  }

  test('list what every way to ship would cost', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { priceMinor: 2_500 })
    const pricesOf = async () => {
      const { shipping_options } = (await cartOf(shop, guest)) as {
        shipping_options: { code: string; price: { amount: string } }[]
      }
      return shipping_options.map(({ code, price }) => [code, price.amount])
    }
    await added(shop, guest, product)
    assert.deepEqual(await pricesOf(), [
      ['standard', '5.00'],
      ['express', '15.00'],
      ['pickup', '0.00'],
    ])
    await added(shop, guest, product)
    assert.deepEqual(await pricesOf(), [
      ['standard', '0.00'],
      ['express', '15.00'],
      ['pickup', '0.00'],
    ])
  })
})

interface Told {
  readonly code: string
  readonly message: string
  readonly sku: string
}

async function problemsOf(shop: TestShop): Promise<Told[]> {
  const { problems } = (await cartOf(shop, guest)) as { problems: Told[] }
  return problems
}

describeOnEveryDatabase('the problems of a cart', (openShop) => {
  test('are none as long as everything can be bought as it was added', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 2 })
    const answer = await added(shop, guest, { ...product, quantity: 2 })
    assert.deepEqual(answer.body.data.problems, [])
    assert.deepEqual(await problemsOf(shop), [])
  })

  test('tell a changed price until the shopper has set the line anew', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { name: 'Lamp', priceMinor: 1_000 })
    const { line_id } = (await added(shop, guest, product)).body.data
    const change = { priceMinor: minor(1_250) }
    await changeVariant(shop.ctx, { id: product.variantId, version: undefined }, change)
    const { problems, subtotal } = await cartOf(shop, guest)
    assert.deepEqual(problems, [
      {
        code: 'PRICE_CHANGED',
        message: 'The price of Lamp changed from 10.00 to 12.50.',
        line_id,
        sku: product.sku,
        seen: { amount: '10.00', currency: 'USD' },
        current: { amount: '12.50', currency: 'USD' },
      },
    ])
    assert.equal(subtotal.amount, '12.50')
    await shop.call('PUT', `/api/v1/cart/items/${line_id}`, { ...guest, body: { quantity: 2 } })
    assert.deepEqual(await problemsOf(shop), [])
    await changeVariant(shop.ctx, { id: product.variantId, version: undefined }, change)
    assert.deepEqual(await problemsOf(shop), [])
  })

  test('tell what is no longer for sale, and nothing else about it', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { name: 'Lamp' })
    const other = await addProduct(shop.ctx)
    const { line_id } = (await added(shop, guest, product)).body.data
    await added(shop, guest, other)
    const change = { priceMinor: minor(1) }
    await changeVariant(shop.ctx, { id: product.variantId, version: undefined }, change)
    const at = { by: { by: 'id', id: product.id }, version: undefined } as const
    await changeProduct(shop.ctx, at, { status: 'archived' })
    assert.deepEqual(await problemsOf(shop), [
      {
        code: 'PRODUCT_UNAVAILABLE',
        message: 'Lamp is no longer available.',
        line_id,
        sku: product.sku,
      },
    ])
    const path = `/api/v1/cart/items/${line_id}`
    assert.equal((await shop.call('DELETE', path, { ...guest })).status, 200)
    assert.deepEqual(await linesOf(shop, guest), [[other.sku, 1]])
    assert.deepEqual(await problemsOf(shop), [])
  })

  test('tell what is short since somebody else bought it, beside a changed price', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { name: 'Lamp', priceMinor: 1_000, onHand: 5 })
    const { line_id } = (await added(shop, guest, { ...product, quantity: 4 })).body.data
    await added(shop, { session: 'other' }, { ...product, quantity: 3 })
    assert.equal((await checkOut(shop, { session: 'other' })).status, 201)
    const change = { priceMinor: minor(999) }
    await changeVariant(shop.ctx, { id: product.variantId, version: undefined }, change)
    const [short, dearer, ...more] = await problemsOf(shop)
    assert.deepEqual(short, {
      code: 'INSUFFICIENT_STOCK',
      message: 'Only 2 of Lamp left.',
      line_id,
      sku: product.sku,
      available: 2,
      requested: 4,
    })
    assert.equal(dearer?.code, 'PRICE_CHANGED')
    assert.deepEqual(more, [])
    await shop.assertAudit()
  })

  test('come and go with a reservation that somebody else gives back', async () => {
    await using shop = await openShop()
    const product = await addProduct(shop.ctx, { onHand: 1 })
    const buyer = await signUp(shop)
    await added(shop, guest, product)
    await added(shop, { token: buyer.token }, product)
    assert.equal((await checkOut(shop, { token: buyer.token }, outcome('decline'))).status, 422)
    assert.deepEqual(await problemsOf(shop), [])
    assert.equal((await checkOut(shop, { token: buyer.token }, outcome('timeout'))).status, 503)
    assert.deepEqual(
      (await problemsOf(shop)).map(({ code, message }) => [code, message.slice(0, 6)]),
      [['INSUFFICIENT_STOCK', 'Only 0']],
    )
  })
})
