import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import {
  password,
  ada,
  register,
  me,
  askForReset,
  mailedToken,
  tokenOf,
} from '../support/accounts.ts'
import { describeOnEveryDatabase, type Answer, type TestShop } from '../support/shop.ts'
import { refused, unchanged, withoutRequestId } from './support.ts'

const answers401 = (answer: Answer) => assert.equal(answer.status, 401, answer.text)

describeOnEveryDatabase('the pages that links lead to', (openShop) => {
  const open = (shop: TestShop, path: string, token: string) =>
    shop.call('GET', `${path}?token=${token}`)
  const post = (shop: TestShop, path: string, fields: Record<string, string>) =>
    shop.call('POST', path, {
      raw: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })

  test('let people confirm an address, and looking at them changes nothing', async () => {
    await using shop = await openShop()
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    await unchanged(shop, async () => {
      for (let visit = 0; visit < 3; visit++) {
        const page = await open(shop, '/account/verify', token)
        assert.equal(page.status, 200)
        assert.match(page.text, /<form method="post" action="\/account\/verify">/)
      }
    })
    const done = await post(shop, '/account/verify', { token })
    assert.equal(done.status, 200, done.text)
    assert.match(done.text, /Your address is confirmed/)
    answers401(await post(shop, '/account/verify', { token }))
    const again = await open(shop, '/account/verify', token)
    answers401(again)
    assert.match(again.text, /This link does not work/)
  })

  test('let nothing run, and tell nobody where one came from', async () => {
    await using shop = await openShop({ settings: { STORE_NAME: '<b>Shop</b> & "Sons"' } })
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    const pages = [
      await open(shop, '/account/verify', token),
      await open(shop, '/account/reset', token),
      await post(shop, '/account/email-change', { token: '<script>alert(1)</script>' }),
    ]
    for (const { headers, text } of pages) {
      const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? ''
      assert.equal(
        headers.get('content-security-policy'),
        `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; ` +
          "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.doesNotMatch(text, /<script|<b>|\son\w+=/)
      assert.match(text, /&lt;b&gt;Shop&lt;\/b&gt; &amp; &quot;Sons&quot;/)
    }
  })

  test('let people choose a new password, and say what is wrong with it', async () => {
    await using shop = await openShop()
    await register(shop)
    await askForReset(shop, ada.email)
    const token = await mailedToken(shop, ada.email)
    const page = await open(shop, '/account/reset', token)
    assert.match(page.text, /<label for="password">/)
    assert.match(page.text, /autocomplete="new-password"/)
    for (const [weak, issue] of [
      ['', 'must have at least 8 characters'],
      ['Password1', 'is one of the most common passwords'],
      ['nocapital1', 'must contain an upper-case letter'],
    ] as const) {
      const answer = await post(shop, '/account/reset', { token, new_password: weak })
      assert.equal(answer.status, 400, answer.text)
      assert.ok(answer.text.includes(`The password ${issue}.`), answer.text)
      assert.ok(answer.text.includes(`name="token" value="${token}"`))
      assert.match(answer.text, /aria-invalid="true"/)
    }
    const done = await post(shop, '/account/reset', { token, new_password: 'Another-Pass-2' })
    assert.equal(done.status, 200, done.text)
    await tokenOf(shop, { email: ada.email, password: 'Another-Pass-2' })
    answers401(await post(shop, '/account/reset', { token, new_password: 'Another-Pass-3' }))
  })

  test('let both addresses agree to a change', async () => {
    await using shop = await openShop()
    await register(shop)
    const body = { new_email: 'new@example.com', current_password: password }
    const access = await tokenOf(shop)
    await shop.call('POST', '/api/v1/customers/me/email-change', { token: access, body })
    for (const [address, text] of [
      [ada.email, /look for a mail there/],
      ['new@example.com', /Both addresses have agreed/],
    ] as const) {
      const token = await mailedToken(shop, address)
      assert.match((await open(shop, '/account/email-change', token)).text, /new@example\.com/)
      assert.match((await post(shop, '/account/email-change', { token })).text, text)
    }
    assert.equal((await me(shop, access)).body.data.email, 'new@example.com')
  })

  test('refuse what no form of theirs sends, as pages; the API takes no forms', async () => {
    await using shop = await openShop()
    await register(shop)
    const token = await mailedToken(shop, ada.email)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const raw = `token=${token}&token=${token}`
    await unchanged(shop, async () => {
      const twice = await shop.call('POST', '/account/verify', { raw, headers })
      assert.equal(twice.status, 400)
      assert.match(twice.text, /^<!doctype html>/)
      assert.equal((await post(shop, '/account/verify', { token, extra: '1' })).status, 400)
      const api = await shop.call('POST', '/api/v1/email-verifications', { raw, headers })
      refused(api, 415, 'UNSUPPORTED_MEDIA_TYPE')
    })
    const first = withoutRequestId(await open(shop, '/account/verify', 'x'.repeat(43)))
    assert.match(first, /This link does not work/)
  })
})
