import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { countOf, inParallel, tally } from './support.ts'

const many = 50
const password = 'Correct-Horse-1'

describeOnEveryDatabase('the same account registered 50 times at once', (openShop) => {
  test('one e-mail address, whatever its case, makes one account', async () => {
    await using shop = await openShop()
    const answers = await inParallel(many, many, (index) => {
      const email = index % 2 === 0 ? 'ada@example.com' : 'Ada@Example.com'
      return shop.call('POST', '/api/v1/customers', { body: { email, password } })
    })
    assert.deepEqual(tally(answers), { 201: 1, '409 ALREADY_EXISTS': many - 1 })
    const fields = answers.flatMap(({ status, body }) =>
      status === 409 ? [body.error.details.field as string] : [],
    )
    assert.deepEqual([...new Set(fields)], ['email'])
    assert.equal(await countOf(shop, 'customers'), 1)
  })

  test('one user name with 50 addresses makes one account', async () => {
    await using shop = await openShop()
    const answers = await inParallel(many, many, (index) => {
      const body = { email: `ada-${index}@example.com`, username: 'ada', password }
      return shop.call('POST', '/api/v1/customers', { body })
    })
    assert.deepEqual(tally(answers), { 201: 1, '409 ALREADY_EXISTS': many - 1 })
    const [refusal] = answers.filter(({ status }) => status === 409)
    assert.equal(refusal?.body.error.details.field, 'username')
    assert.equal(await countOf(shop, 'customers'), 1)
  })

  test('an address that reads like the name of a key is refused for what it is', async () => {
    await using shop = await openShop()
    const email = 'username_key@example.com'
    await signUp(shop, { email })
    const answer = await shop.call('POST', '/api/v1/customers', { body: { email, password } })
    assert.equal(answer.status, 409, answer.text)
    assert.equal(answer.body.error.details.field, 'email')
  })
})
