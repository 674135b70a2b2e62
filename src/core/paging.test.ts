import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countedOf, pagingOf, writeCursor } from './paging.ts'
import { ShopError } from './errors.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64url')

test('a query without paging asks for the first twenty', () => {
  assert.deepEqual(pagingOf({}), { page: 1, perPage: 20, after: undefined })
  assert.deepEqual(pagingOf({ page: 3, per_page: 7 }), { page: 3, perPage: 7, after: undefined })
})

test('a cursor is a place that can be put into an address and read back', () => {
  for (const place of [[1], ['Crème – 日本', 5], [0, Number.MAX_SAFE_INTEGER], ['', -1, 'x']]) {
    const cursor = writeCursor(place)
    assert.match(cursor, /^[\w-]+$/)
    assert.deepEqual(pagingOf({ cursor }).after, place)
  }
})

test('what is no place is refused as the field cursor', () => {
  for (const text of ['{}', '"x"', '1', 'null', '[1', '[null]', '[[1]]', '[1.5]', '[1e300]', '']) {
    assert.throws(
      () => pagingOf({ cursor: encoded(text) }),
      (error) => error instanceof ShopError && error.details['field'] === 'cursor',
      text,
    )
  }
  assert.throws(() => pagingOf({ cursor: encoded('[1,2,3,4]') }), { code: 'VALIDATION_ERROR' })
  assert.throws(() => pagingOf({ cursor: encoded('["\\u0000"]') }), { code: 'VALIDATION_ERROR' })
})

test('counts go up to ten thousand, and say when there are more', () => {
  assert.deepEqual(countedOf(0), { total: 0, capped: false })
  assert.deepEqual(countedOf(10_000), { total: 10_000, capped: false })
  assert.deepEqual(countedOf(10_001), { total: 10_000, capped: true })
})
