import assert from 'node:assert/strict'
import { test } from 'node:test'
import { referenceOf } from './reference.ts'

const id = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'

test('a UUID names an entity by its id, in any case', () => {
  assert.deepEqual(referenceOf(id), { by: 'id', id })
  assert.deepEqual(referenceOf(id.toUpperCase()), { by: 'id', id })
})

test('digits name it by its number, as long as that is counted exactly', () => {
  assert.deepEqual(referenceOf('1'), { by: 'number', number: 1 })
  const largest = '9'.repeat(15)
  assert.deepEqual(referenceOf(largest), { by: 'number', number: 999_999_999_999_999 })
})

test('all else is a slug', () => {
  for (const slug of ['lamp', '0', '007', '-1', '1.5', '1e3', ' 1', '9'.repeat(16), `${id}0`, '']) {
    assert.deepEqual(referenceOf(slug), { by: 'slug', slug })
  }
})
