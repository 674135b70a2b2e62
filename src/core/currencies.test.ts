import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generateCurrencies } from '../../scripts/generate-currencies.ts'
import { minorUnitDigits } from './currencies.ts'

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

const header = 'Entity,Currency,AlphabeticCode,NumericCode,MinorUnit,WithdrawalDate'

test('the currency table is up to date with the ISO 4217 list', () => {
  const csv = read('../../reference/iso4217-codes-all.csv')
  assert.equal(read('./currencies.ts'), generateCurrencies(csv))
})

test('currencies have their ISO 4217 digits where CLDR shows others', () => {
  const codes = ['EUR', 'JPY', 'KWD', 'CLF', 'IQD', 'HUF', 'IDR', 'RSD', 'ISK']
  const digits = codes.map((code) => minorUnitDigits.get(code))
  assert.deepEqual(digits, [2, 0, 3, 4, 3, 2, 2, 2, 0])
  assert.equal(minorUnitDigits.size, 165)
})

test('withdrawn currencies and codes without a minor unit are left out', () => {
  const codes = ['BGN', 'HRK', 'DEM', 'XAU', 'XDR', 'XXX', 'XTS']
  const known = codes.filter((code) => minorUnitDigits.has(code))
  assert.deepEqual(known, [])
})

test('the generator reads quoted names and countries without a currency', () => {
  const csv = `${header}\n"BOLIVIA, ""A""",Boliviano,BOB,068,2,\nANTARCTICA,None,,,,\n`
  assert.match(generateCurrencies(csv), /new Map\(\[\n {2}\['BOB', 2\],\n\]\)\n$/)
})

test('the generator refuses lists that it does not understand', () => {
  const refusals: [string, RegExp][] = [
    ['Entity,Code\nSPAIN,EUR\n', /no column AlphabeticCode/],
    [`${header}\nSPAIN,Euro,EUR,978,,\n`, /EUR has no valid minor unit/],
    [`${header}\nSPAIN,Euro,EUR,978,2,\nITALY,Euro,EUR,978,3,\n`, /EUR has two minor units/],
  ]
  for (const [csv, message] of refusals) assert.throws(() => generateCurrencies(csv), message)
})
