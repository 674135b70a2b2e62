import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import { ConfigError } from './read.ts'

const documents = (environment: Record<string, string>) => readConfig(environment).documents

const refusal = (environment: Record<string, string>): string => {
  try {
    readConfig(environment)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  return 'no refusal'
}

test('documents are issued on demand, in the name of the store', () => {
  assert.deepEqual(documents({ STORE_NAME: 'Corner Shop' }), {
    ...{ issue: 'demand', isYearly: true, needsAddress: false, fonts: [] },
    prefixes: { invoice: 'INV-', credit_note: 'CN-' },
    seller: { name: 'Corner Shop', address: [], vatId: null, details: [] },
  })
})

test('the seller is told in lines', () => {
  const environment = {
    SELLER_NAME: 'Corner Shop Ltd',
    SELLER_ADDRESS: ' 1 High Street | London || ',
    SELLER_VAT_ID: 'DE 123.456.789',
    SELLER_DETAILS: 'Register 1|Bank 2',
  }
  assert.deepEqual(documents(environment).seller, {
    name: 'Corner Shop Ltd',
    address: ['1 High Street', 'London'],
    vatId: 'DE123456789',
    details: ['Register 1', 'Bank 2'],
  })
})

test('what cannot work is refused at the start', () => {
  assert.match(refusal({ SELLER_VAT_ID: '12' }), /^SELLER_VAT_ID has not the form/)
  assert.match(refusal({ INVOICE_PREFIX: 'a b' }), /^INVOICE_PREFIX and CREDIT_NOTE_PREFIX are 1/)
  assert.match(refusal({ CREDIT_NOTE_PREFIX: 'INV-' }), /must differ$/)
  const production = { PRODUCTION: 'true', INVOICES: 'paid', PAYMENT_METHODS: 'manual' }
  assert.match(refusal(production), /^INVOICES=paid needs SELLER_ADDRESS/)
  assert.equal(documents({ ...production, SELLER_ADDRESS: '1 High Street' }).issue, 'paid')
})
