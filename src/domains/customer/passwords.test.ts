import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  generateCommonPasswords,
  packagedLicence,
  packagedPasswords,
} from '../../../scripts/generate-common-passwords.ts'
import { HashQueue } from './hash-queue.ts'
import { hashPassword, passwordProblem, verifyPassword } from './passwords.ts'

const password = 'Correct-Horse-1'
const right = { ok: true, needsRehash: false }
const outdated = { ok: true, needsRehash: true }
const wrong = { ok: false, needsRehash: false }

describe('a hash of ours', () => {
  test('is argon2id with the parameters of the policy, and another each time', async () => {
    const hashes = await Promise.all([hashPassword(password), hashPassword(password)])
    for (const hash of hashes) {
      assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/)
      assert.deepEqual(await verifyPassword(hash, password), right)
      assert.deepEqual(await verifyPassword(hash, 'correct-Horse-1'), wrong)
      assert.deepEqual(await verifyPassword(hash, ''), wrong)
    }
    assert.notEqual(hashes[0], hashes[1])
  })

  test('is made while other work goes on', async () => {
    let isDone = false
    const hashing = hashPassword(password).finally(() => {
      isDone = true
    })
    let turns = 0
    for (; !isDone; turns++) await nextTurn()
    await hashing
    assert.ok(turns > 2, `${turns} turns of the event loop`)
  })
})

/**
 * Hashes of the password above, made by bcrypt 4, argon2-cffi 23 and Werkzeug 3.1 in Python, or by
 * their definition with hashlib for the forms that Werkzeug does not write any more.
 */
const imported = {
  'bcrypt $2b$': '$2b$04$6DoUfSvZlQA7pKDR.H8Bq.CUadr76gQH0hyyg/DkwEYH/SNkd8kxy',
  'bcrypt $2a$': '$2a$05$w0RuWdSh9xeIxYwzBdFMd.VNnMYHUoGdmuJYB1c0F4Bm4YBkgysvW',
  'bcrypt $2y$': '$2y$04$6DoUfSvZlQA7pKDR.H8Bq.CUadr76gQH0hyyg/DkwEYH/SNkd8kxy',
  'argon2id, weaker':
    '$argon2id$v=19$m=8192,t=1,p=1$+j/9DB9ud+BGGbnKvnqB4A$URBYiQpHHtkUR4CKuCdQSB3Fj54jDzLa7zHerFw8g/Q',
  scrypt:
    'scrypt:32768:8:1$RBO9dxSCfyRz0ed1$8c4bbb4684c967ba0d1d55992158a4987c96881a6fcb3fb8e99b80ac904c3f9e7a255a30caa4c5ccb8442b50ade809517c2d9f7619d36034893c8205cca3a101',
  'scrypt with two lanes':
    'scrypt:16384:8:2$sTTs4m8MLIBj4YPT$dda848fdc3ea22a05a7305d63087c9e62cc2c72bcb67adeab5462c6a39a3624f583e292f83a390b774892a6f649ee6ab0a182820747b19874fc8bde883bbcd59',
  'pbkdf2 sha256':
    'pbkdf2:sha256:600000$0eV7i3PTAs0ZWV3z$c06a684801a6c68864ed4f256e9368ef977d0ef3abbdcea5c8b9fff8f5c81191',
  'pbkdf2 sha1': 'pbkdf2:sha1:1000$8jI9pDMNyGov3ULl$471fe3a8cc1408aa2138092c6551f490cb7b43d1',
  'pbkdf2 sha512':
    'pbkdf2:sha512:2000$NLjcRe5KtaKSkd6t$1ce83e4cfa543b9bdea28504d0e9f659d1140a496cacf1720084e3a5b2ef0c3cb315b9957e8b337be3eff9d479a8e629c98503dcf9eaea5462aa4ab6647bb619',
  'pbkdf2 that names no iterations':
    'pbkdf2:sha256$salt$2412eaecdddcda608cc189bdfd81cb4d26632357940fac261fce51c4d1733134',
  'one HMAC': 'sha256$saltsalt$05330a6ffc9d5bec4cf9fa17e80a5dbe4ac76c687bb2609fc0f74966abf4fff0',
} as const

describe('an imported hash', () => {
  for (const [name, hash] of Object.entries(imported)) {
    test(`is checked, and is to be replaced once it was right: ${name}`, async () => {
      assert.deepEqual(await verifyPassword(hash, password), outdated)
      assert.deepEqual(await verifyPassword(hash, `${password} `), wrong)
      assert.deepEqual(await verifyPassword(hash, password.toLowerCase()), wrong)
    })
  }

  test('is kept where it is stronger than ours', async () => {
    const hash =
      '$argon2id$v=19$m=65536,t=3,p=4$Eb+XCFWHs4iMT8fh69ZoeA$tWekOwfcnSfK9dcCbCb3Cxo0BK/7qaQ9K4I0M6CTRQU'
    assert.deepEqual(await verifyPassword(hash, password), right)
  })

  test('of a password in other letters is checked as UTF-8', async () => {
    const hash =
      'pbkdf2:sha256:1000$BLB3XnrCjvTtQbgr$7723005438e83c249cb2aa8b518602932917c4267754d055145222e457749fb2'
    assert.deepEqual(await verifyPassword(hash, 'Grüße-1234 ñ'), outdated)
  })

  test('by bcrypt holds the first 72 bytes of a password, as it did where it was made', async () => {
    const hash = '$2b$04$DiRghTS.TcWAb5GrRlIUYexEXX6FM.9fQuihAgWZ/fV5X6.qTAswe'
    const long = `Aa1${'x'.repeat(69)}`
    assert.deepEqual(await verifyPassword(hash, long), outdated)
    assert.deepEqual(await verifyPassword(hash, `${long}yz`), outdated)
    assert.deepEqual(await verifyPassword(hash, long.slice(0, -1)), wrong)
  })

  const { scrypt, 'pbkdf2 sha1': pbkdf2, 'bcrypt $2b$': bcrypt } = imported
  const refused: Readonly<Record<string, string>> = {
    'no text': '',
    'plain text': password,
    argon2i:
      '$argon2i$v=19$m=8192,t=1,p=1$3NcDORxMq4ADtBXuOKEQyA$+7YzDj0iWFvBB/sdkFb5XgjF0/WJavloMNMvEa+FkFk',
    'argon2id without a hash': '$argon2id$v=19$m=19456,t=2,p=1$3NcDORxMq4ADtBXuOKEQyA$',
    'argon2id with terabytes': imported['argon2id, weaker'].replace('m=8192', 'm=4000000000'),
    'argon2id with many passes': imported['argon2id, weaker'].replace('t=1', 't=4000000'),
    'argon2id with many lanes': imported['argon2id, weaker'].replace('p=1', 'p=200'),
    'bcrypt that takes days': bcrypt.replace('$04$', '$31$'),
    'bcrypt of an impossible cost': bcrypt.replace('$04$', '$03$'),
    'the broken $2x$ of bcrypt': bcrypt.replace('$2b$', '$2x$'),
    'scrypt with gigabytes': scrypt.replace('32768:8', '16777216:8'),
    'scrypt with many lanes': scrypt.replace(':8:1', ':8:999'),
    'scrypt of no power of two': scrypt.replace('32768', '32767'),
    'scrypt of nothing': scrypt.replace('32768', '0'),
    'scrypt with a short key': scrypt.slice(0, -2),
    'pbkdf2 that takes hours': pbkdf2.replace(':1000$', ':99999999$'),
    'pbkdf2 with no iterations': pbkdf2.replace(':1000$', ':0$'),
    'pbkdf2 with a short key': pbkdf2.slice(0, -2),
    'pbkdf2 by md5': pbkdf2.replace('sha1', 'md5'),
    'a salt without an end': `pbkdf2:sha1:1000$${'a'.repeat(1_000_000)}`,
  }
  for (const [what, hash] of Object.entries(refused)) {
    test(`is refused: ${what}`, async () => {
      assert.deepEqual(await verifyPassword(hash, password), wrong)
    })
  }

  test('that is none matches no password, and throws for none', async () => {
    const hash = fc.oneof(
      fc.string(),
      fc
        .constantFrom(...Object.values(imported))
        .chain((text) =>
          fc.nat(text.length - 1).map((at) => text.slice(0, at) + text.slice(at + 1)),
        ),
    )
    await fc.assert(
      fc.asyncProperty(hash, async (text) => {
        assert.deepEqual(await verifyPassword(text, 'Another-Horse-2'), wrong)
      }),
      { numRuns: 100 },
    )
  })

  test('that is not there matches no password, not even that of nobody', async () => {
    for (const text of [password, '', 'nobody has this password']) {
      assert.deepEqual(await verifyPassword(undefined, text), wrong)
    }
  })
})

describe('a new password', () => {
  const names = { email: 'Lovelace@example.com', username: 'ada_l' }
  const refusals = [
    ['Abcde-1', 'must have at least 8 characters'],
    ['Aa1😀😀😀😀', 'must have at least 8 characters'],
    [`Aa1${'x'.repeat(198)}`, 'must have at most 200 characters'],
    ['correct-horse-1', 'must contain an upper-case letter'],
    ['CORRECT-HORSE-1', 'must contain a lower-case letter'],
    ['Correct-Horse', 'must contain a digit'],
    ['Password1', 'is one of the most common passwords'],
    ['pASSWORD123', 'is one of the most common passwords'],
    ['Qwerty123', 'is one of the most common passwords'],
    ['My-loveLACE-1', 'must not contain the e-mail address'],
    ['ADA_L-is-me-1a', 'must not contain the user name'],
  ] as const
  for (const [text, issue] of refusals) {
    test(`${issue}: ${text.slice(0, 20)}`, () => {
      assert.equal(passwordProblem(text, names), issue)
    })
  }

  test('is taken if it keeps the rules', () => {
    const good = [
      'Correct-Horse-1',
      'Difference1',
      `Aa1${'x'.repeat(197)}`,
      'Ünïcödé1',
      'Aa1😀😀😀😀😀',
    ]
    for (const text of good) {
      assert.equal(passwordProblem(text, names), undefined, text)
      assert.equal(passwordProblem(text), undefined, text)
    }
  })

  test('may hold names of fewer than four letters', () => {
    const short = { email: 'ada@example.com', username: 'ada' }
    assert.equal(passwordProblem('Ada-Analytical-1', short), undefined)
  })

  test('is held against the list of common ones as it is packaged', async () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
    const passwords = await packagedPasswords()
    const list = read('../../../reference/common-passwords.txt')
    assert.equal(list, generateCommonPasswords(passwords))
    assert.equal(read('../../../reference/licenses/zxcvbn-ts.MIT.txt'), packagedLicence())
    for (const text of passwords.slice(0, 5_000)) {
      const capital = text.replace(/[a-z]/, (letter) => letter.toUpperCase())
      assert.notEqual(passwordProblem(capital), undefined, capital)
    }
  })
})

describe('hashes', () => {
  /** Work that ends when it is told to, and what of it has begun. */
  function stalling() {
    const begun: number[] = []
    const ends = new Map<number, () => void>()
    const work = (name: number) => () => {
      begun.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.set(name, resolve)
      return promise
    }
    return { begun, work, end: (name: number) => ends.get(name)?.() }
  }

  test('are made a few at a time, in order, and refused when too many wait', async () => {
    const queue = new HashQueue({ atOnce: 2, waitingMax: 2 })
    const { begun, work, end } = stalling()
    const running = [1, 2, 3, 4].map((name) => queue.run(work(name)))
    await nextTurn()
    assert.deepEqual(begun, [1, 2])
    await assert.rejects(queue.run(work(5)), { code: 'SERVICE_UNAVAILABLE', retryAfterSeconds: 1 })
    end(2)
    await running[1]
    await nextTurn()
    assert.deepEqual(begun, [1, 2, 3])
    const sixth = queue.run(work(6))
    for (const name of [1, 3, 4, 6]) {
      end(name)
      await nextTurn()
    }
    await Promise.all([...running, sixth])
    assert.deepEqual(begun, [1, 2, 3, 4, 6])
  })

  test('that fail make room for the next', async () => {
    const queue = new HashQueue({ atOnce: 1, waitingMax: 1 })
    const failing = queue.run(() => Promise.reject(new Error('no')))
    const next = queue.run(async () => 'made')
    await assert.rejects(failing, /no/)
    assert.equal(await next, 'made')
    assert.equal(await queue.run(async () => 'again'), 'again')
  })
})
