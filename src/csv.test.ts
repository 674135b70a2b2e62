import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvLines, csvTable } from './csv.ts'

test('cells are quoted where they must be', () => {
  assert.equal(csvLines([['a', 'b c', '', null, 0, -12.5]]), 'a,b c,,,0,-12.5\r\n')
  assert.equal(
    csvLines([['a,b', 'say "hi"', 'two\nlines', 'and\rthree']]),
    '"a,b","say ""hi""","two\nlines","and\rthree"\r\n',
  )
})

test('no cell begins a formula', () => {
  assert.equal(
    csvLines([['=1+1', '+1', '@SUM(A1)', '-2+3', '\t=1', '-12.50', '\r1', "'=1"]]),
    `'=1+1,'+1,'@SUM(A1),'-2+3,'\t=1,'-12.50,"'\r1",'=1\r\n`,
  )
})

test('whatever is written into a cell, it begins no formula', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(csvLines([[text]]), /^"?[=+\-@\t\r](?!\n$)/)
    }),
  )
})

test('a table has its head, even if it has no rows', async () => {
  const columns = { name: (row: { name: string }) => row.name, length: () => 1 }
  const lines = await Array.fromAsync(
    csvTable(columns, pages([[{ name: 'a' }], [], [{ name: '=' }]])),
  )
  assert.equal(lines.join(''), "name,length\r\na,1\r\n'=,1\r\n")
  assert.deepEqual(await Array.fromAsync(csvTable(columns, pages([]))), ['name,length\r\n'])
})

async function* pages<T>(all: readonly T[]): AsyncGenerator<T> {
  for (const page of all) yield await Promise.resolve(page)
}
