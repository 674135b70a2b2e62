import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCatalogue, invalid, notFound, ShopError, type ErrorCode } from './errors.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]
const placeholdersOf = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

test('every error has a status of its kind, a message and a hint, as sentences', () => {
  for (const code of codes) {
    const { status, message, hint } = errorCatalogue[code]
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/)
    assert.ok(status >= 400 && status < 600, code)
    assert.match(message, /^[A-Z{].*[.}]$/, code)
    assert.match(hint, /^[A-Z{].*\.$/, code)
  }
})

test('an error says when to try again exactly if that can help soon', () => {
  for (const code of codes) {
    const { status, retryAfterSeconds } = new ShopError(code)
    const isTemporary = [429, 503].includes(status) || code.endsWith('_IN_PROGRESS')
    assert.equal(retryAfterSeconds !== undefined, isTemporary, code)
  }
})

test('the details of an error fill its message and its hint', () => {
  for (const code of codes) {
    const { message, hint } = errorCatalogue[code]
    const names = placeholdersOf(message + hint)
    const error = new ShopError(code, Object.fromEntries(names.map((name) => [name, `<${name}>`])))
    assert.doesNotMatch(error.message + error.hint, /[{}]/, code)
    for (const name of names) assert.ok((error.message + error.hint).includes(`<${name}>`), name)
    assert.deepEqual([error.code, error.status], [code, errorCatalogue[code].status])
  }
  const short = new ShopError('INSUFFICIENT_STOCK', { sku: 'LAMP-1', available: 0 })
  assert.equal(short.message, 'Only 0 of LAMP-1 left.')
  assert.deepEqual(short.details, { sku: 'LAMP-1', available: 0 })
})

test('a detail that is missing or no word leaves the name of its place', () => {
  assert.equal(new ShopError('NOT_FOUND').message, 'resource not found.')
  assert.equal(new ShopError('NOT_FOUND', { resource: { id: 1 } }).message, 'resource not found.')
})

test('input is refused by its field, and what is absent by its kind', () => {
  const error = invalid('quantity', 'must be >= 1')
  assert.equal(error.message, 'Invalid input: quantity must be >= 1')
  assert.deepEqual(error.details, { field: 'quantity', issue: 'must be >= 1' })
  assert.equal(notFound('Order').message, 'Order not found.')
})
