import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { buildApp } from '../../src/app.ts'
import { createServer } from '../../src/http/server.ts'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { gate, provider } from './provider.ts'
import { added, checkOut, refused, refusedField } from './support.ts'

const problem = { accept: 'application/problem+json' }

describeOnEveryDatabase('a refusal', (openShop) => {
  test('has the envelope, or RFC 9457 for whoever accepts that', async () => {
    await using shop = await openShop()
    const path = '/api/v1/products?page=0'
    const envelope = await shop.call('GET', path)
    assert.equal(envelope.headers.get('content-type'), 'application/json; charset=utf-8')
    const { request_id, ...error } = refused(envelope, 400, 'VALIDATION_ERROR')
    assert.deepEqual(error, {
      code: 'VALIDATION_ERROR',
      message: 'Invalid input: page must be >= 1',
      details: {
        ...{ field: 'page', issue: 'must be >= 1' },
        hint: 'Correct the named field; the expected form is in the API documentation.',
      },
    })
    assert.equal(request_id, envelope.headers.get('x-request-id'))
    for (const accept of [problem.accept, `text/html, ${problem.accept};q=0.9`]) {
      const answer = await shop.call('GET', path, { headers: { accept } })
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
      assert.deepEqual(answer.body, {
        type: '/docs/errors#validation_error',
        title: 'Bad Request',
        status: 400,
        detail: error.message,
        instance: `urn:request:${answer.headers.get('x-request-id')}`,
        code: 'VALIDATION_ERROR',
        hint: error.details.hint,
        errors: { field: 'page', issue: 'must be >= 1' },
      })
    }
  })

  test('is never kept by caches', async () => {
    await using shop = await openShop()
    for (const path of ['/nowhere', '/api/v1/products/none', '/api/v1/products?page=0']) {
      const answer = await shop.call('GET', path)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
    }
  })

  test('of our own making says nothing about why', async () => {
    await using shop = await openShop()
    await using broken = await openShop()
    await broken.ctx.db[Symbol.asyncDispose]()
    const answer = await broken.call('GET', '/api/v1/products')
    assert.ok(answer.status === 500 || answer.status === 503, answer.text)
    assert.doesNotMatch(answer.text, /database is|sqlite|select|\.ts|node:|stack|pool/i)
    assert.equal((await broken.call('GET', '/health/live')).status, 200)
    const ready = await broken.call('GET', '/health/ready')
    refused(ready, 503, 'SERVICE_UNAVAILABLE')
    assert.equal(ready.headers.get('retry-after'), '1')
    assert.equal((await shop.call('GET', '/health/ready')).body.data.status, 'ready')
  })
})

async function speak(shop: TestShop, text: string): Promise<string> {
  const socket = connect(Number(new URL(shop.url).port), '127.0.0.1')
  socket.setEncoding('utf8').write(text)
  let answer = ''
  socket.on('data', (chunk: string) => {
    answer += chunk
  })
  await once(socket, 'close')
  return answer
}

describeOnEveryDatabase('a request', (openShop) => {
  const everyKind: readonly (readonly [method: string, path: string, status: number])[] = [
    ['GET', '/api/v1/products', 200],
    ['HEAD', '/api/v1/products', 200],
    ['GET', '/images/products/1.svg', 200],
    ['GET', '/openapi.json', 200],
    ['GET', '/docs', 200],
    ['GET', '/docs/static/swagger-ui.css', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/api/v1/products/%ff', 400],
    ['GET', `/api/v1/products/${'a'.repeat(501)}`, 414],
    ['PUT', '/api/v1/products', 405],
    ['GET', '/api/v1/orders', 401],
    ['POST', '/api/v1/checkout', 400],
  ]

  test('has an id that is given back, the caller’s own if it is harmless', async () => {
    await using shop = await openShop()
    await addProduct(shop.ctx)
    for (const [method, path, status] of everyKind) {
      const generated = await shop.call(method, path)
      assert.equal(generated.status, status, generated.text)
      assert.match(generated.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, path)
      const headers = { 'x-request-id': 'my.request_1-a' }
      const given = await shop.call(method, path, { headers })
      assert.equal(given.headers.get('x-request-id'), 'my.request_1-a', path)
      if (given.body?.error) assert.equal(given.body.error.request_id, 'my.request_1-a')
    }
    for (const id of ['a b', 'a"b', '<script>', 'é', 'a'.repeat(101), '']) {
      const { headers } = await shop.call('GET', '/nowhere', { headers: { 'x-request-id': id } })
      assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    }
  })

  test('is answered with headers that keep browsers from harm', async () => {
    await using shop = await openShop()
    await addProduct(shop.ctx)
    for (const [method, path] of everyKind) {
      const { headers } = await shop.call(method, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.equal(headers.get('x-frame-options'), 'DENY', path)
      assert.equal(headers.get('referrer-policy'), 'no-referrer', path)
      assert.equal(headers.get('x-powered-by'), null)
      assert.equal(headers.get('server'), null)
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, path.startsWith('/docs') ? /default-src 'self'/ : /default-src 'none'/)
      for (const part of ["object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
        if (!path.startsWith('/docs')) assert.ok(policy.includes(part), policy)
      }
      assert.equal(headers.get('strict-transport-security'), null)
    }
  })

  test('tells browsers to come by HTTPS alone, where the shop is reached by it', async () => {
    const settings = { PUBLIC_URL: 'https://shop.example.com' }
    await using shop = await openShop({ settings })
    await addProduct(shop.ctx)
    const year = 'max-age=31536000; includeSubDomains'
    for (const [method, path] of everyKind) {
      const { headers } = await shop.call(method, path)
      assert.equal(headers.get('strict-transport-security'), year, path)
    }
    const broken = await speak(shop, 'GET / HTTP/9.9\r\n\r\n')
    assert.ok(broken.includes(`\r\nstrict-transport-security: ${year}\r\n`), broken)
    assert.ok(broken.includes('\r\nx-content-type-options: nosniff\r\n'), broken)
  })

  test('about somebody is answered with what no cache keeps', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    for (const path of [
      ...['/api/v1/customers/me', '/api/v1/sessions', '/api/v1/cart', '/api/v1/orders'],
      ...['/api/cart', '/api/orders', '/users/profile', '/api/v1/admin/accounts'],
      ...['/api/v1/admin/audit-log', '/api/v1/admin/audit-log/export'],
    ]) {
      const answer = await shop.call('GET', path, { token })
      assert.equal(answer.status, 200, path)
      assert.equal(answer.headers.get('cache-control'), 'no-store', path)
    }
  })

  test('to an address that is not there is 404', async () => {
    await using shop = await openShop()
    for (const path of ['/nowhere', '/api/v1', '/api/v2/products', '/api/v1/products/1/x', '//']) {
      for (const method of ['GET', 'POST', 'DELETE', 'HEAD']) {
        const answer = await shop.call(method, path)
        assert.equal(answer.status, 404, `${method} ${path}`)
        if (method !== 'HEAD') refused(answer, 404, 'NOT_FOUND')
      }
    }
  })

  test('with a method that the address does not answer is 405 and says which it does', async () => {
    await using shop = await openShop()
    for (const [method, path, allow] of [
      ['POST', '/api/v1/products', 'GET, HEAD'],
      ['DELETE', '/api/v1/products/12', 'GET, HEAD'],
      ['PUT', '/api/v1/cart', 'GET, HEAD, DELETE'],
      ['GET', '/api/v1/cart/items', 'POST'],
      ['PATCH', '/api/v1/cart/items/1', 'PUT, DELETE'],
      ['GET', '/api/v1/checkout?x=1', 'POST'],
      ['OPTIONS', '/api/v1/checkout/', 'POST'],
      ['PUT', '/api/v1/admin/products/1', 'GET, HEAD, PATCH, DELETE'],
    ] as const) {
      const answer = await shop.call(method, path)
      assert.equal(refused(answer, 405, 'METHOD_NOT_ALLOWED').details.method, method)
      assert.equal(answer.headers.get('allow'), allow, `${method} ${path}`)
    }
  })

  test('may end its address with a slash', async () => {
    await using shop = await openShop()
    assert.equal((await shop.call('GET', '/api/v1/products/')).status, 200)
  })

  test('with broken URL encoding is refused, in the path and in the query', async () => {
    await using shop = await openShop()
    for (const path of [
      '/%',
      '/api/v1/products/%ff',
      '/api/v1/products/%zz',
      '/api/v1/products/%E0%A4%A',
      '/api/v1/products?search=%ff',
      '/api/v1/products?search=%',
      '/api/v1/products?search=a&brand=%c3%28',
      '/api/v1/products?%ff=1',
    ]) {
      refused(await shop.call('GET', path), 400, 'MALFORMED_REQUEST')
    }
    assert.equal((await shop.call('GET', '/api/v1/products?search=100%25+caf%C3%A9')).status, 200)
  })

  test('with U+0000 anywhere is refused', async () => {
    await using shop = await openShop()
    const { variantId } = await addProduct(shop.ctx)
    refusedField(await shop.call('GET', '/api/v1/products/%00'), 'input')
    refusedField(await shop.call('GET', '/api/v1/products?search=a%00b'), 'input')
    const body = { variant_id: variantId, quantity: 1 }
    for (const more of [{ 'a\u0000': 1 }, { note: ['\u0000'] }, { note: { deep: '\u0000' } }]) {
      const options = { session: 's', body: { ...body, ...more } }
      refusedField(await shop.call('POST', '/api/v1/cart/items', options), 'input')
    }
  })
})

describeOnEveryDatabase('a request body', (openShop) => {
  const post = (shop: TestShop, raw: string | Uint8Array, type = 'application/json') =>
    shop.call('POST', '/api/v1/sessions', { raw, headers: { 'content-type': type } })

  test('that is not JSON is refused', async () => {
    await using shop = await openShop()
    for (const raw of [
      '',
      ' ',
      '{',
      '{"email":}',
      "{'email':'a'}",
      '{"email":"a"}{}',
      '{"a":1,}',
      'undefined',
      'NaN',
      '{"__proto__":{"role":"admin"}}',
      '{"constructor":{"prototype":{}}}',
      '"\u0001"',
    ]) {
      const { details } = refused(await post(shop, raw), 400, 'MALFORMED_JSON')
      assert.deepEqual(Object.keys(details), ['hint'], raw)
    }
    refused(await post(shop, new Uint8Array([0xff, 0xfe, 0x7b])), 400, 'MALFORMED_JSON')
  })

  test('that is not an object is refused', async () => {
    await using shop = await openShop()
    for (const raw of ['null', '1', '"text"', '[]', 'true']) {
      refusedField(await post(shop, raw), 'body')
    }
    refusedField(await shop.call('POST', '/api/v1/sessions'), 'body')
  })

  test('of another type is refused, and its own type may have parameters', async () => {
    await using shop = await openShop()
    const raw = '{"email":"a","password":"b"}'
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'nonsense',
    ]) {
      const { details } = refused(await post(shop, raw, type), 415, 'UNSUPPORTED_MEDIA_TYPE')
      assert.deepEqual(Object.keys(details), ['hint'], type)
    }
    refused(await post(shop, raw, 'application/json; charset=utf-8'), 401, 'INVALID_CREDENTIALS')
  })

  test('may be missing where none is needed, whatever type is said', async () => {
    await using shop = await openShop()
    const headers = { 'content-type': 'application/json' }
    const cleared = await shop.call('DELETE', '/api/v1/cart', { session: 's', headers })
    assert.equal(cleared.status, 200, cleared.text)
  })

  test('that is too large is refused with the limit', async () => {
    await using shop = await openShop({ settings: { BODY_LIMIT_BYTES: '1024' } })
    const body = (length: number) => {
      const text = JSON.stringify({ email: '', password: 'b' })
      return text.replace('""', `"${'a'.repeat(length - text.length)}"`)
    }
    const { details } = refused(await post(shop, body(1_025)), 413, 'PAYLOAD_TOO_LARGE')
    assert.equal(details.limit_bytes, 1_024)
    refusedField(await post(shop, body(1_024)), 'email')
  })
})

describeOnEveryDatabase('pages of other origins', (openShop) => {
  const origin = 'https://shop.example.com'
  const preflight = (shop: TestShop, from: string, method: string) =>
    shop.call('OPTIONS', '/api/v1/cart/items/1', {
      headers: {
        ...{ origin: from, 'access-control-request-method': method },
        'access-control-request-headers': 'content-type,if-match,idempotency-key,session-id',
      },
    })

  test('may call with cookies if they are listed, with every method', async () => {
    const settings = { CORS_ORIGINS: `${origin}, http://localhost:3000` }
    await using shop = await openShop({ settings })
    for (const from of [origin, 'http://localhost:3000']) {
      const answer = await shop.call('GET', '/api/v1/cart', { headers: { origin: from } })
      assert.equal(answer.headers.get('access-control-allow-origin'), from)
      assert.equal(answer.headers.get('access-control-allow-credentials'), 'true')
      assert.match(answer.headers.get('vary') ?? '', /origin/i)
      const exposed = answer.headers.get('access-control-expose-headers') ?? ''
      assert.deepEqual(exposed.split(', '), [
        'etag',
        'x-request-id',
        'idempotent-replayed',
        'link',
        'retry-after',
        'ratelimit',
        'ratelimit-policy',
      ])
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, headers } = await preflight(shop, from, method)
        assert.equal(status, 204)
        assert.equal(headers.get('access-control-allow-origin'), from)
        const allowed = headers.get('access-control-allow-methods') ?? ''
        assert.ok(allowed.split(', ').includes(method), `${method} of ${allowed}`)
        assert.match(headers.get('access-control-allow-headers') ?? '', /idempotency-key/)
      }
    }
    const refusal = await shop.call('GET', '/nowhere', { headers: { origin } })
    assert.equal(refusal.headers.get('access-control-allow-origin'), origin)
  })

  test('may not if they are not listed', async () => {
    await using listing = await openShop({ settings: { CORS_ORIGINS: origin } })
    await using open = await openShop()
    for (const [shop, from] of [
      [listing, 'https://evil.example.com'],
      [listing, 'https://shop.example.com.evil.com'],
      [listing, 'http://shop.example.com'],
      [listing, 'null'],
      [open, origin],
    ] as const) {
      const answer = await shop.call('GET', '/api/v1/cart', { headers: { origin: from } })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('access-control-allow-origin'), null, from)
      const { headers } = await preflight(shop, from, 'PUT')
      assert.equal(headers.get('access-control-allow-origin'), null, from)
    }
  })
})

describeOnEveryDatabase('what is not HTTP', (openShop) => {
  test('is answered in the envelope all the same', async () => {
    await using shop = await openShop()
    for (const [text, status] of [
      ['NONSENSE\r\n\r\n', '400 Bad Request'],
      ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', '400 Bad Request'],
      [
        `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
        '431 Request Header Fields Too Large',
      ],
    ] as const) {
      const answer = await speak(shop, text)
      assert.ok(answer.startsWith(`HTTP/1.1 ${status}\r\n`), answer)
      const { success, error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as {
        success: boolean
        error: { code: string; request_id: string }
      }
      const code = status.startsWith('431') ? 'HEADERS_TOO_LARGE' : 'MALFORMED_REQUEST'
      assert.deepEqual([success, error.code], [false, code])
      assert.match(error.request_id, /^[0-9a-f-]{36}$/)
    }
    assert.equal((await shop.call('GET', '/health/live')).status, 200)
  })
})

describeOnEveryDatabase('a server', (openShop) => {
  test('is live and ready, and not ready once it is stopping', async () => {
    await using shop = await openShop()
    assert.deepEqual((await shop.call('GET', '/health/live')).body.data, { status: 'live' })
    assert.deepEqual((await shop.call('GET', '/health/ready')).body.data, { status: 'ready' })
    const { app, health } = await buildApp(shop.ctx)
    health.stopping = true
    const ready = await app.inject('/health/ready')
    assert.equal(ready.statusCode, 503)
    assert.equal(ready.headers['retry-after'], '1')
    assert.equal((await app.inject('/health/live')).statusCode, 200)
    await app.close()
  })

  test('does not start with a route that does not say who may call it', async () => {
    await using shop = await openShop()
    const app = await createServer(shop.ctx)
    assert.throws(() => app.get('/secret', {}, () => 'x'), {
      message: 'GET /secret does not declare who may call it',
    })
    assert.throws(() => app.post('/secret', { config: {} }, () => 'x'), /does not declare/)
    app.get('/open', { config: { allow: 'public' } }, () => 'x')
    await app.close()
  })

  test('that stops finishes what it has begun and takes nothing new', async () => {
    const paying = provider()
    const { charge } = paying
    const slow = gate()
    paying.charge = async (request) => {
      await slow.pass()
      return charge(request)
    }
    const shop = await openShop({ payment: paying.drivers })
    await added(shop, { session: 's' }, await addProduct(shop.ctx))
    const running = checkOut(shop, { session: 's' })
    await slow.reached
    const stopped = shop[Symbol.asyncDispose]()
    await refusesConnections(Number(new URL(shop.url).port))
    slow.open()
    const answer = await running
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body.data.status, 'paid')
    await stopped
  })
})

/** Resolves once nobody listens there any more. */
async function refusesConnections(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  const code = await new Promise((resolve) => {
    socket.on('connect', () => resolve('connected'))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
  socket.destroy()
  if (code === 'ECONNREFUSED') return
  await refusesConnections(port)
}
