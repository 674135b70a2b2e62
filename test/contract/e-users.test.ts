import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { register } from '../../src/domains/customer/customers.ts'
import { testClock } from '../api/support.ts'
import { describeOnEveryDatabase, signUp, type Answer, type TestShop } from '../support/shop.ts'
import { sharedShop, unchanged } from './support.ts'

const valid = (username: string) => ({
  username,
  email: `${username}@example.com`,
  password: 'Difference1',
  address: '12 St James Sq, London',
  first_name: 'Ada',
  last_name: 'Lovelace',
})

const post = (shop: TestShop, path: string, body: object) => shop.call('POST', path, { body })

async function member(shop: TestShop, username: string): Promise<string> {
  const made = await post(shop, '/users/register', valid(username))
  assert.equal(made.status, 201, made.text)
  const { email, password } = valid(username)
  const answer = await post(shop, '/users/login', { email, password })
  return answer.body.access_token as string
}

const profile = (shop: TestShop, token: string) => shop.call('GET', '/users/profile', { token })

/** The contract's refusals have a message and nothing else. */
function says(answer: Answer, status: number, message: string | object): void {
  assert.deepEqual([answer.status, answer.body], [status, { message }], answer.text)
}

describeOnEveryDatabase('contract E: /users', (openShop) => {
  const shop = sharedShop(openShop)

  test('POST /users/register: 201 with the user, and never the password', async () => {
    const answer = await post(shop(), '/users/register', valid('ada_l'))
    assert.equal(answer.status, 201)
    const { id, ...user } = answer.body
    const { password: _, ...expected } = valid('ada_l')
    assert.deepEqual(user, expected)
    assert.ok(Number.isInteger(id))
    assert.doesNotMatch(answer.text, /password|argon2|Difference1/)
  })

  test('POST /users/register: the cart of the new user is there, and empty', async () => {
    const token = await member(shop(), 'carter')
    const cart = await shop().call('GET', '/api/cart', { token })
    assert.deepEqual([cart.status, cart.body.data.item_count], [200, 0])
  })

  test('POST /users/register: 400 with the fields that are wrong', async () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ email: 'none' }, 'email'],
      [{ email: undefined }, 'email'],
      [{ username: undefined }, 'username'],
      [{ password: undefined }, 'password'],
      [{ password: 'weak' }, 'password'],
      [{ username: 7 }, 'username'],
      [{ shoe_size: 7 }, 'shoe_size'],
      [{ role: 'admin' }, 'role'],
    ]
    for (const [change, field] of wrong) {
      const answer = await unchanged(shop(), () =>
        post(shop(), '/users/register', { ...valid('wrong'), ...change }),
      )
      assert.deepEqual([answer.status, Object.keys(answer.body)], [400, ['message']], answer.text)
      assert.deepEqual(Object.keys(answer.body.message as object), [field])
    }
  })

  test('POST /users/register: a name or address that is taken is wrong, too', async () => {
    await post(shop(), '/users/register', valid('taken'))
    const email = 'other@example.com'
    const again = await unchanged(shop(), () =>
      post(shop(), '/users/register', { ...valid('TAKEN'), email }),
    )
    says(again, 400, { username: ['is taken'] })
    const twice = { ...valid('other'), email: 'TAKEN@example.com' }
    says(await post(shop(), '/users/register', twice), 400, { email: ['is taken'] })
  })

  test('POST /users/login: 200 with an access token, and nothing else', async () => {
    await member(shop(), 'login')
    const { email, password } = valid('login')
    const answer = await post(shop(), '/users/login', { email, password })
    assert.deepEqual([answer.status, Object.keys(answer.body)], [200, ['access_token']])
    const { exp = 0, iat = 0 } = decodeJwt(answer.body.access_token as string)
    assert.equal(exp - iat, 60 * 60)
  })

  test('POST /users/login: 401 "Invalid credentials", 400 for a body that is none', async () => {
    await member(shop(), 'known')
    const { email, password } = valid('known')
    for (const body of [
      { email, password: 'Wrong1234' },
      { email: 'nobody@example.com', password },
    ]) {
      says(await post(shop(), '/users/login', body), 401, 'Invalid credentials')
    }
    says(await post(shop(), '/users/login', { email }), 400, { password: ['is required'] })
    says(await post(shop(), '/users/login', { email, password, x: 1 }), 400, {
      x: ['is not known'],
    })
  })

  test('GET, PUT and DELETE /users/profile: one’s own account', async () => {
    const token = await member(shop(), 'owner')
    const found = await profile(shop(), token)
    assert.deepEqual([found.status, found.body.username], [200, 'owner'])
    const put = (body: object) => shop().call('PUT', '/users/profile', { token, body })
    const changed = await put({ address: '1 Ockham Park', first_name: 'Augusta' })
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.body, {
      ...found.body,
      address: '1 Ockham Park',
      first_name: 'Augusta',
    })
    assert.deepEqual((await put({})).body, changed.body)
    const wrong = await unchanged(shop(), () => put({ email: 'none' }))
    assert.deepEqual([wrong.status, Object.keys(wrong.body.message as object)], [400, ['email']])
    const gone = await shop().call('DELETE', '/users/profile', { token })
    assert.deepEqual([gone.status, gone.text], [204, ''])
    says(await profile(shop(), token), 401, 'Invalid token!')
  })

  test('PUT /users/profile: the new password is the one that signs in', async () => {
    const token = await member(shop(), 'changer')
    const { email, password } = valid('changer')
    const body = { password: 'Analytical1' }
    assert.equal((await shop().call('PUT', '/users/profile', { token, body })).status, 200)
    says(await post(shop(), '/users/login', { email, password }), 401, 'Invalid credentials')
    const again = await post(shop(), '/users/login', { email, password: 'Analytical1' })
    assert.equal(again.status, 200)
    assert.equal((await profile(shop(), token)).status, 200, 'the session that changed it goes on')
  })

  test('a protected route without a token: 401 "Authorization token is missing!"', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const request = method === 'PUT' ? { body: {} } : {}
      const answer = await shop().call(method, '/users/profile', request)
      says(answer, 401, 'Authorization token is missing!')
    }
  })

  test('a token that is none, or of nobody: 401 "Invalid token!"', async () => {
    for (const token of ['a.b.c', 'x', 'null']) {
      says(await profile(shop(), token), 401, 'Invalid token!')
    }
  })

  test('a body that is no JSON: 400 with a message', async () => {
    const answer = await shop().call('POST', '/users/login', { raw: '{' })
    assert.deepEqual([answer.status, Object.keys(answer.body)], [400, ['message']])
  })

  test('an account of another door is the same account', async () => {
    const { email, password, number } = await signUp(shop(), { username: 'everywhere' })
    const answer = await post(shop(), '/users/login', { email, password })
    const found = await profile(shop(), answer.body.access_token as string)
    assert.deepEqual([found.body.id, found.body.email], [number, email])
    const session = await shop().call('GET', '/api/v1/customers/me', {
      token: answer.body.access_token as string,
    })
    assert.equal(session.body.data.number, number)
  })

  test('an account without a password cannot be entered with any', async () => {
    await register(shop().ctx, { email: 'none@example.com', password: undefined })
    for (const password of ['!', '', ' ', 'undefined']) {
      const answer = await post(shop(), '/users/login', { email: 'none@example.com', password })
      assert.ok([400, 401].includes(answer.status), answer.text)
    }
  })
})

describeOnEveryDatabase('contract E: a token', (openShop) => {
  test('lasts for sixty minutes: after them 403 "Token has expired!"', async () => {
    const clock = testClock()
    await using shop = await openShop({ clock })
    const token = await member(shop, 'hourly')
    clock.advance(60 * 60_000 - 1)
    assert.equal((await profile(shop, token)).status, 200)
    clock.advance(1)
    says(await profile(shop, token), 403, 'Token has expired!')
  })
})
