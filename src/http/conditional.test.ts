import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { demandedVersion, etagOf, sendCacheable } from './conditional.ts'

test('an ETag is the same for the same bytes and version, and for no others', () => {
  assert.match(etagOf('{}'), /^"[\w-]{16}"$/)
  assert.match(etagOf('{}', 3), /^"3-[\w-]{16}"$/)
  assert.equal(etagOf('{}', 3), etagOf('{}', 3))
  const different = [etagOf('{}'), etagOf('[]'), etagOf('{}', 3), etagOf('{}', 4), etagOf('[]', 3)]
  assert.equal(new Set(different).size, different.length)
})

test('a body is sent once, and again when it is another one', async () => {
  const app = fastify()
  app.get('/:body', (request, reply) =>
    sendCacheable({ request, reply }, (request.params as { body: string }).body),
  )
  app.get('/kept', (request, reply) => sendCacheable({ request, reply, maxAgeSeconds: 60 }, 'x'))
  const get = (url: string, known?: string) =>
    app.inject({ url, headers: known === undefined ? {} : { 'if-none-match': known } })
  const etag = etagOf('one')
  const first = await get('/one')
  assert.deepEqual(
    [first.statusCode, first.body, first.headers.etag, first.headers['cache-control']],
    [200, 'one', etag, 'no-cache'],
  )
  for (const known of [etag, `W/${etag}`, ` "a" ,${etag}`, '*', ' * ']) {
    const { statusCode, body, headers } = await get('/one', known)
    assert.deepEqual([statusCode, body, headers.etag], [304, '', etag], known)
  }
  for (const known of ['', '"a"', etag.replaceAll('"', ''), etagOf('two'), '"*"']) {
    assert.equal((await get('/one', known)).statusCode, 200, known)
  }
  assert.equal((await get('/two', etag)).body, 'two')
  assert.equal((await get('/kept')).headers['cache-control'], 'public, max-age=60')
  await app.close()
})

test('If-Match demands the version that an ETag begins with', async () => {
  const app = fastify()
  app.get('/', (request) => ({ version: demandedVersion(request) ?? 'any' }))
  const demand = async (header?: string) => {
    const headers = header === undefined ? {} : { 'if-match': header }
    const answer = await app.inject({ url: '/', headers })
    return answer.statusCode === 200 ? answer.json<{ version: unknown }>().version : 'refused'
  }
  assert.equal(await demand(), 'any')
  assert.equal(await demand('*'), 'any')
  assert.equal(await demand(' "12" '), 12)
  assert.equal(await demand(etagOf('{}', 7)), 7)
  assert.equal(await demand('"0"'), 0)
  for (const header of ['12', 'W/"12"', '"x"', '""', '"1","2"', '"-1"', `"${'9'.repeat(16)}"`]) {
    assert.equal(await demand(header), 'refused', header)
  }
  await app.close()
})
