import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVatId } from './vat-id.ts'

const valid = [
  'ATU12345678',
  'BE0123456789',
  'BG123456789',
  'CY12345678X',
  'CZ1234567890',
  'DE123456789',
  'DK12 34 56 78',
  'EE123456789',
  'EL123456789',
  'ESX1234567A',
  'FI12345678',
  'FRXX123456789',
  'GB999 9999 73',
  'GBGD123',
  'GBHA599',
  'HR12345678901',
  'HU12345678',
  'IE1234567WA',
  'IE9S99999L',
  'IT12345678901',
  'LT123456789012',
  'LU12345678',
  'LV12345678901',
  'MT12345678',
  'NL123456789B01',
  'NO123456789MVA',
  'PL1234567890',
  'PT123456789',
  'RO12',
  'SE123456789001',
  'SI12345678',
  'SK1234567890',
  'CHE-123.456.789 MWST',
  'XI123456789',
]

for (const text of valid) {
  test(`${text} has the form of a VAT id`, () => {
    const country = text.startsWith('EL') ? 'GR' : text.slice(0, 2)
    assert.deepEqual(readVatId(text.toLowerCase()), {
      text: text.replaceAll(/[ .-]/g, ''),
      country,
    })
  })
}

for (const text of [
  '',
  'DE',
  'DE12345678',
  'DE1234567890',
  'U12345678',
  'GR123456789',
  'XX123456789',
  'toString',
  'DE12345678٩',
  'SE123456789002',
  'DE123456789'.repeat(9),
]) {
  test(`"${text.slice(0, 20)}" has not`, () => {
    assert.equal(readVatId(text), undefined)
  })
}
