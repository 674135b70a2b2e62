import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { signUp, type Answer, type CallOptions, type TestShop } from '../support/shop.ts'

/** Staff of a shop who may do everything with its stock. */
export interface Staff {
  call(method: string, path: string, body?: object, options?: CallOptions): Promise<Answer>
  /** The same, insisting that it worked; gives back the data. */
  done(method: string, path: string, body?: object): Promise<Answer['body']>
}

export async function staffOf(shop: TestShop, role = 'warehouse'): Promise<Staff> {
  const { token } = await signUp(shop, { role })
  const call: Staff['call'] = (method, path, body, options = {}) =>
    shop.call(method, `/api/v1/admin${path}`, {
      ...options,
      token,
      ...(body === undefined ? {} : { body }),
    })
  return {
    call,
    async done(method, path, body) {
      const answer = await call(method, path, body)
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
      return answer.body.data
    },
  }
}

/** On hand, reserved and withheld of an article by the code of the location. */
export async function shelvesOf({ db }: Context, variantId: string) {
  const rows = await db.read
    .selectFrom('stock as s')
    .innerJoin('locations as l', 'l.id', 's.location_id')
    .select(['l.code', 's.on_hand', 's.reserved', 's.withheld'])
    .where('s.variant_id', '=', variantId)
    .orderBy('l.code')
    .execute()
  return Object.fromEntries(
    rows.map(({ code, on_hand, reserved, withheld }) => [code, [on_hand, reserved, withheld]]),
  )
}

/** Opens a location and puts pieces of some articles there. */
export async function openLocation(
  staff: Staff,
  location: { code: string; priority?: number },
  stock: Readonly<Record<string, number>> = {},
): Promise<string> {
  const { id } = (await staff.done('POST', '/locations', { name: location.code, ...location })) as {
    id: string
  }
  for (const [variant_id, quantity] of Object.entries(stock)) {
    const body = { variant_id, quantity, kind: 'receipt', location_id: id }
    await staff.done('POST', '/stock-adjustments', body)
  }
  return id
}

export async function orderIdOf({ db }: Context, number: number): Promise<string> {
  const { id } = await db.read
    .selectFrom('orders')
    .select('id')
    .where('number', '=', number)
    .executeTakeFirstOrThrow()
  return id
}

/** Kinds and quantities of what moved of an article, in the order in which it happened. */
export async function movesOf({ db }: Context, variantId: string): Promise<[string, number][]> {
  const rows = await db.read
    .selectFrom('stock_movements')
    .select(['kind', 'quantity'])
    .where('variant_id', '=', variantId)
    .orderBy('id')
    .execute()
  return rows.map(({ kind, quantity }) => [kind, quantity])
}
