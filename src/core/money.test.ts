import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minorUnitDigits } from './currencies.ts'
import {
  add,
  CurrencyMismatchError,
  currencyDigits,
  formatMinor,
  isCurrency,
  minor,
  money,
  MoneyRangeError,
  parseDecimal,
  subtract,
  sumMinor,
  times,
  UnknownCurrencyError,
} from './money.ts'
import { forRandomCases, tableRows } from './testing.ts'

const max = Number.MAX_SAFE_INTEGER
const currencies = [...minorUnitDigits.keys()]

const exactTexts = tableRows(`
  amount             currency | text
  2990               EUR      | 29.90
  0                  EUR      | 0.00
  5                  USD      | 0.05
  -5                 USD      | -0.05
  100                USD      | 1.00
  -123456            GBP      | -1234.56
  1000               JPY      | 1000
  -7                 JPY      | -7
  0                  KRW      | 0
  1234               KWD      | 1.234
  -4                 BHD      | -0.004
  12345              CLF      | 1.2345
  9007199254740991   EUR      | 90071992547409.91
  -9007199254740991  KWD      | -9007199254740.991
  9007199254740991   JPY      | 9007199254740991
`)

for (const [amount = '', currency = '', text = ''] of exactTexts) {
  test(`${amount} minor units of ${currency} are written and read as ${text}`, () => {
    assert.equal(formatMinor(minor(Number(amount)), currency), text)
    assert.equal(parseDecimal(text, currency), Number(amount))
  })
}

test('decimals with fewer digits than the currency has are read exactly', () => {
  assert.equal(parseDecimal('29.9', 'EUR'), 2990)
  assert.equal(parseDecimal('30', 'EUR'), 3000)
  assert.equal(parseDecimal('-1.5', 'KWD'), -1500)
  assert.equal(parseDecimal(String(0.1), 'USD'), 10)
})

test('a negative zero is read and made as plain zero', () => {
  assert.equal(parseDecimal('-0.00', 'EUR'), 0)
  assert.equal(minor(-0), 0)
  assert.equal(times(money(-5, 'EUR'), 0).amount, 0)
})

test('text that is not an exact decimal of the currency is refused', () => {
  const refused: [string, string[]][] = [
    ['EUR', ['', ' ', '-', '.', '1.', '.5', '-.5', '1,00', '1 000', '1_000', '+1', '--1', '1.2.3']],
    ['EUR', ['1e3', '1E3', '1e-2', 'NaN', 'Infinity', '-Infinity', '0x10', '0b1', '1n', 'null']],
    ['EUR', ['01', '-007.50', '00', ' 1', '1 ', '1\n', '1\u0000', '١', '１', '−1', '1.00 EUR']],
    ['EUR', ['1.234', '0.001', '1.000', '90071992547409.92', '-90071992547409.92']],
    ['EUR', ['99999999999999999999', '1'.repeat(100_000), '1e308']],
    ['JPY', ['1.0', '1.', '9007199254740992', '9007199254740993']],
    ['KWD', ['0.0001', '9007199254740.992']],
    ['CLF', ['0.00001']],
  ]
  for (const [currency, texts] of refused) {
    const read = texts.filter((text) => parseDecimal(text, currency) !== undefined)
    assert.deepEqual(read, [])
  }
})

test('an unknown currency is refused, whatever an object would inherit', () => {
  for (const code of ['', 'eur', 'EURO', 'BGN', 'XXX', '__proto__', 'constructor']) {
    assert.equal(isCurrency(code), false)
    assert.throws(() => formatMinor(minor(1), code), UnknownCurrencyError)
    assert.throws(() => parseDecimal('1', code), UnknownCurrencyError)
    assert.throws(() => money(1, code), UnknownCurrencyError)
  }
  assert.equal(isCurrency('EUR'), true)
})

test('amounts beyond the safe range are refused by a named error', () => {
  for (const amount of [max + 1, -max - 1, 1e308, Infinity, -Infinity]) {
    assert.throws(() => minor(amount), { name: 'MoneyRangeError' })
    assert.throws(() => money(amount, 'EUR'), MoneyRangeError)
  }
  assert.equal(minor(max), max)
  assert.equal(minor(-max), -max)
})

test('fractions and NaN are refused as mistakes of the program', () => {
  for (const amount of [0.5, -29.9, NaN]) assert.throws(() => minor(amount), TypeError)
  assert.throws(() => times(money(100, 'EUR'), 1.5), TypeError)
  assert.throws(() => times(money(100, 'EUR'), Infinity), TypeError)
})

test('sums, differences and multiples are exact up to the last safe unit', () => {
  const euro = (amount: number) => money(amount, 'EUR')
  assert.deepEqual(add(euro(2990), euro(10)), { amount: 3000, currency: 'EUR' })
  assert.deepEqual(subtract(euro(10), euro(2990)), { amount: -2980, currency: 'EUR' })
  assert.deepEqual(times(euro(1999), 3), { amount: 5997, currency: 'EUR' })
  assert.deepEqual(add(euro(max - 1), euro(1)), euro(max))
  assert.throws(() => add(euro(max), euro(1)), MoneyRangeError)
  assert.throws(() => subtract(euro(-max), euro(1)), MoneyRangeError)
  assert.throws(() => times(euro(max), 2), MoneyRangeError)
})

test('two currencies are never added or subtracted', () => {
  const [euro, yen] = [money(100, 'EUR'), money(100, 'JPY')]
  assert.throws(() => add(euro, yen), CurrencyMismatchError)
  assert.throws(() => subtract(euro, yen), { message: 'Cannot mix EUR and JPY.' })
})

test('every amount of every currency is read back from its text', () => {
  forRandomCases(150_000, (random) => {
    const [amount, currency] = [random.amount(), random.pick(currencies)]
    const text = formatMinor(amount, currency)
    assert.equal(parseDecimal(text, currency), amount, `${amount} ${currency}`)
  })
})

test('the text of an amount has exactly the digits of its currency and its exact value', () => {
  forRandomCases(50_000, (random) => {
    const [amount, currency] = [random.amount(), random.pick(currencies)]
    const text = formatMinor(amount, currency)
    const [, fraction = ''] = text.split('.')
    assert.equal(fraction.length, currencyDigits(currency), `${amount} ${currency}`)
    assert.equal(BigInt(text.replace('.', '')), BigInt(amount))
  })
})

test('a sum is exact or refused, as bigints tell', () => {
  forRandomCases(100_000, (random) => {
    const amounts = random.list(random.integer(0, 4), () => random.amount())
    const runningTotals = amounts.map((_, index) => exactSum(amounts.slice(0, index + 1)))
    if (runningTotals.every((total) => Number.isSafeInteger(Number(total)))) {
      assert.equal(BigInt(sumMinor(amounts)), exactSum(amounts), amounts.join())
    } else {
      assert.throws(() => sumMinor(amounts), MoneyRangeError, amounts.join())
    }
  })
})

function exactSum(amounts: readonly number[]): bigint {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n)
}

test('a multiple is exact or refused, as bigints tell', () => {
  forRandomCases(50_000, (random) => {
    const [unit, quantity] = [money(random.amount(), 'EUR'), random.amount()]
    const exact = BigInt(unit.amount) * BigInt(quantity)
    if (Number.isSafeInteger(Number(exact))) {
      assert.equal(BigInt(times(unit, quantity).amount), exact, `${unit.amount} × ${quantity}`)
    } else {
      assert.throws(() => times(unit, quantity), MoneyRangeError)
    }
  })
})
