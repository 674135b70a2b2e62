import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvLine } from './csv.ts'

test('cells are quoted where they must be', () => {
  assert.equal(csvLine(['a', 'b c', '']), 'a,b c,\r\n')
  assert.equal(csvLine(['a,b', 'say "hi"', 'two\nlines']), '"a,b","say ""hi""","two\nlines"\r\n')
})

test('no cell begins a formula, and numbers stay numbers', () => {
  assert.equal(
    csvLine(['=1+1', '+1', '@SUM(A1)', '-2+3', '\t=1', '-12.50']),
    "'=1+1,'+1,'@SUM(A1),'-2+3,'\t=1,-12.50\r\n",
  )
})
