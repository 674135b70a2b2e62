import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uuidSource } from './ids.ts'

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids are UUIDv7 and sort in the order in which they were made', () => {
  const newId = uuidSource()
  const ids = Array.from({ length: 50_000 }, newId)
  assert.deepEqual(
    ids.filter((id) => !uuid7.test(id)),
    [],
  )
  const unsorted = ids.filter((id, index) => index > 0 && id <= (ids[index - 1] ?? ''))
  assert.deepEqual(unsorted, [])
})

test('ids hold the time at which they were made', () => {
  const before = Date.now()
  const id = uuidSource()()
  const time = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
  assert.ok(time >= before && time <= Date.now(), `${time} from ${before}`)
})
