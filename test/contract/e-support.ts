import assert from 'node:assert/strict'
import { signUp, type Answer, type TestShop } from '../support/shop.ts'

export const lamp = (name: string) => ({ name, description: 'Warm light, 9 W', price: 29.9 })

/** The contract's answers have a message and nothing else. */
export function says(answer: Answer, status: number, message: string | object): void {
  assert.deepEqual([answer.status, answer.body], [status, { message }], answer.text)
}

/** 400 with the one field that is wrong. */
export function saysWrong(answer: Answer, field: string): void {
  assert.deepEqual([answer.status, Object.keys(answer.body)], [400, ['message']], answer.text)
  assert.deepEqual(Object.keys(answer.body.message as object), [field], answer.text)
}

let count = 0

/** Registers and signs in at the door itself, with an address. */
export async function member(shop: TestShop, given: object = {}): Promise<string> {
  const username = `buyer_${++count}`
  const email = `${username}@example.com`
  const user = { username, email, password: 'Difference1', address: '12 St James Sq, London' }
  const body = { ...user, ...given }
  const made = await shop.call('POST', '/users/register', { body })
  assert.equal(made.status, 201, made.text)
  const login = { email, password: user.password }
  const answer = await shop.call('POST', '/users/login', { body: login })
  return answer.body.access_token as string
}

export async function staff(shop: TestShop): Promise<string> {
  return (await signUp(shop, { role: 'admin' })).token
}

/** A description, made at the door. */
export async function described(shop: TestShop, token: string, name = `Lamp ${++count}`) {
  const answer = await shop.call('POST', '/product-descriptions/', { token, body: lamp(name) })
  assert.equal(answer.status, 201, answer.text)
  return answer.body as { id: number; name: string; description: string; price: number }
}

/** A description with so many units; returns their serial numbers too. */
export async function stocked(shop: TestShop, units: number) {
  const token = await staff(shop)
  const description = await described(shop, token)
  const serials: string[] = []
  for (let unit = 0; unit < units; unit++) {
    const made = await shop.call('POST', `/products/create/${description.id}`, { token })
    assert.equal(made.status, 201, made.text)
    serials.push(made.body.serial_number as string)
  }
  return { ...description, token, serials }
}

export const add = (shop: TestShop, token: string, id: number | string) =>
  shop.call('POST', `/carts/add-item/${id}`, { token })

export const order = (shop: TestShop, token: string, key?: string) =>
  shop.call('POST', '/orders/create', { token, ...(key === undefined ? {} : { key }) })

export async function variantOf({ ctx }: TestShop, number: number): Promise<string> {
  const { id } = await ctx.db.read
    .selectFrom('variants as v')
    .innerJoin('products as p', 'p.id', 'v.product_id')
    .select('v.id')
    .where('p.number', '=', number)
    .executeTakeFirstOrThrow()
  return id
}

/** The order of an answer of the door, as its buyer reads it. */
export async function orderOf(shop: TestShop, token: string, answer: Answer) {
  const [, number] = /^Order (\d+) placed successfully!$/.exec(String(answer.body.message)) ?? []
  const found = await shop.call('GET', `/api/v1/orders/${number}`, { token })
  assert.equal(found.status, 200, `${answer.text} ${found.text}`)
  return found.body.data
}
