import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { queryWords, words } from '../../src/core/words.ts'
import type { Database } from '../../src/db/database.ts'
import { forEachDatabase } from '../support/databases.ts'

interface Text {
  readonly name: string
  readonly body: string
}

const shelf: readonly Text[] = [
  { name: 'Red running shoe', body: 'A light shoe for the road, size 42' },
  { name: 'Blue shoe', body: 'Not red at all; comes with red laces' },
  { name: 'The and of a', body: 'it is to be or not' },
  { name: 'Crème brûlée', body: 'ÉCLAIR, Straße, Ærø and Łódź' },
  { name: '漢字の本', body: '東京 で 買う 𠮷野家' },
  { name: 'Книга', body: 'о вкусной и здоровой пище' },
  { name: 'كتاب', body: 'العربية' },
  { name: '한국어 책', body: '서울' },
  { name: 'USB-C 3.2 cable', body: '1.5 m, C++ (not C#), e-mail@example.com, 5,000 mAh' },
  { name: 'X', body: 'Q 7 z' },
  { name: 'ߊߋߌ ࠀࠁ', body: 'letters that are younger than some tables: ꬰ 𐐨' },
  { name: 'Shoehorn', body: '' },
  { name: `${'a'.repeat(60)} ${'漢'.repeat(60)}`, body: 'very long words' },
  { name: 'O\'Reilly\'s + -minus ~tilde *star "quoted" (bracket)', body: "< > @ & | ! : ' \\ %" },
]

/** What is asked, and the positions on the shelf of what is found: anywhere, and in names alone. */
const cases: readonly (readonly [string, number[], number[]])[] = [
  ['shoe', [0, 1, 11], [0, 1, 11]],
  ['sho', [0, 1, 11], [0, 1, 11]],
  ['hoe', [], []],
  ['red', [0, 1], [0]],
  ['red shoe', [0, 1], [0]],
  ['SHOE Red', [0, 1], [0]],
  ['laces shoe', [1], []],
  ['red horn', [], []],
  ['the', [0, 2], [2]],
  ['a', [0, 1, 2, 3, 10, 12], [2, 12]],
  ['of a', [2], [2]],
  ['to be or not', [2], []],
  ['creme brulee', [3], [3]],
  ['Crème', [3], [3]],
  ['eclair', [3], []],
  ['strasse', [], []],
  ['straße', [3], []],
  ['lodz', [], []],
  ['łódź', [3], []],
  ['ærø', [3], []],
  ['漢字', [4], [4]],
  ['漢', [4, 12], [4, 12]],
  ['字', [], []],
  ['東京 買', [4], []],
  ['𠮷', [4], []],
  ['книга пище', [5], []],
  ['вкус', [5], []],
  ['كتا', [6], [6]],
  ['한국', [7], [7]],
  ['ㅎ', [7], [7]],
  ['usb', [8], [8]],
  ['usb-c', [8], [8]],
  ['3.2', [8], [8]],
  ['3 2 1 5', [8], []],
  ['c++', [1, 3, 8], [3, 8]],
  ['e-mail', [8], []],
  ['example com', [8], []],
  ['5,000', [8], []],
  ['x', [9], [9]],
  ['q', [9, 13], [13]],
  ['7 z', [9], []],
  ['ߊߋ', [10], [10]],
  ['ࠀ', [10], [10]],
  ['ꬰ 𐐨', [10], []],
  ['a'.repeat(40), [12], [12]],
  ['a'.repeat(41), [12], [12]],
  [`${'a'.repeat(39)}b`, [], []],
  ['漢'.repeat(40), [12], [12]],
  [`${'漢'.repeat(39)}字`, [], []],
  ['o reilly', [13], [13]],
  ["o'reilly", [13], [13]],
  ['+quoted -star', [13], [13]],
  ['"red shoe"', [0, 1], [0]],
  ['qz', [], []],
  ['qzred', [], []],
  ['shoe AND red', [], []],
  ['shoe OR', [], []],
]

forEachDatabase((_name, openFresh) => {
  test('a query finds what has all its words, wherever they stand', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await save(database, shelf)
    for (const [query, anywhere, inNames] of cases) {
      assert.deepEqual(await find(database, query), { anywhere, inNames }, query)
      assert.deepEqual(scan(shelf, query), { anywhere, inNames }, query)
    }
  })

  test('saving again replaces the words, and removing takes them away', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    await save(database, shelf.slice(0, 2))
    await save(database, [{ name: 'Green hat', body: '' }])
    assert.deepEqual(await find(database, 'red'), { anywhere: [1], inNames: [] })
    assert.deepEqual(await find(database, 'green'), { anywhere: [0], inNames: [0] })
    await database.transaction((tx) => tx.dialect.search.remove(tx, 1))
    assert.deepEqual(await find(database, 'green'), { anywhere: [], inNames: [] })
    assert.deepEqual(await find(database, 'shoe'), { anywhere: [1], inNames: [1] })
  })

  test('what is rolled back is not found', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const failing = database.transaction(async (tx) => {
      await tx.dialect.search.saveAll(tx, jsonOf(shelf))
      throw new Error('changed my mind')
    })
    await assert.rejects(failing, /changed my mind/)
    assert.deepEqual(await find(database, 'red'), { anywhere: [], inNames: [] })
  })

  test('random texts are found as a scan of their words finds them', async () => {
    await using fresh = await openFresh()
    const { database } = fresh
    const letters = fc.constantFrom('a', 'b', 'é', '漢', '字', 'ж', '7', '𠮷', 'ߊ', 'ß')
    const word = fc.string({ unit: letters, minLength: 1, maxLength: 4 })
    const text = fc.array(word, { maxLength: 6 }).map((list) => list.join(' '))
    const texts = fc.sample(fc.record({ name: text, body: text }), { seed: 42, numRuns: 200 })
    const queries = fc.sample(fc.array(word, { minLength: 1, maxLength: 3 }), {
      seed: 43,
      numRuns: 150,
    })
    await save(database, texts)
    for (const query of queries.map((list) => list.join(' '))) {
      assert.deepEqual(await find(database, query), scan(texts, query), query)
    }
  })
})

function jsonOf(texts: readonly Text[]): string {
  const indexed = texts.map(({ name, body }, index) => ({
    number: index + 1,
    name: words(name).join(' '),
    body: words(body).join(' '),
  }))
  return JSON.stringify(indexed)
}

async function save(database: Database, texts: readonly Text[]): Promise<void> {
  await database.transaction((tx) => tx.dialect.search.saveAll(tx, jsonOf(texts)))
}

interface Found {
  readonly anywhere: number[]
  readonly inNames: number[]
}

async function find({ read }: Database, query: string): Promise<Found> {
  const { search } = read.dialect
  const asked = queryWords(query)
  const positions = async (matches: ReturnType<typeof search.matches>) => {
    const { rows } = await sql<{ product_number: number }>`
      select product_number from ${matches} found order by product_number`.execute(read)
    return rows.map(({ product_number }) => product_number - 1)
  }
  const text = sql<string>`${search.matchText(asked)}`
  const anywhere = await positions(search.matches(text))
  if (search.matchesOnTheWay) {
    assert.deepEqual(await positions(search.matchesOnTheWay(text)), anywhere)
  }
  return {
    anywhere,
    inNames: await positions(search.matchesName(sql`${search.matchNameText(asked)}`)),
  }
}

/** The definition of the search, slow and obvious. */
function scan(texts: readonly Text[], query: string): Found {
  const asked = queryWords(query)
  const has = (text: string) =>
    asked.every((word) => words(text).some((known) => known.startsWith(word)))
  const positions = (textOf: (text: Text) => string) =>
    texts.flatMap((text, index) => (has(textOf(text)) ? [index] : []))
  return {
    anywhere: positions(({ name, body }) => `${name} ${body}`),
    inNames: positions(({ name }) => name),
  }
}
