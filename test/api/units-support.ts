import assert from 'node:assert/strict'
import { addProduct, signUp, type Answer, type TestShop } from '../support/shop.ts'
import { added, checkOut } from './support.ts'

/** Somebody who keeps the warehouse, and an article of which every piece has a serial number. */
export async function openWarehouse(shop: TestShop, serials: readonly string[] = []) {
  const { token } = await signUp(shop, { role: 'warehouse' })
  const product = await addProduct(shop.ctx, { onHand: 0 })
  const staff = (method: string, path: string, body?: object): Promise<Answer> =>
    shop.call(method, `/api/v1/admin${path}`, { token, ...(body ? { body } : {}) })
  const track = (body: object = {}, { variantId } = product) =>
    staff('PUT', `/variants/${variantId}/unit-tracking`, body)
  const receive = (serial_numbers: readonly string[], { variantId } = product) =>
    staff('POST', '/units', { variant_id: variantId, serial_numbers })
  const unit = async (serial: string) => {
    const answer = await staff('GET', `/units/${encodeURIComponent(serial)}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.body.data
  }
  assert.equal((await track()).status, 200)
  if (serials.length > 0) assert.equal((await receive(serials)).status, 201)
  return { token, product, staff, track, receive, unit, variantId: product.variantId }
}

export const numbered = (count: number, prefix = 'SN-') =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)

/** Buys, and returns the order. */
export async function buy(
  shop: TestShop,
  session: string,
  item: { variantId: string; quantity?: number },
) {
  await added(shop, { session }, item)
  const answer = await checkOut(shop, { session })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data
}

export interface Event {
  readonly kind: string
  readonly state: string
  readonly order: { readonly number: number } | null
}

export interface Named {
  readonly serial_number: string
}

export const serialsOf = (units: readonly Named[]) =>
  units.map(({ serial_number }) => serial_number)

export const kindsOf = ({ history }: { history: { kind: string }[] }) =>
  history.map(({ kind }) => kind)
