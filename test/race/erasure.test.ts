import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, shippingInfo, signUp } from '../support/shop.ts'
import { added, checkOut, orderStatuses } from '../api/support.ts'
import { tracesOf } from '../support/traces.ts'
import { inParallel, tally } from './support.ts'

type Account = Awaited<ReturnType<typeof signUp>>

describeOnEveryDatabase('50 who check out and erase their account at once', (openShop) => {
  test('each has bought or has not, and no name is left', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx, { onHand: 500 })
    const people = await inParallel(50, 10, (index) =>
      signUp(shop, { email: `ada@number-${index}.example` }),
    )
    for (const { token } of people) await added(shop, { token }, { variantId })
    const buyAs = (account: Account) =>
      checkOut(shop, { token: account.token }, { key: 'k', shipping_info: shippingInfo })
    const eraseAs = ({ token, password }: Account) =>
      shop.call('DELETE', '/api/v1/customers/me', { token, body: { current_password: password } })
    const answers = await inParallel(100, 100, (index) => {
      const account = people[index >> 1] ?? assert.fail()
      return index % 2 === 0 ? buyAs(account) : eraseAs(account)
    })
    const counts = tally(answers)
    const known = ['200', '201', '401 INVALID_TOKEN', '409 CART_LOCKED', '422 CART_EMPTY']
    assert.deepEqual(
      Object.keys(counts).filter((name) => !known.includes(name)),
      [],
    )
    assert.equal(counts['200'], 50)
    await shop.mails()
    const statuses = await orderStatuses(shop.ctx)
    assert.deepEqual(statuses, Array<string>(counts['201'] ?? 0).fill('paid'))
    assert.deepEqual(await tracesOf(shop), [])
    await shop.assertAudit()
  })
})
