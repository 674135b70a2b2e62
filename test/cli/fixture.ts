import assert from 'node:assert/strict'
import { minor } from '../../src/core/money.ts'
import { changeCategory, createCategory } from '../../src/domains/catalog/categories.ts'
import { insertProducts } from '../../src/domains/catalog/writes.ts'
import type { PaymentDriver } from '../../src/drivers/payment/driver.ts'
import { manualPayment } from '../../src/drivers/payment/manual.ts'
import { testPayment } from '../../src/drivers/payment/test.ts'
import { added, checkOut, outcome } from '../api/support.ts'
import { addProduct, openShopOn, signUp, type Answer, type TestShop } from '../support/shop.ts'

/** A provider that never answers: its orders stay as they are. */
const silent: PaymentDriver = {
  code: 'silent',
  name: 'Silent',
  offline: false,
  check: () => undefined,
  authorise: () => Promise.reject(new Error('no answer')),
  capture: () => Promise.reject(new Error('no answer')),
  cancel: () => Promise.reject(new Error('no answer')),
  refund: () => Promise.reject(new Error('no answer')),
  find: () => Promise.reject(new Error('no answer')),
}

/** Opens a shop on a database that somebody else drops. */
export function openAt(url: string): Promise<TestShop> {
  const drivers = [manualPayment, testPayment(), silent]
  const payment = new Map(drivers.map((driver) => [driver.code, driver]))
  return openShopOn(url, { payment }, () => Promise.resolve())
}

/** What a database may spoil on its way through JSON, drivers and collations. */
export const oddText =
  'Crème "brûlée" \\ \'x\' 😀 \u2028 tab\t two\nlines \u0001 %s $1 ? :name ' +
  '\u{1F1EB}\u{1F1F7} ends  '

export interface Filled {
  readonly product: { readonly number: number; readonly variantId: string }
  readonly email: string
  readonly password: string
  /** Answered with the order that is paid; its cart is that of the session "paid". */
  readonly key: string
  readonly paid: Answer
}

/** Products that take more than one page, also of tables whose keys have several columns. */
const fillers = Array.from({ length: 300 }, (_, index) => ({
  name: `Filler ${index}`,
  description: `${oddText} ${'x'.repeat(index * 20)}`,
  attributes: [{ name: 'size', value: String(index % 7) }],
  variants: [{ sku: `FILLER-${index}`, priceMinor: minor(index), onHand: index }],
}))

/** A bit of everything that a shop can hold. */
export async function fillShop(shop: TestShop): Promise<Filled> {
  const product = await fillCatalogue(shop)
  const customer = await signUp(shop, { email: 'Ada@Example.com', username: 'ada' })
  await added(shop, { token: customer.token }, product)
  await added(shop, { session: 'browsing' }, { ...product, quantity: 3 })
  const key = 'the-key-of-the-paid-order'
  const paid = await order(shop, product, { session: 'paid', key })
  assert.equal(paid.status, 201, paid.text)
  const placed = await order(shop, product, { session: 'placed', payment_method: 'manual' })
  assert.equal(placed.status, 201, placed.text)
  const declined = await order(shop, product, { session: 'declined', ...outcome('decline') })
  assert.equal(declined.status, 422, declined.text)
  const pending = await order(shop, product, { session: 'pending', payment_method: 'silent' })
  assert.equal(pending.status, 503, pending.text)
  await forgetLastLine(shop, product)
  return { product, email: customer.email, password: customer.password, key, paid }
}

async function fillCatalogue({ ctx }: TestShop) {
  // The child comes first and moves below its parent later, so its number is the smaller one.
  const child = await createCategory(ctx, { name: 'Shoes', description: oddText })
  const parent = await createCategory(ctx, { name: 'Clothes', description: '' })
  await changeCategory(
    ctx,
    { by: { by: 'id', id: child }, version: undefined },
    { parentId: parent },
  )
  await ctx.db.transaction((tx) => insertProducts(ctx, tx, fillers))
  await addProduct(ctx, { name: 'Forgotten boots', status: 'archived' })
  return addProduct(ctx, {
    name: 'Élan running shoe',
    description: oddText,
    brand: 'Ærø & Søn',
    categoryId: child,
    tags: ['zebra', 'apple', oddText],
    attributes: [
      { name: 'size', value: '42' },
      { name: 'colour', value: 'Żółty' },
    ],
    onHand: 100,
    priceMinor: 8_999,
  })
}

async function order(
  shop: TestShop,
  product: { variantId: string },
  { session, ...change }: { session: string } & Record<string, unknown>,
): Promise<Answer> {
  await added(shop, { session }, { ...product, quantity: 2 })
  return checkOut(shop, { session }, change)
}

/** The largest number is given away and gone; it must not be given again. */
async function forgetLastLine(shop: TestShop, product: { variantId: string }): Promise<void> {
  const session = 'forgetful'
  await added(shop, { session }, product)
  const emptied = await shop.call('DELETE', '/api/v1/cart', { session })
  assert.equal(emptied.status, 200, emptied.text)
}
