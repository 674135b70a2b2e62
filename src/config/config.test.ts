import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { printSettings, readConfig } from './config.ts'
import { ConfigError, listOf, readSettings } from './read.ts'
import { readSecrets } from './secrets.ts'
import { settings, type Setting } from './settings.ts'

const refusal = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return 'no refusal'
}

describe('settings', () => {
  test('have defaults that work', () => {
    const config = readConfig({})
    assert.equal(config.server.port, 5_005)
    assert.equal(config.server.host, '0.0.0.0')
    assert.equal(config.server.publicUrl, 'http://localhost:5005')
    assert.equal(config.data.databaseUrl, 'sqlite:data/shop.db')
    assert.deepEqual(config.store, { name: 'Cartwright', currency: 'USD', country: undefined })
    assert.deepEqual(config.payment.methods, ['manual', 'test'])
    assert.deepEqual(config.server.corsOrigins, [])
    assert.equal(config.lifetimes.cartMs, 30 * 24 * 3_600_000)
    assert.equal(config.lifetimes.holdMs, 900_000)
    assert.equal(config.server.cookieSecure, false)
    assert.equal(config.production, false)
    assert.deepEqual(config.mail, {
      driver: 'folder',
      from: { name: 'Cartwright', address: 'no-reply@localhost' },
      folder: 'data/mail',
      preview: 'machine',
      smtp: { tls: 'auto', timeoutMs: 10_000 },
    })
  })

  test('limit requests, but with RATE_LIMIT=off, which production has to be told twice', () => {
    const limits = readConfig({ RATE_LIMIT_SIGN_IN: '7' }).rateLimits
    assert.deepEqual(limits, {
      ...{ read: 6_000, write: 600, checkout: 60, sign_in: 7 },
      ...{ register: 20, reset: 10, admin: 3_000 },
    })
    const off = { RATE_LIMIT: 'off' }
    const production = { PRODUCTION: 'true' }
    assert.equal(readConfig(off).rateLimits, undefined)
    assert.notEqual(readConfig(production).rateLimits, undefined)
    assert.match(refusal({ ...off, ...production }), /RATE_LIMIT_OFF_IN_PRODUCTION=true/)
    const twice = { ...off, ...production, RATE_LIMIT_OFF_IN_PRODUCTION: 'true' }
    assert.equal(readConfig(twice).rateLimits, undefined)
    assert.match(refusal({ RATE_LIMIT_READ: '0' }), /RATE_LIMIT_READ must be a whole number from 1/)
  })

  test('want a second factor of staff in production, or as they say', () => {
    const wants = (more: object) => readConfig({ ...more }).staffFactorRequired
    assert.equal(wants({}), false)
    assert.equal(wants({ PRODUCTION: 'true' }), true)
    assert.equal(wants({ PRODUCTION: 'true', STAFF_SECOND_FACTOR: 'offered' }), false)
    assert.equal(wants({ STAFF_SECOND_FACTOR: 'required' }), true)
  })

  test('tell browsers of HTTPS for a year, unless told not to', () => {
    const header = (more: object) => readConfig({ ...more }).server.strictTransport
    const https = { PUBLIC_URL: 'https://shop.example.com' }
    assert.equal(header({}), undefined)
    assert.equal(header(https), 'max-age=31536000; includeSubDomains')
    assert.equal(header({ ...https, HSTS: 'host' }), 'max-age=31536000')
    assert.equal(header({ ...https, HSTS: 'off' }), undefined)
  })

  test('offer no payment that moves no money in production', () => {
    const methods = (more: object) => readConfig({ ...more }).payment.methods
    assert.deepEqual(methods({}), ['manual', 'test'])
    assert.deepEqual(methods({ PRODUCTION: 'true' }), ['manual'])
    assert.deepEqual(methods({ PRODUCTION: 'true', PAYMENT_METHODS: 'test,http' }), ['http'])
  })

  test('are taken from the environment, without blanks around them', () => {
    const config = readConfig({
      PORT: ' 80 ',
      PUBLIC_URL: 'https://shop.example.com/',
      DATABASE_URL: 'postgres://localhost/shop',
      STORE_CURRENCY: 'JPY',
      TAX_RATE: '0.1',
      TAX_INCLUSIVE: 'true',
      CORS_ORIGINS: 'https://a.example.com, ,https://b.example.com',
      HOLD_MINUTES: '1',
      UNKNOWN: 'ignored',
    })
    assert.equal(config.server.port, 80)
    assert.equal(config.server.publicUrl, 'https://shop.example.com')
    assert.equal(config.server.cookieSecure, true)
    assert.equal(config.data.databaseUrl, 'postgres://localhost/shop')
    assert.equal(config.store.currency, 'JPY')
    assert.deepEqual([config.tax.rate.numerator, config.tax.rate.denominator], [1n, 10n])
    assert.equal(config.tax.inclusive, true)
    assert.deepEqual(config.server.corsOrigins, ['https://a.example.com', 'https://b.example.com'])
    assert.equal(config.lifetimes.holdMs, 60_000)
  })

  test('that are empty count as absent', () => {
    assert.deepEqual(readSettings({ PORT: '', STORE_NAME: '  ' }), readSettings({}))
  })

  const wrong: readonly (readonly [name: string, value: string, message: RegExp])[] = [
    ['PORT', 'http', /^PORT must be a whole number from 0 to 65535, not "http"$/],
    ['PORT', '65536', /^PORT must be a whole number/],
    ['PORT', '-1', /^PORT must be a whole number/],
    ['PORT', '1.5', /^PORT must be a whole number/],
    ['PORT', '1e3', /^PORT must be a whole number/],
    ['DB_POOL_SIZE', '1', /^DB_POOL_SIZE must be a whole number from 2 to 1000, not "1"$/],
    ['DEMO_DATA', 'yes', /^DEMO_DATA must be true or false, not "yes"$/],
    ['TAX_INCLUSIVE', 'TRUE', /^TAX_INCLUSIVE must be true or false/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL must be one of fatal, error, .*, not "loud"$/],
    ['COOKIE_SECURE', 'maybe', /^COOKIE_SECURE must be one of auto, true, false/],
    ['STORE_CURRENCY', 'usd', /^STORE_CURRENCY must be an ISO 4217 code, not "usd"$/],
    ['STORE_CURRENCY', 'XXX', /^STORE_CURRENCY must be/],
    ['TAX_RATE', 'much', /^TAX_RATE must be a decimal or a percentage, not "much"$/],
    ['TAX_RATE', '-5%', /^TAX_RATE must be/],
    ['PUBLIC_URL', 'shop.example.com', /^PUBLIC_URL must start with http/],
    ['PUBLIC_URL', 'localhost:5005', /^PUBLIC_URL must start with http/],
    ['PUBLIC_URL', 'ftp://shop.example.com', /^PUBLIC_URL must start with http/],
    ['PRODUCTION', 'yes', /^PRODUCTION must be true or false, not "yes"$/],
    ['MAIL_DRIVER', 'pigeon', /^MAIL_DRIVER must be one of folder, smtp, none, not "pigeon"$/],
    ['MAIL_PREVIEW', 'true', /^MAIL_PREVIEW must be one of auto, on, off/],
    ['STOCK_ALERTS_TO', 'stock', /^STOCK_ALERTS_TO must be an e-mail address, not "stock"$/],
    ['MAIL_FROM', 'shop', /^MAIL_FROM must be an address or "Name <address>", not "shop"$/],
    ['MAIL_FROM', 'a@example.com, b@example.com', /^MAIL_FROM must be/],
    ['MAIL_FROM', 'Shop <a@example.com> <b@example.com>', /^MAIL_FROM must be/],
    ['MAIL_FROM', 'Shop\r\nBcc: eve@example.com <a@example.com>', /^MAIL_FROM must be/],
    ['SMTP_TLS', 'none', /^SMTP_TLS must be one of auto, required, off/],
    ['SMTP_TIMEOUT_MS', '0', /^SMTP_TIMEOUT_MS must be a whole number from 100 to 60000/],
  ]
  const senders: readonly (readonly [text: string, name: string, address: string])[] = [
    ['shop@example.com', 'Cartwright', 'shop@example.com'],
    ['<shop@example.com>', '', 'shop@example.com'],
    ['My shop <shop@example.com>', 'My shop', 'shop@example.com'],
    ['"Shop, Inc." <shop@example.com>', 'Shop, Inc.', 'shop@example.com'],
  ]
  for (const [text, name, address] of senders) {
    test(`that name who mails come from may be ${text}`, () => {
      assert.deepEqual(readConfig({ MAIL_FROM: text }).mail.from, { name, address })
    })
  }

  test('show mails only where nobody else can see them', () => {
    const preview = (environment: Record<string, string>) => readConfig(environment).mail.preview
    assert.equal(preview({ PUBLIC_URL: 'http://127.0.0.1:8080' }), 'machine')
    assert.equal(preview({ PUBLIC_URL: 'http://[::1]:8080' }), 'machine')
    assert.equal(preview({ PUBLIC_URL: 'https://shop.example.com' }), 'off')
    assert.equal(preview({ PUBLIC_URL: 'https://localhost.example.com' }), 'off')
    assert.equal(preview({ PRODUCTION: 'true' }), 'off')
    assert.equal(preview({ MAIL_DRIVER: 'smtp', MAIL_FROM: 'a@example.com' }), 'off')
    assert.equal(preview({ MAIL_PREVIEW: 'off' }), 'off')
    assert.equal(preview({ MAIL_PREVIEW: 'on', PUBLIC_URL: 'http://10.0.0.5' }), 'everybody')
  })

  test('that contradict each other say which', () => {
    const only = /^MAIL_PREVIEW=on goes with MAIL_DRIVER=folder and PRODUCTION=false only$/
    assert.match(refusal({ MAIL_PREVIEW: 'on', PRODUCTION: 'true' }), only)
    assert.match(refusal({ MAIL_PREVIEW: 'on', MAIL_DRIVER: 'none' }), only)
    assert.match(refusal({ MAIL_DRIVER: 'smtp' }), /^MAIL_DRIVER is smtp: set MAIL_FROM/)
  })

  for (const [name, value, message] of wrong) {
    test(`that are wrong name themselves: ${name}=${value}`, () => {
      assert.match(refusal({ [name]: value }), message)
    })
  }

  test('have a help text, and defaults that pass their own checks', () => {
    for (const [name, setting] of Object.entries(settings) as [string, Setting][]) {
      assert.match(setting.help, /^\S.*\.$/, name)
      assert.doesNotThrow(() => readConfig({ [name]: setting.default }), name)
    }
  })

  test('that are lists are divided by commas', () => {
    assert.deepEqual(listOf(''), [])
    assert.deepEqual(listOf(' a, b ,,c'), ['a', 'b', 'c'])
  })
})

describe('printed settings', () => {
  test('show every value in force, but no secret and no password', () => {
    const raw = readSettings({
      PORT: '81',
      JWT_SECRET: 'jwt-secret',
      PASSWORD: 'Difference1',
      SMTP_URL: 'smtp://shop:smtp-secret@mail.example.com',
      DATABASE_URL: 'postgres://shop:p@ss:word@db.example.com:5432/shop',
    })
    const lines = printSettings(raw).split('\n')
    assert.equal(lines.length, Object.keys(settings).length)
    assert.ok(lines.includes('PORT=81'))
    assert.ok(lines.includes('STORE_NAME=Cartwright'))
    assert.ok(lines.includes('JWT_SECRET=(set, hidden)'))
    assert.ok(lines.includes('PASSWORD=(set, hidden)'))
    assert.ok(lines.includes('SMTP_URL=(set, hidden)'))
    assert.ok(lines.includes('COOKIE_SECRET='))
    assert.ok(lines.includes('DATABASE_URL=postgres://shop:(hidden)@db.example.com:5432/shop'))
  })
})

describe('secrets', () => {
  const long = (letter: string) => letter.repeat(32)

  function withFolder<T>(work: (folder: string) => T): T {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    try {
      return work(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('come from the environment, and nothing is written then', () => {
    withFolder((folder) => {
      const DATA_DIR = join(folder, 'none')
      const raw = readSettings({ DATA_DIR, JWT_SECRET: long('j'), COOKIE_SECRET: long('c') })
      const { jwt, cookie } = readSecrets(raw)
      assert.deepEqual([jwt, cookie], [long('j'), long('c')])
      assert.deepEqual(readdirSync(folder), [])
    })
  })

  test('are made once, kept for their owner alone, and differ', () => {
    withFolder((folder) => {
      const raw = readSettings({ DATA_DIR: join(folder, 'deep', 'data') })
      const first = readSecrets(raw)
      assert.match(first.jwt, /^[\w-]{43}$/)
      assert.match(first.cookie, /^[\w-]{43}$/)
      assert.notEqual(first.jwt, first.cookie)
      assert.deepEqual(readSecrets(raw), first)
      const file = join(folder, 'deep', 'data', 'secrets.json')
      if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
      const given = readSecrets({ ...raw, COOKIE_SECRET: long('c') })
      assert.deepEqual([given.jwt, given.cookie], [first.jwt, long('c')])
    })
  })

  test('that are too short to be any are refused by name', () => {
    withFolder((folder) => {
      for (const name of ['JWT_SECRET', 'COOKIE_SECRET']) {
        const raw = readSettings({ DATA_DIR: folder, [name]: 's'.repeat(31) })
        assert.throws(
          () => readSecrets(raw),
          new ConfigError(`${name} must have at least 32 characters`),
        )
      }
      assert.deepEqual(readdirSync(folder), [])
    })
  })

  test('are the same for processes that start together', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    try {
      const found = await Promise.all(Array.from({ length: 6 }, () => secretsOfProcess(folder)))
      assert.match(found[0] ?? '', /^\{"jwt":"[\w-]{43}"/)
      assert.equal(new Set(found).size, 1)
      assert.deepEqual(readdirSync(folder), ['secrets.json'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

async function secretsOfProcess(folder: string): Promise<string> {
  const code = `
    import { readSettings } from ${JSON.stringify(import.meta.resolve('./read.ts'))}
    import { readSecrets } from ${JSON.stringify(import.meta.resolve('./secrets.ts'))}
    const { jwt, cookie } = readSecrets(readSettings({ DATA_DIR: ${JSON.stringify(folder)} }))
    process.stdout.write(JSON.stringify({ jwt, cookie }))`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code])
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.pipe(process.stderr)
  await once(child, 'close')
  return Buffer.concat(chunks).toString()
}
