import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import { csvLines } from '../../src/csv.ts'
import { added, cartOf } from '../api/support.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { listOperations } from './openapi.ts'
import { hostileTexts, patternsOfDocument, patternsOfSource, type Pattern } from './patterns.ts'
import { encoded } from './rig.ts'
import { assertDecent, type Heard } from './verdict.ts'

const mebibyte = 1_024 * 1_024

interface Conversation extends Heard {
  /** How many bytes the server has let us write. */
  readonly sent: number
}

/** Writes `piece` after `start`, each when the one before has left, until the server hangs up. */
async function writeUntilClosed(
  { url }: TestShop,
  { start, piece, everyMs = 0, times }: Dripping,
): Promise<Conversation> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => resolve())
  socket.on('close', () => resolve())
  let left = times
  const next = () => {
    left -= 1
    if (socket.destroyed || left < 0) return
    socket.write(piece, () => (everyMs > 0 ? setTimeout(next, everyMs) : setImmediate(next)))
  }
  socket.on('connect', () => socket.write(start, next))
  await promise
  const sent = socket.bytesWritten - socket.writableLength
  socket.destroy()
  const text = Buffer.concat(chunks).toString()
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
  const contentType = /^content-type: *(.*)\r$/im.exec(text)?.[1] ?? ''
  return { status, contentType, text: text.slice(text.indexOf('\r\n\r\n') + 4), sent }
}

interface Dripping {
  readonly start: string
  readonly piece: string | Uint8Array
  readonly everyMs?: number
  readonly times: number
}

const post = 'POST /api/v1/customers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

describeOnEveryDatabase('a client that is slow on purpose', (openShop) => {
  const slow: readonly (readonly [what: string, start: string, piece: string])[] = [
    ['its headers', post, 'x-a: b\r\n'],
    ['its body', `${post}Content-Length: 100000\r\n\r\n`, ' '],
    ['its body in chunks', `${post}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
    ['its first line', 'GET /', 'a'],
  ]
  const settings = { REQUEST_TIMEOUT_MS: '300' }

  for (const [what, start, piece] of slow) {
    test(`is let go when ${what} took too long, though something keeps coming`, async () => {
      await using shop = await openShop({ settings })
      const drip = { start, piece, everyMs: 20, times: 10_000 }
      const heard = await writeUntilClosed(shop, drip)
      // The hang-up may overtake the refusal.
      if (heard.status !== 0) assertDecent(heard, what)
      if (heard.status !== 0) assert.equal(heard.status, 408)
      assert.equal((await shop.call('GET', '/health/live')).status, 200)
    })
  }

  test('keeps nobody else from being served, however many there are', async () => {
    await using shop = await openShop({ settings })
    await addProduct(shop.ctx)
    const drip = { start: post, piece: 'x-a: b\r\n', everyMs: 20, times: 10_000 }
    const many = Array.from({ length: 100 }, () => writeUntilClosed(shop, drip))
    assert.equal((await shop.call('GET', '/api/v1/products')).body.data.length, 1)
    for (const { status } of await Promise.all(many)) assert.ok([0, 408].includes(status))
  })
})

describeOnEveryDatabase('a body of 100 MB', (openShop) => {
  const piece = Buffer.alloc(64 * 1_024, ' ')

  test('is refused when it is announced, before any of it is sent', async () => {
    await using shop = await openShop()
    const start = `${post}Content-Length: ${100 * mebibyte}\r\n\r\n`
    const heard = await writeUntilClosed(shop, { start, piece, times: 0 })
    assertDecent(heard, 'announced')
    assert.equal(heard.status, 413)
    assert.equal(heard.sent, start.length)
  })

  test('that was not announced is cut off after a part, and never held in memory', async () => {
    await using shop = await openShop()
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')])
    const start = `${post}Transfer-Encoding: chunked\r\n\r\n`
    const heard = await writeUntilClosed(shop, { start, piece: chunk, times: 1_600 })
    if (heard.status !== 0) assert.equal(heard.status, 413)
    // The limit is 1 MiB; what is sent beyond it stays in the buffers of the two sockets.
    assert.ok(heard.sent < 16 * mebibyte, `${heard.sent} bytes were taken`)
    assert.equal((await shop.call('GET', '/health/live')).status, 200)
  })
})

describeOnEveryDatabase('a parameter given twice', (openShop) => {
  test('in the query of any route is refused, and never taken for one of the two', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const tried: string[] = []
    for (const { method, path, queryParameters } of await listOperations(shop)) {
      for (const name of queryParameters) {
        const target = `${path.replaceAll(/\{\w+\}/g, '1')}?${name}=1&${name}=2`
        const answer = await shop.call(method, target, { token })
        assert.ok([400, 404].includes(answer.status), `${method} ${target}: ${answer.text}`)
        tried.push(target)
      }
    }
    assert.ok(tried.length > 20)
  })

  test('in the query and in the body counts as it stands in the body', async () => {
    await using shop = await openShop()
    const { variantId, number } = await addProduct(shop.ctx, { onHand: 50 })
    const session = 'polluted'
    const body = { variant_id: variantId, quantity: 2 }
    const path = `/api/v1/cart/items?quantity=40&variant_id=${encoded('no-such')}&product_id=${number}`
    const answer = await shop.call('POST', path, { session, body })
    assert.ok([201, 400].includes(answer.status), answer.text)
    const { item_count: count } = await cartOf(shop, { session })
    assert.equal(count, answer.status === 201 ? 2 : 0)
    await added(shop, { session: 'other' }, { variantId })
  })
})

describe('a name that reaches for prototypes', () => {
  test('is no property of anything that the shop looks up by a name from outside', async () => {
    const { permissionsOf } = await import('../../src/domains/access/permissions.ts')
    const { isCurrency } = await import('../../src/core/money.ts')
    const { readSettings } = await import('../../src/config/read.ts')
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      assert.deepEqual([...permissionsOf(name, null)], [], name)
      assert.deepEqual([...permissionsOf('own', JSON.stringify([name]))], [], name)
      assert.equal(isCurrency(name), false, name)
      assert.equal(Object.hasOwn(readSettings({ [name]: 'x' }), name), false, name)
    }
  })
})

/** These read texts of a known length alone, so that going back over them costs nothing. */
const shortTexts: Readonly<Record<string, string>> = {
  'src/cli/progress.ts': 'a number',
  'src/config/mail.ts': 'a setting',
  'src/core/words.ts': 'a slug, cut before',
  'src/domains/catalog/picture.ts': 'a line of a picture',
  'src/http/docs.ts': 'the policy that Swagger UI comes with',
}

describeOnEveryDatabase('a regular expression', (openShop) => {
  test('of the source or the API reads a text once, or a short one', async () => {
    await using shop = await openShop()
    const document: unknown = (await shop.call('GET', '/openapi.json')).body
    const all = [...patternsOfSource(), ...patternsOfDocument(document)]
    const different = new Map(
      all.map((pattern) => [`/${pattern.source}/${pattern.flags}`, pattern]),
    )
    assert.ok(different.size > 60, `only ${different.size} were found`)
    const slow = [...different.values()].filter((pattern) => slowTextsOf(pattern).length > 0)
    const files = slow.map(({ where }) => where.replace(/:\d+$/, ''))
    assert.deepEqual(files.toSorted(), Object.keys(shortTexts).toSorted())
  })

  test('that goes back over a text is found out by this test', () => {
    for (const source of ['^(a+)+$', '\\s+$']) {
      assert.notDeepEqual(slowTextsOf({ where: 'here', source, flags: '' }), [], source)
    }
  })
})

/** Longer than most texts may be; one that is read again from each sign costs 12 million steps. */
const textLength = 5_000
const cpuMaxMs = 5

/** The first text that costs too much; for one that is read once it is some hundredths of a ms. */
function slowTextsOf(pattern: Pattern): string[] {
  const { where, source, flags } = pattern
  const regex = new RegExp(source, flags.replace(/[gy]/g, ''))
  const texts = [...hostileTexts(pattern, textLength)]
  const context = createContext({ regex, texts, cpuMs, cpuMaxMs })
  const name = `${where} /${source}/${flags}`
  try {
    const slow: unknown = runInContext(search, context, { timeout: 5_000 })
    return typeof slow === 'string' ? [`${name}: ${JSON.stringify(slow.slice(0, 12))}…`] : []
  } catch {
    return [`${name} does not end`]
  }
}

/** What this thread has computed, so that a busy machine makes no difference. */
const cpuMs = (): number => process.threadCpuUsage().user / 1_000

/** In a context of its own, since only there an expression that does not end can be stopped. */
const search = `texts.find((text) => {
  const costMs = () => {
    const began = cpuMs()
    regex.test(text)
    return cpuMs() - began
  }
  // The first run compiles the expression, and any may be the one that cleans up memory.
  return [1, 2, 3, 4].every(() => costMs() > cpuMaxMs)
})`

describe('a cell of CSV', () => {
  const cell = fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n"\',; 1a.|%') })

  test('is read as it was, and as a formula by no spreadsheet', () => {
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (cells) => {
        const read = readCsv(csvLines([cells]))
        assert.equal(read.length, cells.length)
        for (const [index, text] of read.entries()) {
          const given = cells[index] ?? ''
          assert.ok(text === given || text === `'${given}`, JSON.stringify([given, text]))
          assert.ok(!/^[=+\-@\t\r]/.test(text), JSON.stringify(text))
        }
      }),
    )
  })
})

/** The cells of one line of CSV, after RFC 4180. */
function readCsv(line: string): string[] {
  assert.ok(line.endsWith('\r\n'))
  const cells = [...`,${line.slice(0, -2)}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",\r\n]*))/gy)]
  return cells.map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain)
}
