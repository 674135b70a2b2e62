import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minor } from '../../src/core/money.ts'
import { addProduct, describeOnEveryDatabase, signUp } from '../support/shop.ts'
import {
  bought,
  cartFigures,
  figures,
  fill,
  guest,
  openStaffed,
  plain,
  put,
} from './pricing-support.ts'
import { added, cartOf, checkOut, refused, refusedField, testClock } from './support.ts'

const germany = {
  code: 'de',
  name: 'Germany',
  countries: ['DE'],
  prices_include_tax: true,
  shipping_class: 'standard',
  reverse_charge: true,
  rates: [
    { tax_class: 'standard', name: 'USt', percent: '19' },
    { tax_class: 'reduced', name: 'USt', percent: '7' },
  ],
}

/** An address there, of which nothing is known that a country could find wrong. */
const to = (country: string) => ({
  shipping_info: { name: 'Ada Lovelace', address: '1 High Street', city: 'Anywhere', country },
})

describeOnEveryDatabase('tax', (openShop) => {
  test('is that of the zone the goods go to, by class, and of the settings elsewhere', async () => {
    const { shop, admin } = await openStaffed(openShop)
    await using _shop = shop
    await admin('POST', '/tax-zones', germany)
    const reduced = await addProduct(shop.ctx, { priceMinor: 1_070, taxClass: 'reduced' })
    await fill(shop, guest, [[1_190, 1]])
    await added(shop, guest, { variantId: reduced.variantId })
    // Nowhere in particular: 8.25 % of 22.60 is 1.8645.
    assert.deepEqual(await cartFigures(shop), ['22.60', '0.00', '1.86', '5.00', '29.46'])
    await put(shop, '/destination', guest, { country: 'DE' })
    // 19/119 of 11.90 + 5.00 is 2.6983; 7/107 of 10.70 is 0.70.
    assert.deepEqual(await cartFigures(shop), ['22.60', '0.00', '3.40', '5.00', '27.60'])
    const order = await bought(shop, guest, { ...to('DE'), shipping_method: 'standard' })
    assert.deepEqual(
      [...figures(order), order.tax_inclusive],
      ['22.60', '0.00', '3.40', '5.00', '27.60', true],
    )
    await shop.assertAudit()
  })

  test('is not due from a business abroad that tells its VAT id, nor from an exempt group', async () => {
    const { shop, admin } = await openStaffed(openShop, {
      settings: { STORE_COUNTRY: 'FR', TAX_RATE: '20%', TAX_INCLUSIVE: 'true' },
    })
    await using _shop = shop
    await admin('POST', '/tax-zones', germany)
    const total = async (change: object) => {
      await fill(shop, guest, [[1_190, 3]])
      return (await bought(shop, guest, change)).total.amount
    }
    assert.equal(await total(to('DE')), '35.70')
    assert.equal(await total({ ...to('DE'), vat_id: 'DE 123 456 789' }), '30.00')
    assert.equal(await total({ ...to('DE'), vat_id: 'AT U12345678' }), '35.70')
    assert.equal(await total({ ...to('FR'), vat_id: 'FRXX123456789' }), '35.70')
    await fill(shop, guest, [[1_190, 1]])
    refusedField(await checkOut(shop, guest, { vat_id: 'DE12345' }), 'vat_id')
    const { id } = await admin('POST', '/customer-groups', {
      code: 'un',
      name: 'United Nations',
      is_tax_exempt: true,
    })
    const customer = await signUp(shop)
    await admin('PUT', `/customer-groups/${id}/members/${customer.number}`)
    await fill(shop, { token: customer.token }, [[1_190, 1]])
    const order = await bought(shop, { token: customer.token }, to('DE'))
    assert.deepEqual([order.tax.amount, order.total.amount], ['0.00', '10.00'])
    const { tax } = await admin('GET', `/orders/${order.number}/pricing`)
    assert.deepEqual([tax.zone, tax.exemption], ['de', 'customer group United Nations'])
    await shop.assertAudit()
  })

  test('of presets has its history and its special territories', async () => {
    const clock = testClock(Date.UTC(2020, 5, 30, 12))
    const { shop, admin, ask } = await openStaffed(openShop, { clock })
    await using _shop = shop
    await admin('POST', '/tax-presets/eu-vat/zones')
    await admin('POST', '/tax-presets/us-sales-tax/zones')
    await admin('POST', '/tax-presets/ca-sales-tax/zones')
    refused(await ask('POST', '/tax-presets/eu-vat/zones'), 409, 'ALREADY_EXISTS')
    refused(await ask('POST', '/tax-presets/moon/zones'), 404, 'NOT_FOUND')
    const { sku } = await addProduct(shop.ctx, { priceMinor: 10_000 })
    const rates = async (country: string, more: object = {}, at?: string) => {
      const destination = { country, ...more }
      const lines = [{ sku, quantity: 1 }]
      const { pricing } = await admin('POST', '/price-checks', {
        lines,
        destination,
        ...(at ? { at } : {}),
      })
      return pricing.tax.taxes.map(
        ({ name, percent }: { name: string; percent: string }) => `${name} ${percent}`,
      )
    }
    assert.deepEqual(await rates('DE'), ['VAT 19 % 19'])
    assert.deepEqual(await rates('DE', {}, '2020-07-01T00:00:00Z'), ['VAT 16 % 16'])
    assert.deepEqual(await rates('DE', {}, '2021-01-01T00:00:00Z'), ['VAT 19 % 19'])
    assert.deepEqual(await rates('FI', {}, '2026-01-01T00:00:00Z'), ['VAT 25.5 % 25.5'])
    assert.deepEqual(await rates('ES', { postal_code: '35001' }), ['VAT 0 % 0'])
    assert.deepEqual(await rates('ES', { postal_code: '51005' }), ['VAT 0 % 0'])
    assert.deepEqual(await rates('ES', { postal_code: '51006' }), ['VAT 21 % 21'])
    assert.deepEqual(await rates('PT', { postal_code: '9000-001' }), ['VAT 22 % 22'])
    assert.deepEqual(await rates('CA', { region: 'QC' }), ['GST 5', 'QST 9.975'])
    assert.deepEqual(await rates('CA', { region: 'ON' }), ['HST 13'])
    assert.deepEqual(await rates('CA', { region: 'NS' }), ['HST 15'])
    assert.deepEqual(await rates('CA', { region: 'NS' }, '2025-04-01T00:00:00Z'), ['HST 14'])
    assert.deepEqual(await rates('CA', { region: 'AB' }), ['GST 5'])
    assert.deepEqual(await rates('US', { region: 'CA' }), ['Sales tax CA 8.25'])
  })

  test('zones are refused without a standard rate, and rates without sense', async () => {
    const { shop, ask, admin } = await openStaffed(openShop)
    await using _shop = shop
    const zone = (change: object) => ask('POST', '/tax-zones', { ...germany, ...change })
    refusedField(
      await zone({ rates: [{ tax_class: 'reduced', name: 'x', percent: '7' }] }),
      'rates',
    )
    refusedField(
      await zone({ rates: [{ tax_class: 'standard', name: 'x', percent: '7,5' }] }),
      'rates.0.percent',
    )
    refusedField(await zone({ postcodes: ['(a+)+$'] }), 'postcodes.0')
    const created = await admin('POST', '/tax-zones', germany)
    refused(await zone({}), 409, 'ALREADY_EXISTS')
    const changed = await admin('PUT', `/tax-zones/${created.id}`, {
      ...germany,
      name: 'Deutschland',
    })
    assert.deepEqual([changed.name, changed.version], ['Deutschland', 2])
    await admin('DELETE', `/tax-zones/${created.id}`)
    refused(await ask('GET', `/tax-zones/${created.id}`), 404, 'NOT_FOUND')
    refusedField(
      await ask('POST', '/products', {
        name: 'x',
        description: '',
        tax_class: 'typo',
        variants: [{ sku: 'x', price: '1' }],
      }),
      'tax_class',
    )
  })
})

describeOnEveryDatabase('shipping', (openShop) => {
  const method = { name: 'Parcel', kind: 'weight', days_min: 1, days_max: 2, position: 0 }
  const tariffs = {
    USD: {
      price: '1.00',
      free_from: '90',
      steps: [
        { from: '0', price: '3.00' },
        { from: '1000', price: '6.00' },
      ],
    },
  }

  test('is quoted by weight, zone and worth, and charged as quoted', async () => {
    const { shop, admin } = await openStaffed(openShop, plain)
    await using _shop = shop
    const zone = await admin('POST', '/shipping-zones', {
      code: 'alps',
      name: 'Alps',
      countries: ['AT', 'CH'],
    })
    await admin('POST', '/shipping-methods', {
      ...method,
      code: 'alps',
      zone_id: zone.id,
      tariffs,
      weight_max_grams: 5_000,
    })
    const { variantId } = await addProduct(shop.ctx, {
      variants: [{ sku: 'W', priceMinor: minor(2_000), onHand: 99, weightGrams: 600 }],
    })
    await added(shop, guest, { variantId })
    const codes = async (country: string) => {
      const { shipping_options } = (await put(shop, '/destination', guest, { country })).body.data
      return shipping_options.map(
        ({ code, price }: { code: string; price: { amount: string } }) => `${code} ${price.amount}`,
      )
    }
    assert.deepEqual(await codes('AT'), [
      'alps 4.00',
      'standard 5.00',
      'express 15.00',
      'pickup 0.00',
    ])
    assert.deepEqual(await codes('DE'), ['standard 5.00', 'express 15.00', 'pickup 0.00'])
    await added(shop, guest, { variantId })
    assert.equal((await codes('AT'))[0], 'alps 7.00')
    const away = refused(
      await checkOut(shop, guest, { shipping_method: 'alps', ...to('DE') }),
      422,
      'UNKNOWN_SHIPPING_METHOD',
    )
    assert.equal(away.details.available, 'standard, express, pickup')
    const order = await bought(shop, guest, { ...to('CH'), shipping_method: 'alps' })
    assert.deepEqual(figures(order), ['40.00', '0.00', '0.00', '7.00', '47.00'])
    refused(
      await shop.call('DELETE', `/api/v1/admin/shipping-zones/${zone.id}`, {
        token: (await signUp(shop, { role: 'admin' })).token,
      }),
      409,
      'IN_USE',
    )
    await shop.assertAudit()
  })

  test('is not needed for digital goods', async () => {
    const { shop } = await openStaffed(openShop, plain)
    await using _shop = shop
    const { variantId } = await addProduct(shop.ctx, { priceMinor: 1_000, kind: 'digital' })
    await added(shop, guest, { variantId })
    assert.deepEqual((await cartOf(shop, guest)).shipping_options, [])
    const answer = await checkOut(shop, guest)
    assert.equal(answer.status, 201, answer.text)
    assert.deepEqual(
      [answer.body.data.shipping_method.code, ...figures(answer.body.data)],
      ['none', '10.00', '0.00', '0.00', '0.00', '10.00'],
    )
  })

  test('methods are refused whose tariffs make no sense', async () => {
    const { shop, ask } = await openStaffed(openShop)
    await using _shop = shop
    const create = (change: object) =>
      ask('POST', '/shipping-methods', { ...method, code: 'm', tariffs, ...change })
    refusedField(await create({ tariffs: { USD: { price: '1' } } }), 'tariffs.USD.steps')
    refusedField(await create({ kind: 'flat' }), 'tariffs.USD.steps')
    refusedField(
      await create({ kind: 'item', tariffs: { USD: { price: '1' } } }),
      'tariffs.USD.per_item',
    )
    refusedField(await create({ days_min: 3 }), 'days_max')
    refusedField(await create({ tariffs: { ZZZ: tariffs.USD } }), 'tariffs.ZZZ')
    refusedField(
      await create({
        tariffs: {
          USD: {
            price: '1',
            steps: [
              { from: '5', price: '1' },
              { from: '5', price: '2' },
            ],
          },
        },
      }),
      'tariffs.USD.steps',
    )
    refused(await create({ code: 'standard' }), 409, 'ALREADY_EXISTS')
  })
})

describeOnEveryDatabase('a price check', (openShop) => {
  test('prices any basket for anybody at any time, and changes nothing', async () => {
    const { shop, admin, ask } = await openStaffed(openShop)
    await using _shop = shop
    const promotion = {
      name: 'Next year',
      starts_at: '2027-01-01T00:00:00Z',
      benefit: { kind: 'percentage', percent: '50' },
      limit_total: 1,
    }
    const { id } = await admin('POST', '/promotions', promotion)
    const { sku } = await addProduct(shop.ctx, { priceMinor: 2_000 })
    const check = { lines: [{ sku, quantity: 3 }], shipping_method: 'express' }
    assert.deepEqual(figures(await admin('POST', '/price-checks', check)), [
      '60.00',
      '0.00',
      '4.95',
      '15.00',
      '79.95',
    ])
    const then = await admin('POST', '/price-checks', { ...check, at: '2027-01-01T00:00:00Z' })
    assert.deepEqual(figures(then), ['60.00', '30.00', '2.48', '15.00', '47.48'])
    assert.equal((await admin('GET', `/promotions/${id}`)).uses, 0)
    refusedField(
      await ask('POST', '/price-checks', { lines: [{ sku: 'NONE', quantity: 1 }] }),
      'lines',
    )
    const { token } = await signUp(shop)
    refused(
      await shop.call('POST', '/api/v1/admin/price-checks', { token, body: check }),
      403,
      'FORBIDDEN',
    )
  })
})
