import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { errorCatalogue, type ErrorCode } from '../../src/core/errors.ts'
import { describeOnEveryDatabase, type TestShop } from '../support/shop.ts'

interface Response {
  readonly description?: string
  readonly content?: Record<string, { schema?: object }>
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly operationId?: string
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: object }[]
  readonly requestBody?: { content: Record<string, { schema: object }> }
  readonly responses?: Record<string, Response>
  readonly security?: readonly object[]
}

interface Document {
  readonly openapi: string
  readonly info: { title: string; version: string }
  readonly servers: readonly { url: string }[]
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { securitySchemes: Record<string, { type: string }> }
}

async function documentOf(shop: TestShop): Promise<Document> {
  const answer = await shop.call('GET', '/openapi.json')
  assert.equal(answer.status, 200)
  return answer.body as Document
}

interface Named extends Operation {
  readonly name: string
  readonly path: string
  readonly method: string
}

const operationsOf = ({ paths }: Document): Named[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      ...{ path, method, name: `${method} ${path}` },
    })),
  )

/** The shop door shows of its answers only what a reader wants to see first. */
const isAbridged = (at: string): boolean =>
  at.includes('/responses/') && /^#\/paths\/\/(?!api\/v1\/)/.test(at)

/** A schema with examples, or what holds a schema and an example beside it. */
interface Exampled {
  readonly schema?: object
  readonly example?: unknown
  readonly examples?: readonly unknown[]
}

/** Every object in a document, with what leads to it. */
function* objectsIn(value: unknown, at = '#'): Generator<[at: string, object]> {
  if (typeof value !== 'object' || value === null) return
  yield [at, value]
  for (const [key, child] of Object.entries(value)) yield* objectsIn(child, `${at}/${key}`)
}

function resolved(document: Document, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  const steps = reference.slice(2).split('/')
  return steps.reduce<unknown>(
    (value, step) =>
      (value as Record<string, unknown> | undefined)?.[
        decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
      ],
    document,
  )
}

const codesIn = ({ description = '' }: Response): string[] =>
  [...description.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code)

describeOnEveryDatabase('the OpenAPI document', (openShop) => {
  test('is of version 3.1 and says where the shop is', async () => {
    await using shop = await openShop({ settings: { PUBLIC_URL: 'https://a.example.com/' } })
    const document = await documentOf(shop)
    assert.equal(document.openapi, '3.1.0')
    assert.equal(document.info.title, 'Cartwright')
    assert.deepEqual(document.servers, [{ url: 'https://a.example.com' }])
    assert.deepEqual(Object.keys(document.components.securitySchemes), ['bearer', 'cookie'])
  })

  test('has a summary, tags and answers for every operation', async () => {
    await using shop = await openShop()
    const operations = operationsOf(await documentOf(shop))
    assert.ok(operations.length > 30, `${operations.length} operations`)
    for (const { name, summary = '', tags = [], responses = {} } of operations) {
      assert.match(summary, /\S/, name)
      assert.equal(tags.length, 1, name)
      const statuses = Object.keys(responses)
      assert.ok(
        statuses.some((status) => /^(2\d\d|302)$/.test(status)),
        `${name}: ${statuses.join()}`,
      )
      for (const [status, response] of Object.entries(responses)) {
        assert.match(status, /^[2-5]\d\d$/, name)
        assert.match(response.description ?? '', /\S/, `${name} ${status}`)
      }
    }
    const ids = operations.flatMap(({ operationId }) => operationId ?? [])
    assert.equal(new Set(ids).size, ids.length)
  })

  test('declares the parameters that its paths have, and no others', async () => {
    await using shop = await openShop()
    for (const { name, path, parameters = [] } of operationsOf(await documentOf(shop))) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => parameter)
      const declared = parameters.filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        declared.map((parameter) => parameter.name),
        inPath,
        name,
      )
      assert.ok(
        declared.every(({ required }) => required),
        name,
      )
    }
  })

  test('names no error that is not in the catalogue, each at its own status', async () => {
    await using shop = await openShop()
    const known = new Map(
      Object.entries(errorCatalogue).map(([code, { status }]) => [code, status]),
    )
    const operations = operationsOf(await documentOf(shop))
    for (const { name, responses = {} } of operations) {
      for (const [status, response] of Object.entries(responses)) {
        const codes = codesIn(response)
        if (Number(status) >= 400) assert.ok(codes.length > 0, `${name} ${status}`)
        for (const code of codes) assert.equal(known.get(code), Number(status), `${name} ${code}`)
      }
    }
  })

  test('names the errors that a route gives', async () => {
    await using shop = await openShop()
    const operations = operationsOf(await documentOf(shop))
    const codes = (name: string): ErrorCode[] => {
      const { responses = {} } = operations.find((operation) => operation.name === name) ?? {}
      return Object.values(responses).flatMap(codesIn) as ErrorCode[]
    }
    const expected: readonly (readonly [name: string, codes: readonly ErrorCode[]])[] = [
      ['get /api/v1/products', ['VALIDATION_ERROR', 'SERVICE_UNAVAILABLE']],
      ['get /api/v1/products/{id}', ['NOT_FOUND']],
      ['get /api/v1/cart', ['INVALID_TOKEN', 'AMOUNT_TOO_LARGE']],
      [
        'post /api/v1/cart/items',
        ['INVALID_TOKEN', 'INSUFFICIENT_STOCK', 'AMOUNT_TOO_LARGE', 'IDEMPOTENCY_KEY_REUSED'],
      ],
      ['put /api/v1/cart/items/{id}', ['VERSION_CONFLICT', 'AMOUNT_TOO_LARGE']],
      ['post /api/v1/checkout', ['PRICE_CHANGED', 'INVALID_TOKEN', 'AMOUNT_TOO_LARGE']],
      ['get /api/v1/orders', ['UNAUTHENTICATED', 'INVALID_TOKEN']],
      ['post /api/v1/admin/products', ['FORBIDDEN', 'ALREADY_EXISTS']],
      [
        'post /api/v1/admin/stock-adjustments',
        ['INSUFFICIENT_STOCK', 'IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'],
      ],
    ]
    for (const [name, wanted] of expected) {
      const named = codes(name)
      assert.deepEqual(
        wanted.filter((code) => !named.includes(code)),
        [],
        name,
      )
    }
  })

  test('refers to nothing that is not in it', async () => {
    await using shop = await openShop()
    const document = await documentOf(shop)
    const dangling = [...objectsIn(document)].flatMap(([at, value]) => {
      const reference = '$ref' in value ? String(value.$ref) : undefined
      return reference === undefined || resolved(document, reference) ? [] : [`${at}: ${reference}`]
    })
    assert.deepEqual(dangling, [])
  })

  test('has schemas that are schemas, and examples that fit them', async () => {
    await using shop = await openShop()
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const document = await documentOf(shop)
    let count = 0
    for (const [at, value] of objectsIn(document)) {
      const { schema, example, examples = [] } = value as Exampled
      if (schema === undefined && examples.length === 0) continue
      if (isAbridged(at)) continue
      const validate = ajv.compile({ ...(schema ?? value), components: document.components })
      for (const one of example === undefined ? examples : [example]) {
        count += 1
        assert.ok(validate(one), `${at}: ${ajv.errorsText(validate.errors)}`)
      }
    }
    assert.ok(count > 100, `${count} examples`)
  })

  test('asks for a token where one is needed', async () => {
    await using shop = await openShop()
    const operations = operationsOf(await documentOf(shop))
    const securityOf = (name: string) =>
      operations.find((operation) => operation.name === name)?.security
    const signedIn = [{ bearer: [] }, { cookie: [] }]
    assert.equal(securityOf('get /api/v1/products'), undefined)
    assert.deepEqual(securityOf('get /api/v1/cart'), [{}, { bearer: [] }, { cookie: [] }])
    assert.deepEqual(securityOf('get /api/v1/orders'), signedIn)
    assert.deepEqual(securityOf('post /api/v1/admin/products'), signedIn)
  })
})

describeOnEveryDatabase('the documentation', (openShop) => {
  test('is a page at /docs that works without HTTPS', async () => {
    await using shop = await openShop({ settings: { STORE_NAME: 'Lamps & More' } })
    for (const path of ['/docs', '/docs/']) {
      const page = await shop.call('GET', path)
      assert.equal(page.status, 200)
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
      assert.match(page.text, /swagger-ui/)
      const policy = page.headers.get('content-security-policy') ?? ''
      assert.match(policy, /default-src 'self'/)
      assert.doesNotMatch(policy, /upgrade-insecure-requests/)
      const assets = [...page.text.matchAll(/(?:src|href)="(\.\/[^"]+|\/docs\/[^"]+)"/g)]
      assert.ok(assets.length >= 3, page.text)
      for (const [, asset = ''] of assets) {
        const address = new URL(asset, `${shop.url}/docs/`).pathname
        assert.equal((await shop.call('GET', address)).status, 200, address)
      }
    }
    const shown = await shop.call('GET', '/docs/json')
    assert.deepEqual(shown.body, (await shop.call('GET', '/openapi.json')).body)
    assert.equal((await shop.call('GET', '/docs/nothing')).status, 404)
  })
})
