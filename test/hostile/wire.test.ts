import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeOnEveryDatabase, type OpenShop } from '../support/shop.ts'
import { exchange, hangUp, rawRequest, type RawRequest } from './raw.ts'
import { assertDecent } from './verdict.ts'

const tail = 'Host: 127.0.0.1\r\nConnection: close\r\n'
const products = '/api/v1/products'
const json = ['content-type', 'application/json'] as const

/** Name, the bytes, and the statuses that are right. 0: hung up without a word. */
type Case = readonly [string, string | Buffer, ...number[]]

const broken: readonly Case[] = [
  ['garbage', 'GARBAGE\r\n\r\n', 400],
  ['bytes of TLS', Buffer.from('16030100a5010000a10303', 'hex'), 400],
  ['HTTP/0.9', `GET ${products}\r\n\r\n`, 200, 400],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/9.9', `GET ${products} HTTP/9.9\r\n${tail}\r\n`, 400],
  ['no Host', `GET ${products} HTTP/1.1\r\nConnection: close\r\n\r\n`, 400],
  ['an unknown method', `FOO ${products} HTTP/1.1\r\n${tail}\r\n`, 400],
  ['a method nobody serves', `PROPFIND ${products} HTTP/1.1\r\n${tail}\r\n`, 404, 405],
  ['TRACE', `TRACE ${products} HTTP/1.1\r\n${tail}\r\n`, 404, 405],
  ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${tail}\r\n`, 0, 400, 404, 405],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${tail}\r\n`, 404, 405],
  ['an absolute address', `GET http://example.com${products} HTTP/1.1\r\n${tail}\r\n`, 200],
  ['a header without a colon', `GET ${products} HTTP/1.1\r\n${tail}nonsense\r\n\r\n`, 400],
  ['a space before the colon', `GET ${products} HTTP/1.1\r\n${tail}Session-ID : a\r\n\r\n`, 400],
  ['a folded header', `GET ${products} HTTP/1.1\r\n${tail}X-A: b\r\n c\r\n\r\n`, 200, 400],
  ['NUL in a header', `GET ${products} HTTP/1.1\r\n${tail}X-A: a\0b\r\n\r\n`, 400],
  ['a bare CR', `GET ${products} HTTP/1.1\r${tail}\r\n`, 400],
  ['two lengths', `POST ${products} HTTP/1.1\r\n${tail}${lengths('1', '2')}\r\n{}`, 400],
  ['a negative length', `POST ${products} HTTP/1.1\r\n${tail}${lengths('-1')}\r\n{}`, 400],
  ['a huge length', `POST ${products} HTTP/1.1\r\n${tail}${lengths('9'.repeat(40))}\r\n`, 400],
  [
    'a length and chunks',
    `POST /api/v1/customers HTTP/1.1\r\n${tail}${lengths('2')}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  [
    'chunks of no size',
    `POST /api/v1/customers HTTP/1.1\r\n${tail}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`,
    400,
    415,
  ],
  [
    'an unknown coding',
    `POST ${products} HTTP/1.1\r\n${tail}Transfer-Encoding: x\r\n\r\n`,
    400,
    405,
  ],
  ['an unknown expectation', `GET ${products} HTTP/1.1\r\n${tail}Expect: x\r\n\r\n`, 200, 417],
  [
    'an upgrade',
    `GET ${products} HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: x\r\n\r\n`,
    200,
  ],
  ['a huge header', rawRequest({ target: products, headers: [['x-a', 'a'.repeat(20_000)]] }), 431],
  ['a huge address', rawRequest({ target: `${products}?search=${'a'.repeat(20_000)}` }), 431],
  ['a long path', rawRequest({ target: `${products}/${'a'.repeat(8_000)}` }), 414],
]

function lengths(...values: readonly string[]): string {
  return values.map((value) => `Content-Length: ${value}\r\n`).join('')
}

const badTargets: readonly (readonly [string, ...number[]])[] = [
  [`${products}/%`, 400],
  [`${products}/%zz`, 400],
  [`${products}/%c0%af`, 400],
  [`${products}/%ff%fe`, 400],
  [`${products}/%ed%a0%80`, 400],
  [`${products}/a%00b`, 400],
  [`${products}/..%2f..%2fetc%2fpasswd`, 404],
  [`${products}/../../etc/passwd`, 404],
  [`${products}/*`, 404],
  ['/*', 404],
  ['/(', 404],
  ['/:a(', 404],
  ['/api/v1/:x(%5Cd', 404],
  ['//api//v1//products', 404],
  [`${products}//`, 400, 404],
  [`${products};a=b`, 404],
  [`${products}#frag`, 400, 404],
  [`${products}?page=%`, 400],
  [`${products}?search=%zz`, 200, 400],
  [`${products}?search=%ff%fe`, 200, 400],
  [`${products}?%zz=1`, 400],
  [`${products}?page=1&page=2`, 400],
  [`${products}?per_page=1&per_page=100`, 400],
  [`${products}?search=a&search=b`, 400],
  [`${products}?search[]=a`, 400],
  [`${products}?attributes[color]=a&attributes[color]=b`, 400],
  [`${products}?attributes[__proto__]=a`, 400],
  [`${products}?page=1e3`, 200, 400],
  [`${products}?page=0x10`, 200, 400],
  [`${products}?page=+1`, 200, 400],
  [`${products}?page=1.5`, 400],
  [`${products}?page=-1`, 400],
  [`${products}?page=9007199254740993`, 400],
  [`${products}?page=1000000&per_page=100`, 200],
  [`${products}?min_price=1e9`, 400],
  [`${products}?max_price=999999999999999.99`, 200, 400],
  [`${products}?cursor=${'A'.repeat(501)}`, 400],
  [`${products}?cursor=W10`, 400],
  [`${products}?cursor=WzFlMzA4XQ`, 400],
  [`${products}?in_stock=1`, 400],
  ['/api/v1/orders/0', 400],
  ['/api/v1/orders/-1', 400],
  ['/api/v1/orders/9999999999999999', 400],
  ['/images/products/1.svg%00.png', 400],
  ['/images/products/../../package.json', 404],
  ['/docs/../../package.json', 404],
  ['/docs/static/%2e%2e/%2e%2e/package.json', 400, 403, 404],
  ['/docs/%zz', 400, 404],
  ['/docs/nothing-here', 404],
]

const withRawTarget = (target: string): Buffer => rawRequest({ target })

async function answersOf(
  openShop: OpenShop,
  cases: readonly (readonly [string, string | Buffer, readonly number[]])[],
): Promise<void> {
  await using shop = await openShop()
  const wrong: string[] = []
  for (const [name, bytes, right] of cases) {
    const heard = await exchange(shop.url, bytes)
    try {
      if (heard.status !== 0) assertDecent(heard, name)
      assert.ok(right.includes(heard.status), `${name}: ${heard.status}, not ${right.join(' or ')}`)
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error))
    }
  }
  assert.deepEqual(wrong, [])
  assert.equal((await shop.call('GET', products)).status, 200)
  await shop.assertAudit()
}

describeOnEveryDatabase('bytes on the wire', (openShop) => {
  test('what is not HTTP, or hardly, is refused in the envelope', () =>
    answersOf(
      openShop,
      broken.map(([name, bytes, ...right]) => [name, bytes, right]),
    ))

  test('addresses that no browser would send are refused in the envelope', () =>
    answersOf(
      openShop,
      badTargets.map(([target, ...right]) => [target, withRawTarget(target), right]),
    ))

  test('a request that arrives byte by byte is answered like any other', async () => {
    await using shop = await openShop()
    const body = JSON.stringify({ email: 'ada@example.com', password: 'Correct-Horse-1' })
    const bytes = rawRequest({ method: 'POST', target: '/api/v1/customers', headers: [json], body })
    const heard = await exchange(shop.url, ...[...bytes].map((byte) => Uint8Array.of(byte)))
    assert.equal(heard.status, 201, heard.text)
  })

  test('a request that is cut short is not carried out', async () => {
    await using shop = await openShop()
    const body = JSON.stringify({ email: 'ada@example.com', password: 'Correct-Horse-1' })
    const whole = rawRequest({ method: 'POST', target: '/api/v1/customers', headers: [json], body })
    for (const length of [5, 40, whole.length - body.length, whole.length - 1]) {
      const heard = await exchange(shop.url, whole.subarray(0, length), hangUp)
      if (heard.status !== 0) assertDecent(heard, `${length} bytes`)
      assert.ok([0, 400].includes(heard.status), heard.text)
    }
    assert.deepEqual(await shop.ctx.db.read.selectFrom('customers').select('id').execute(), [])
  })

  test('bodies that are too large, of another type or not text are refused', async () => {
    await using shop = await openShop()
    const post = async (request: Partial<RawRequest>, ...right: number[]) => {
      const bytes = rawRequest({ method: 'POST', target: '/api/v1/customers', ...request })
      const heard = await exchange(shop.url, bytes)
      assertDecent(heard, JSON.stringify(request).slice(0, 200))
      assert.ok(right.includes(heard.status), heard.text)
    }
    const two = 2 * 1_024 * 1_024
    await post({ headers: [json], body: Buffer.alloc(two, ' ') }, 413)
    await post({ headers: [json], body: `{"email":"${'a'.repeat(two)}"}` }, 413)
    const wide = Array.from({ length: 60_000 }, (_, index) => `"k${index}":1`).join(',')
    await post({ headers: [json], body: `{${wide}}` }, 400)
    await post({ headers: [json], body: '' }, 400)
    await post({ headers: [json], body: '\ufeff{}' }, 400)
    await post({ headers: [json], body: Buffer.from('{"email":"\xff\xfe"}', 'latin1') }, 400)
    await post({ headers: [json], body: Buffer.from('{"email":"a"}', 'utf16le') }, 400)
    await post({ headers: [json, ['content-encoding', 'gzip']], body: '{}' }, 400, 415)
    await post({ headers: [], body: '{}' }, 400, 415)
    for (const type of ['text/plain', 'text/html', 'application/x-www-form-urlencoded']) {
      await post({ headers: [['content-type', type]], body: 'email=a' }, 400, 415)
    }
    await post({ headers: [['content-type', 'multipart/form-data; boundary=a']], body: '--a' }, 415)
    await shop.assertAudit()
  })

  test('a body of 2 MB in chunks is refused before it has all arrived', async () => {
    await using shop = await openShop()
    const head =
      `POST /api/v1/customers HTTP/1.1\r\n${tail}` +
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const heard = await exchange(shop.url, head, ...Array.from({ length: 32 }, () => chunk))
    // The refusal may be cut off by the hang-up; what is heard of it must be right.
    if (heard.status !== 0) assert.equal(heard.status, 413)
    assert.equal((await shop.call('GET', products)).status, 200)
  })
})
