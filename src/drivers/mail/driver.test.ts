import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readMessage, type ReadMessage } from '../../../test/support/mime.ts'
import { startMailServer } from '../../../test/support/smtp.ts'
import { RefusedError } from '../../db/subscriber.ts'
import type { MailDriver, MailMessage } from './driver.ts'
import { folderMail, listMails, readMail } from './folder.ts'
import { memoryMail } from './memory.ts'
import { smtpMail } from './smtp.ts'

const from = { name: 'Ünser "Shop", Inc.', address: 'shop@example.com' }

interface Candidate extends AsyncDisposable {
  readonly driver: MailDriver
  /** What has arrived, oldest first. */
  received(): readonly ReadMessage[]
  /** Recognises a repetition itself; others leave that to whoever gets the message. */
  readonly once: boolean
}

const candidates: Readonly<Record<string, () => Promise<Candidate>>> = {
  folder: () => {
    const folder = mkdtempSync(join(tmpdir(), 'mail-'))
    const read = (name: string) => readMessage(readFileSync(join(folder, name), 'latin1'))
    return Promise.resolve({
      driver: folderMail({ folder, from }),
      received: () =>
        readdirSync(folder)
          .filter((name) => name.endsWith('.eml'))
          .map(read),
      once: true,
      async [Symbol.asyncDispose]() {
        rmSync(folder, { recursive: true })
        return Promise.resolve()
      },
    })
  },
  smtp: async () => {
    const server = await startMailServer()
    const url = `smtp://127.0.0.1:${server.port}`
    const driver = smtpMail({ url, from, tls: 'auto', timeoutMs: 5_000 })
    return {
      driver,
      received: () => server.received.map(({ raw }) => readMessage(raw.replace(/\r\n$/, ''))),
      once: false,
      async [Symbol.asyncDispose]() {
        await driver[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      },
    }
  },
}

let count = 0
const message = (change: Partial<MailMessage> = {}): MailMessage => ({
  id: `mail-${++count}`,
  to: 'ada@example.com',
  subject: 'Your order',
  text: 'Thank you.\n',
  html: '<p>Thank you.</p>\n',
  ...change,
})

for (const [name, open] of Object.entries(candidates)) {
  describe(`the mail driver ${name}`, () => {
    test('goes by the name under which it is configured', async () => {
      await using candidate = await open()
      assert.equal(candidate.driver.code, name)
    })

    test('writes one message in two forms, with the headers that it should have', async () => {
      await using candidate = await open()
      const sent = message()
      await candidate.driver.send(sent)
      const [got, ...rest] = candidate.received()
      assert.deepEqual(rest, [])
      assert.ok(got)
      assert.deepEqual([got.text, got.html], [sent.text, sent.html])
      const { headers } = got
      assert.equal(headers.get('message-id'), `<${sent.id}@example.com>`)
      assert.equal(headers.get('subject'), 'Your order')
      assert.equal(headers.get('to'), 'ada@example.com')
      assert.match(headers.get('from') ?? '', /^"?Ünser \\?"Shop\\?", Inc\."? <shop@example\.com>$/)
      assert.equal(headers.get('auto-submitted'), 'auto-generated')
      assert.ok(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) < 60_000)
    })

    test('sends the same message again without harm: it is known by its id', async () => {
      await using candidate = await open()
      const sent = message()
      await candidate.driver.send(sent)
      await candidate.driver.send(sent)
      const ids = candidate.received().map(({ headers }) => headers.get('message-id'))
      const id = `<${sent.id}@example.com>`
      assert.deepEqual(ids, candidate.once ? [id] : [id, id])
    })

    test('keeps every letter of bodies with all of Unicode and with endless lines', async () => {
      await using candidate = await open()
      const text = `שלום 👩‍👩‍👧 ñ 中文 \u{1f600}\n.\n..\nFrom here = there\n${'x'.repeat(5_000)}\n\n  end\n`
      const html = `<p>${'ü'.repeat(3_000)}</p>\n<pre>\n.\n</pre>\n`
      await candidate.driver.send(message({ text, html, subject: 'Ελληνικά 👍 '.repeat(20) }))
      const [got] = candidate.received()
      assert.equal(got?.text, text)
      assert.equal(got.html, html)
      assert.equal(got.headers.get('subject'), 'Ελληνικά 👍 '.repeat(20).trim())
    })

    test('lets no subject become a header or a body', async () => {
      await using candidate = await open()
      const breaks = ['\r\n', '\n', '\r', '\u2028', '\0\r\n']
      for (const sign of breaks) {
        await candidate.driver.send(
          message({ subject: `Hi${sign}Bcc: eve@example.com${sign}${sign}<b>body</b>` }),
        )
      }
      const got = candidate.received()
      assert.equal(got.length, breaks.length)
      for (const { headers, text } of got) {
        assert.equal(headers.has('bcc'), false)
        assert.equal(headers.get('subject'), 'Hi Bcc: eve@example.com <b>body</b>')
        assert.equal(text, 'Thank you.\n')
      }
    })

    const noAddresses = [
      'ada@example.com\r\nBcc: eve@example.com',
      'ada@example.com\nDATA',
      'ada@example.com, eve@example.com',
      'ada@example.com;eve@example.com',
      'Ada <ada@example.com>',
      'ada@example.com> SIZE=1',
      '"ada\r\n"@example.com',
      'ada @example.com',
      'ada@exam\0ple.com',
      'list:ada@example.com;',
      '@example.com',
      'ada@',
      'ada',
      '',
      `${'a'.repeat(65)}@example.com`,
      `ada@${'a'.repeat(250)}.com`,
    ]
    test('refuses for good what is not one plain address, and writes nobody', async () => {
      await using candidate = await open()
      for (const to of noAddresses) {
        await assert.rejects(candidate.driver.send(message({ to })), RefusedError, to)
      }
      assert.deepEqual(candidate.received(), [])
    })

    test('refuses an id that is none', async () => {
      await using candidate = await open()
      for (const id of ['', '../up', 'a b', 'a@b', 'a\r\nb', 'x'.repeat(101)]) {
        await assert.rejects(candidate.driver.send(message({ id })), RefusedError, id)
      }
      assert.deepEqual(candidate.received(), [])
    })

    test('sends many at once', async () => {
      await using candidate = await open()
      await Promise.all(Array.from({ length: 40 }, () => candidate.driver.send(message())))
      const ids = new Set(candidate.received().map(({ headers }) => headers.get('message-id')))
      assert.equal(ids.size, 40)
    })
  })
}

describe('the mail driver memory', () => {
  test('keeps each message once, and refuses what the others refuse', async () => {
    await using driver = memoryMail()
    const sent = message()
    await driver.send(sent)
    await driver.send(sent)
    await assert.rejects(driver.send(message({ to: 'nobody' })), RefusedError)
    assert.deepEqual(driver.sent, [sent])
  })
})

describe('the folder of mails', () => {
  const make = (keptMax?: number) => {
    const place = mkdtempSync(join(tmpdir(), 'mail-'))
    const folder = join(place, 'deep', 'mail')
    return {
      folder,
      driver: folderMail({ folder, from, ...(keptMax === undefined ? {} : { keptMax }) }),
      [Symbol.dispose]: () => rmSync(place, { recursive: true }),
    }
  }

  test('lists the newest first, and knows the parts of each', async () => {
    using place = make()
    const { folder, driver } = place
    assert.deepEqual(await listMails(folder), [])
    const [first, second] = [message({ id: '0001' }), message({ id: '0002' })]
    await driver.send(first)
    await driver.send(second)
    assert.deepEqual(await listMails(folder), ['0002', '0001'])
    const { at, ...read } = (await readMail(folder, '0001')) ?? {}
    assert.deepEqual(read, { ...first, from })
    assert.ok(Math.abs((at ?? 0) - Date.now()) < 60_000)
    for (const id of ['0003', '../mail/0001', '..', '']) {
      assert.equal(await readMail(folder, id), undefined)
    }
  })

  test('is its owner’s alone, with nothing half written in it', async () => {
    using place = make()
    const { folder, driver } = place
    await driver.send(message({ id: 'one' }))
    assert.deepEqual(readdirSync(folder).sort(), ['one.eml', 'one.json'])
    if (process.platform === 'win32') return
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    for (const name of readdirSync(folder)) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
    }
  })

  test('never holds more than it may: the oldest make room', async () => {
    using place = make(20)
    const { folder, driver } = place
    // A process that starts anew counts what is there already.
    const restarted = folderMail({ folder, from, keptMax: 20 })
    const ids = Array.from({ length: 60 }, (_, index) => String(1_000 + index))
    for (const [index, id] of ids.entries()) {
      await (index < 35 ? driver : restarted).send(message({ id }))
      assert.ok(readdirSync(folder).length <= 2 * 20)
    }
    const kept = await listMails(folder)
    assert.ok(kept.length >= 17, String(kept.length))
    assert.deepEqual(kept, ids.toReversed().slice(0, kept.length))
  })
})
