import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { queryWords, slugify, words } from './words.ts'
import { tableRows } from './testing.ts'

test('words are lower case, without accents, letters and digits only', () => {
  const cases = tableRows(`
    text                       | words
    Crème Brûlée, 2 pcs        | creme brulee 2 pcs
    ÅNGSTRÖM–Œuvre             | angstrom œuvre
    USB-C/Lightning (1.5 m)    | usb c lightning 1 5 m
    İstanbul ﬁne ½             | istanbul fine 1 2
    Привет, мир!               | привет мир
    日本語 テスト               | 日本語 テスト
    "quoted" AND 'said' OR x*  | quoted and said or x
  `)
  for (const [text = '', expected = ''] of cases) {
    assert.deepEqual(words(text), expected.split(' '), text)
  }
  for (const nothing of ['', ' ', '–—!?', '👍 ✓', '\u0301']) assert.deepEqual(words(nothing), [])
})

test('words are the same however their accents are written', () => {
  assert.deepEqual(words('Crème'.normalize('NFD')), words('Crème'.normalize('NFC')))
  assert.deepEqual(words('CRÈME'), words('crème'))
})

test('a long word is cut to forty characters, and never through one', () => {
  assert.deepEqual(words('a'.repeat(41)), ['a'.repeat(40)])
  assert.deepEqual(words(`a${'𠮷'.repeat(50)}`), [`a${'𠮷'.repeat(39)}`])
})

test('the words of a query are distinct and at most ten', () => {
  assert.deepEqual(queryWords('Lamp lamp LÁMP table'), ['lamp', 'table'])
  const many = Array.from({ length: 12 }, (_, index) => `w${index}`)
  assert.deepEqual(queryWords(many.join(' ')), many.slice(0, 10))
  assert.deepEqual(queryWords('!'), [])
})

test('a slug is words joined by hyphens', () => {
  const cases = tableRows(`
    text                 | slug
    Crème Brûlée, 2 pcs  | creme-brulee-2-pcs
    -- Lamp --           | lamp
    A/B                  | a-b
    Größe                | große
  `)
  for (const [text = '', expected] of cases) assert.equal(slugify(text), expected)
  assert.equal(slugify('!'), '')
})

test('a slug has at most a hundred characters, all whole, and does not end in a hyphen', () => {
  assert.equal(slugify(`${'a'.repeat(40)} `.repeat(5)).length, 100)
  assert.equal(slugify(`${'abcde '.repeat(16)}abc ${'d'.repeat(9)}`).at(-1), 'c')
  const astral = slugify(`a ${'𠮷'.repeat(40)} ${'𠮷'.repeat(40)} ${'𠮷'.repeat(40)}`)
  assert.ok(astral.isWellFormed(), astral)
  assert.equal([...astral].length, 100)
})

test('whatever the text, words and slugs can be stored and read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const slug = slugify(text)
      assert.ok(slug.isWellFormed())
      assert.doesNotMatch(slug, /^-|-$|--|\s/)
      for (const word of words(text)) assert.match(word, /^[\p{L}\p{N}]+$/u)
      assert.deepEqual(words(words(text).join(' ')), words(text))
    }),
  )
})
