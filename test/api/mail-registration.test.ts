import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inParallel, tally } from '../race/support.ts'
import {
  password,
  ada,
  register,
  signIn,
  verify,
  askForReset,
  reset,
  letters,
  mailedToken,
  tokenOf,
  customers,
  tokens,
} from '../support/accounts.ts'
import { describeOnEveryDatabase, signUp } from '../support/shop.ts'
import { refused, refusedField, unchanged } from './support.ts'

describeOnEveryDatabase('registering where addresses are confirmed', (openShop) => {
  const settings = { REGISTRATION: 'confirmed' } as const
  const doors: readonly (readonly [path: string, body: object])[] = [
    ['/api/v1/customers', { ...ada, first_name: 'Ada' }],
    ['/api/users/register', { ...ada, first_name: 'Ada' }],
  ]

  for (const [path, body] of doors) {
    test(`opens the account by the mailed link: ${path}`, async () => {
      await using shop = await openShop({ settings })
      const answer = await shop.call('POST', path, { body })
      assert.equal(answer.status, 202, answer.text)
      const { data } = answer.body
      assert.deepEqual(data, { status: 'confirmation_mailed', email: ada.email })
      assert.deepEqual(await customers(shop), [])
      const token = await mailedToken(shop, ada.email)
      for (const login of [{ email: ada.email }, { username: ada.username }]) {
        refused(await signIn(shop, { ...login, password }), 401, 'INVALID_CREDENTIALS')
      }
      assert.equal((await verify(shop, token)).status, 200)
      const signedIn = await signIn(shop, { username: ada.username, password })
      assert.equal(signedIn.status, 201, signedIn.text)
      const { email_verified, first_name } = signedIn.body.data.customer
      assert.deepEqual([email_verified, first_name], [true, 'Ada'])
    })

    test(`says the same for an address that is taken, and its owner is told: ${path}`, async () => {
      await using shop = await openShop({ settings })
      const owner = await signUp(shop, { email: ada.email })
      const given = { ...body, email: 'Ada@Example.com' }
      const answer = await shop.call('POST', path, { body: given })
      const free = { ...body, username: 'other', email: 'free@example.com' }
      const other = await shop.call('POST', path, { body: free })
      assert.deepEqual([answer.status, other.status], [202, 202])
      assert.equal(
        answer.text.replace('Ada@Example.com', '…'),
        other.text.replace('free@example.com', '…'),
      )
      assert.deepEqual((await letters(shop)).toSorted(), [
        'ada@example.com: You have an account at Cartwright already',
        'free@example.com: Confirm your e-mail address for Cartwright',
      ])
      const mine = (await customers(shop)).filter(({ email_key }) => email_key === ada.email)
      assert.equal(mine.length, 1)
      assert.equal(mine[0]?.username, null)
      await tokenOf(shop, { email: owner.email, password: owner.password })
      const token = await mailedToken(shop, ada.email)
      assert.equal((await reset(shop, token)).status, 200)
    })
  }

  test('refuses a taken user name whatever the address, and claims none before', async () => {
    await using shop = await openShop({ settings })
    await signUp(shop, { email: ada.email, username: 'taken' })
    for (const email of [ada.email, 'free@example.com']) {
      const answer = await register(shop, { email, password, username: 'Taken' })
      const { details } = refused(answer, 409, 'ALREADY_EXISTS')
      assert.equal(details.field, 'username')
    }
    const wanting = ['b@example.com', 'c@example.com']
    for (const email of wanting) {
      assert.equal((await register(shop, { email, password, username: 'both' })).status, 202)
    }
    const links = [
      await mailedToken(shop, 'b@example.com'),
      await mailedToken(shop, 'c@example.com'),
    ]
    const answers = await inParallel(2, 2, (index) => verify(shop, links[index] ?? ''))
    assert.deepEqual(tally(answers), { 200: 2 })
    const names = (await customers(shop)).slice(1).map(({ username }) => username)
    assert.deepEqual(names.toSorted(), ['both', null])
    for (const email of wanting) await tokenOf(shop, { email, password })
  })

  test('does not open an account that somebody else registered with their password', async () => {
    await using shop = await openShop({ settings })
    const thief = { email: ada.email, password: 'Of-The-Thief-1' }
    await register(shop, thief)
    await shop.mails()
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    assert.equal((await reset(shop, token, password)).status, 200)
    refused(await signIn(shop, thief), 401, 'INVALID_CREDENTIALS')
    await tokenOf(shop)
  })

  test('by many with one address makes one account', async () => {
    await using shop = await openShop({ settings })
    const answers = await inParallel(10, 10, (index) =>
      register(shop, { ...ada, username: `ada_${index}` }),
    )
    assert.deepEqual(tally(answers), { 202: 10 })
    const told = await letters(shop)
    assert.equal((await customers(shop)).length, 1)
    assert.equal(told.filter((letter) => letter.includes('Confirm your')).length, 1)
    assert.equal(told.length, 2)
    assert.deepEqual((await tokens(shop)).toSorted(), [
      ...Array<string>(5).fill('reset_password'),
      'verify_email',
    ])
    await shop.assertAudit()
  })

  test('refuses a weak password and a bad form at once', async () => {
    await using shop = await openShop({ settings })
    await unchanged(shop, async () => {
      refusedField(await register(shop, { ...ada, password: 'Password1' }), 'password')
      refusedField(await register(shop, { ...ada, email: 'ada' }), 'email')
      refusedField(await register(shop, { ...ada, username: 'a b' }), 'username')
    })
  })
})

describeOnEveryDatabase('events that hold something of a person', (openShop) => {
  test('are sealed, and gone when they have been heard', async () => {
    await using shop = await openShop({ settings: { REGISTRATION: 'confirmed' } })
    await register(shop)
    await askForReset(shop, 'nobody@example.com')
    const read = () => shop.ctx.db.read.selectFrom('outbox').selectAll().execute()
    const before = JSON.stringify(await read())
    assert.doesNotMatch(before, /example|ada|argon2/)
    await shop.mails()
    const topics = (await read()).map(({ topic }) => topic)
    assert.deepEqual([...new Set(topics)], ['account.link_due'])
  })
})
