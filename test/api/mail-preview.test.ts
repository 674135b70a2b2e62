import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buildApp } from '../../src/app.ts'
import type { RawSettings } from '../../src/config/read.ts'
import { folderMail } from '../../src/drivers/mail/folder.ts'
import { openShopOn, type TestShop } from '../support/shop.ts'
import { refused } from './support.ts'

interface PreviewShop extends AsyncDisposable {
  readonly shop: TestShop
  send(change?: Partial<Parameters<ReturnType<typeof folderMail>['send']>[0]>): Promise<void>
}

/** What is shown comes from a folder, whatever the database. */
async function open(settings: Partial<RawSettings> = {}): Promise<PreviewShop> {
  const place = mkdtempSync(join(tmpdir(), 'preview-'))
  const raw = { DATA_DIR: place, MAIL_PREVIEW: 'auto', ...settings }
  const shop = await openShopOn('sqlite::memory:', { settings: raw }, () => Promise.resolve())
  const { folder, from } = shop.ctx.config.mail
  const driver = folderMail({ folder, from })
  const message = { id: '01', to: 'ada@example.com', subject: 'Hello', text: 'Hi\n', html: '<p>' }
  return {
    shop,
    send: (change = {}) => driver.send({ ...message, ...change }),
    async [Symbol.asyncDispose]() {
      await shop[Symbol.asyncDispose]()
      rmSync(place, { recursive: true })
    },
  }
}

describe('the mail of development', () => {
  test('is listed newest first, and says so while there is none', async () => {
    await using opened = await open()
    const { shop, send } = opened
    const empty = await shop.call('GET', '/dev/mail')
    assert.equal(empty.status, 200)
    assert.match(empty.text, /No mail yet/)
    await send({ id: '01', subject: 'First' })
    await send({ id: '02', subject: 'Second' })
    const { text, headers } = await shop.call('GET', '/dev/mail')
    const found = [...text.matchAll(/href="(\/dev\/mail\/\d+)"|<strong[^>]*>(\w+)</g)]
    assert.deepEqual(
      found.map(([, link, subject]) => link ?? subject),
      ['/dev/mail/02', 'Second', '/dev/mail/01', 'First'],
    )
    assert.equal(headers.get('cache-control'), 'no-store')
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
  })

  test('is shown with all its parts, and nothing in it can run', async () => {
    await using opened = await open({ MAIL_FROM: 'Shop <shop@example.com>' })
    const { shop, send } = opened
    const evil = `"></iframe><script>alert(1)</script>'`
    await send({ subject: evil, text: evil, html: `<head></head>${evil}` })
    for (const path of ['/dev/mail', '/dev/mail/01']) {
      const { text, headers } = await shop.call('GET', path)
      assert.doesNotMatch(text, /<script/)
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /default-src 'none'/)
      assert.doesNotMatch(policy, /script-src/)
    }
    const { text } = await shop.call('GET', '/dev/mail/01')
    const escaped = '&quot;&gt;&lt;/iframe&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;'
    assert.equal(text.split(escaped).length - 1, 4, 'title, heading, frame and text')
    assert.equal(text.match(/<iframe/g)?.length, 1)
    assert.match(text, /sandbox="allow-popups allow-popups-to-escape-sandbox"/)
    assert.match(text, /<dd dir="auto">Shop &lt;shop@example.com&gt;<\/dd>/)
    assert.match(text, /<dd>ada@example\.com<\/dd>/)
  })

  test('ends where there is none', async () => {
    await using opened = await open()
    const { shop, send } = opened
    await send()
    for (const path of ['02', '..%2Fshop.db', '%2e%2e', 'x'.repeat(200), '01.json', '01%2f']) {
      const { status } = await shop.call('GET', `/dev/mail/${path}`)
      assert.ok(status === 404 || status === 400, path)
    }
    refused(await shop.call('GET', '/dev/mail/02'), 404, 'NOT_FOUND')
  })

  test('shows the newest hundred of many', async () => {
    await using opened = await open()
    const { shop, send } = opened
    for (let id = 100; id <= 200; id++) await send({ id: String(id) })
    const { text } = await shop.call('GET', '/dev/mail')
    assert.equal(text.match(/<li>/g)?.length, 100)
    assert.ok(!text.includes('/dev/mail/100"'))
    assert.match(text, /The newest 100 of 101;/)
  })

  test('is no part of the API', async () => {
    await using opened = await open()
    const { body } = await opened.shop.call('GET', '/openapi.json')
    assert.deepEqual(
      Object.keys(body.paths as object).filter((path) => path.includes('/dev/')),
      [],
    )
  })

  const hidden: readonly Partial<RawSettings>[] = [
    { PRODUCTION: 'true', RATE_LIMIT: 'on' },
    { MAIL_DRIVER: 'none' },
    { MAIL_PREVIEW: 'off' },
    { PUBLIC_URL: 'https://shop.example.com' },
  ]
  for (const settings of hidden) {
    test(`is nowhere with ${JSON.stringify(settings)}`, async () => {
      await using opened = await open(settings)
      await opened.send()
      for (const path of ['/dev/mail', '/dev/mail/01']) {
        refused(await opened.shop.call('GET', path), 404, 'NOT_FOUND')
      }
    })
  }

  test('is for those who sit at this machine, whatever their headers say', async () => {
    await using opened = await open({ TRUST_PROXY: '127.0.0.1' })
    const { app } = await buildAppOf(opened)
    const from = async (remoteAddress: string, headers = {}) =>
      (await app.inject({ method: 'GET', url: '/dev/mail', remoteAddress, headers })).statusCode
    assert.equal(await from('127.0.0.1'), 200)
    assert.equal(await from('::1'), 200)
    assert.equal(await from('::ffff:127.0.0.1'), 200)
    assert.equal(await from('192.168.1.20'), 404)
    assert.equal(await from('192.168.1.20', { 'x-forwarded-for': '127.0.0.1' }), 404)
    await app.close()
  })

  test('is for everybody with MAIL_PREVIEW=on, as for a phone', async () => {
    const settings = { MAIL_PREVIEW: 'on', PUBLIC_URL: 'http://192.168.1.5:5005' }
    await using opened = await open(settings)
    const { app } = await buildAppOf(opened)
    const answer = await app.inject({ url: '/dev/mail', remoteAddress: '192.168.1.20' })
    assert.equal(answer.statusCode, 200)
    await app.close()
  })
})

/** A second server on the same shop, to be asked as if from other machines. */
const buildAppOf = ({ shop }: PreviewShop) => buildApp(shop.ctx)
