import assert from 'node:assert/strict'
import { addProduct, signUp, type TestShop } from '../support/shop.ts'
import { added, checkOut } from './support.ts'

export interface Placed {
  readonly orderId: string
  readonly number: number
  readonly token: string
  readonly paymentId: string
  readonly totalMinor: number
}

export async function place(shop: TestShop, change: Record<string, unknown> = {}): Promise<Placed> {
  const product = await addProduct(shop.ctx, { priceMinor: 9_500, onHand: 5 })
  const session = `buyer-${product.number}`
  await added(shop, { session }, product)
  const answer = await checkOut(shop, { session }, change)
  assert.equal(answer.status, 201, answer.text)
  const { id, number, token, total, payments } = answer.body.data
  const totalMinor = Math.round(Number(total.amount) * 100)
  return { orderId: id, number, token, paymentId: payments[0].id, totalMinor }
}

export const staff = async (shop: TestShop, role = 'finance') =>
  (await signUp(shop, { role })).token

export function act(shop: TestShop, token: string, { paymentId }: Placed) {
  return (what: string, body: object = {}, key?: string) =>
    shop.call('POST', `/api/v1/admin/payments/${paymentId}/${what}`, {
      token,
      body,
      ...(key === undefined ? {} : { key }),
    })
}

export async function rowOf(shop: TestShop, { paymentId }: Placed) {
  const row = await shop.ctx.db.read
    .selectFrom('payments')
    .select(['status', 'authorised_minor', 'captured_minor', 'refunded_minor'])
    .select(['capturing_minor', 'refunding_minor', 'released_minor'])
    .where('id', '=', paymentId)
    .executeTakeFirstOrThrow()
  return { ...row }
}

export const refund = (amount: string) => ({ amount, reason: 'a scratch' })
