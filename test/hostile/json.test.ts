import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCatalogue } from '../../src/core/errors.ts'
import { inParallel } from '../race/support.ts'
import { describeOnEveryDatabase, type Answer, type TestShop } from '../support/shop.ts'
import { jsonCases, type JsonCase } from './corpus.ts'
import type { Operation } from './openapi.ts'
import { assertShopWorks, openRig, session, type Rig } from './rig.ts'
import { assertDecent } from './verdict.ts'

async function postBytes(
  { shop, token, pathOf }: Rig,
  { operation, raw, what }: { operation: Operation; raw: Uint8Array; what: string },
): Promise<Answer> {
  const caller = operation.isOpen ? { session } : { token }
  const answer = await shop.call(operation.method, pathOf(operation), { ...caller, raw })
  const contentType = answer.headers.get('content-type') ?? ''
  const shown = `${operation.method} ${operation.path} with ${what}`
  assertDecent({ status: answer.status, text: answer.text, contentType }, shown)
  return answer
}

function assertJudged({ expect, name }: JsonCase, answer: Answer): void {
  const { error, message } = answer.body as { error?: { code: string }; message?: unknown }
  // The units door has words instead of codes.
  const isMalformed = message === errorCatalogue.MALFORMED_JSON.message
  const code = error?.code ?? (isMalformed ? 'MALFORMED_JSON' : undefined)
  if (expect === 'reject') assert.equal(code, 'MALFORMED_JSON', `${name}: ${answer.text}`)
  if (expect === 'accept') assert.notEqual(code, 'MALFORMED_JSON', `${name}: ${answer.text}`)
}

const checkoutWith = (value: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      '{"email":"ada@example.com","payment_method":"manual","shipping_info":{"name":"Ada",' +
        '"address":"12 St James Square","city":"London","country":"GB"},"payment_data":{"x":',
    ),
    value,
    Buffer.from('}}'),
  ])

describeOnEveryDatabase('broken JSON', (openShop) => {
  test('every case is judged as the standard says, on every route with a body', async (t) => {
    await using rig = await openRig(openShop)
    const withBody = rig.operations.filter(({ body }) => body)
    const { rowLocks } = rig.shop.ctx.db.dialect.can
    const operations = rowLocks ? withBody.slice(0, 3) : withBody
    await inParallel(jsonCases.length, 4, async (index) => {
      const one = jsonCases[index] as JsonCase
      for (const operation of operations) {
        const answer = await postBytes(rig, { operation, raw: one.bytes, what: one.name })
        assertJudged(one, answer)
      }
    })
    t.diagnostic(`${jsonCases.length} cases on ${operations.length} operations`)
    await assertShopWorks(rig)
  })

  test('every case is harmless in the one place that takes any JSON', async () => {
    await using rig = await openRig(openShop)
    const operation = rig.operations.find(({ path }) => path === '/api/v1/checkout')
    assert.ok(operation)
    await inParallel(jsonCases.length, 4, async (index) => {
      const one = jsonCases[index] as JsonCase
      const raw = checkoutWith(one.bytes)
      const answer = await postBytes(rig, { operation, raw, what: one.name })
      if (one.expect === 'reject') assert.ok(answer.status >= 400, one.name)
    })
    await assertShopWorks(rig)
  })

  test('nesting as deep as a body can hold is refused, open and closed', async () => {
    await using rig = await openRig(openShop)
    const operations = rig.operations.filter(({ body }) => body)
    const deep = 100_000
    const bodies = [
      Buffer.from('['.repeat(deep)),
      Buffer.from('['.repeat(deep) + ']'.repeat(deep)),
      Buffer.from('{"a":'.repeat(deep)),
      Buffer.from(`${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`),
      checkoutWith(Buffer.from('['.repeat(deep) + ']'.repeat(deep))),
      checkoutWith(Buffer.from(`${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`)),
      checkoutWith(Buffer.from('['.repeat(5_000) + ']'.repeat(5_000))),
    ]
    for (const operation of operations) {
      for (const [index, raw] of bodies.entries()) {
        const answer = await postBytes(rig, { operation, raw, what: `deep body ${index}` })
        assert.equal(answer.status, 400, answer.text.slice(0, 300))
      }
    }
    await assertShopWorks(rig)
  })

  test('keys that reach for prototypes are refused or mean nothing', async () => {
    await using rig = await openRig(openShop)
    const operation = rig.operations.find(({ path }) => path === '/api/v1/checkout')
    assert.ok(operation)
    const polluting = [
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
      '{"payment_data":{"__proto__":{"polluted":true}}}',
      '{"payment_data":{"constructor":{"prototype":{"polluted":true}}}}',
      '{"shipping_info":{"__proto__":{"name":"Ada"}}}',
      '{"\\u005f_proto__":{"polluted":true}}',
    ]
    for (const text of polluting) {
      const answer = await postBytes(rig, { operation, raw: Buffer.from(text), what: text })
      assert.equal(answer.status, 400)
    }
    const inner = checkoutWith(Buffer.from('{"__proto__":{"outcome":"decline"}}'))
    assert.equal((await postBytes(rig, { operation, raw: inner, what: 'inner' })).status, 400)
    for (const query of ['__proto__[polluted]=1', 'constructor[prototype][polluted]=1']) {
      await assertRefused(rig.shop, `/api/v1/products?${query}`)
    }
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    await assertShopWorks(rig)
  })
})

async function assertRefused(shop: TestShop, path: string): Promise<void> {
  const answer = await shop.call('GET', path)
  assert.equal(answer.status, 400, answer.text)
}
