import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { calendarDate, orderNumberFormat, type OrderNumberFormat } from './order-number.ts'

function format(text: string): OrderNumberFormat {
  const made = orderNumberFormat(text)
  assert.ok(typeof made !== 'string', `${text}: ${String(made)}`)
  return made
}

const order = { number: 1_042, at: Date.UTC(2026, 1, 3, 23, 59, 59, 999) }

describe('the format of order numbers', () => {
  test('writes the number and the day of the order', () => {
    for (const [text, expected] of [
      ['{number}', '1042'],
      ['CW-{year}-{number:6}', 'CW-2026-001042'],
      ['{year}{month}{day}-{number}', '20260203-1042'],
      ['R{number:3}', 'R1042'],
      ['{number}.X', '1042.X'],
    ] as const) {
      assert.equal(format(text).write(order), expected)
    }
  })

  test('is read in any case, and what has not its form is not read', () => {
    const { read } = format('Cw.{year}-{number:6}')
    assert.equal(read('cw.2026-001042'), 1_042)
    assert.equal(read('CW.1999-7'), 7)
    for (const text of ['', 'CW.2026-', 'CWx2026-001042', 'CW.2026-001042x', '1042', 'CW.26-1']) {
      assert.equal(read(text), undefined, text)
    }
    assert.equal(format('{number}').read('0012'), undefined)
  })

  test('always reads what it has written', () => {
    const formats = ['{number}', 'A{number:15}', '{day}{number}-{month}', '{year}{number}Z1']
    const number = fc.integer({ min: 1, max: 999_999_999_999_999 })
    const at = fc.integer({ min: 0, max: Date.UTC(9_999, 11, 31) })
    fc.assert(
      fc.property(fc.constantFrom(...formats), number, at, (text, value, moment) => {
        const { write, read } = format(text)
        assert.equal(read(write({ number: value, at: moment })), value)
      }),
    )
  })

  test('is refused where it could be misread', () => {
    for (const [text, reason] of [
      ['', 'must contain {number} once'],
      ['CW-{year}', 'must contain {number} once'],
      ['{number}-{number}', 'must contain {number} once'],
      ['{year}{number}', 'must contain a letter or a sign, unless it is {number} alone'],
      ['2{number}', 'must contain a letter or a sign, unless it is {number} alone'],
      [`${'a'.repeat(33)}{number}`, 'may have 40 characters'],
    ] as const) {
      assert.equal(orderNumberFormat(text), reason)
    }
    for (const part of [
      '{num}',
      '{year:2}',
      '{number:0}',
      '{number:16}',
      '/',
      '#',
      'ä',
      ' ',
      '{',
    ]) {
      assert.match(String(orderNumberFormat(`A${part}{number}`)), /^cannot contain /, part)
    }
  })

  test('knows the calendar of a thousand years', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(0) }), (date) => {
        assert.deepEqual(calendarDate(date.getTime()), {
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
        })
      }),
    )
  })
})
