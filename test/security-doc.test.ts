import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')
const text = readFileSync(join(root, 'docs/security.md'), 'utf8')

/** `api/x.test.ts` is a test, `http/x.ts` is source; other paths begin at the root. */
function placeOf(path: string): string {
  if (/^(src|test|docs|scripts|reference)\//.test(path)) return path
  return join(path.endsWith('.test.ts') ? 'test' : 'src', path)
}

const named = [...text.matchAll(/`([\w./-]+\.(?:ts|txt))`((?:[,; ]*“[^”]+”)*)/g)].map(
  ([, path = '', quotes = '']) => ({
    place: placeOf(path),
    tests: [...quotes.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name),
  }),
)

/** Of each section: how many requirements there are, and which are of level 3 alone. */
const sections: Readonly<Record<string, readonly [count: number, ...level3: number[]]>> = {
  ...{ 1.1: [2], 1.2: [10, 10], 1.3: [12, 12], 1.4: [3], 1.5: [3, 3] },
  ...{ 2.1: [3], 2.2: [3], 2.3: [5, 5], 2.4: [2, 2] },
  ...{ 3.1: [1, 1], 3.2: [3, 3], 3.3: [5, 5], 3.4: [8, 7, 8], 3.5: [8, 6, 7, 8] },
  ...{ 3.6: [1, 1], 3.7: [5, 3, 4, 5] },
  ...{ 4.1: [5, 4, 5], 4.2: [5, 2, 3, 4, 5], 4.3: [2], 4.4: [4] },
  ...{ 5.1: [1], 5.2: [6, 4, 5, 6], 5.3: [3, 3], 5.4: [3] },
  ...{ 6.1: [3], 6.2: [12], 6.3: [8, 5, 6, 7, 8], 6.4: [6, 5, 6], 6.5: [8, 6, 7, 8] },
  ...{ 6.6: [4, 4], 6.7: [2, 1, 2], 6.8: [4] },
  ...{ 7.1: [3], 7.2: [4], 7.3: [2], 7.4: [5], 7.5: [3, 3], 7.6: [2] },
  ...{ 8.1: [4, 3, 4], 8.2: [4, 4], 8.3: [3, 2, 3], 8.4: [2, 2] },
  ...{ 9.1: [3], 9.2: [4] },
  ...{ '10.1': [2], 10.2: [3, 3], 10.3: [5, 5], 10.4: [16, 12, 13, 14, 15, 16] },
  ...{ 10.5: [5], 10.6: [2], 10.7: [3] },
  ...{ 11.1: [4, 3, 4], 11.2: [5, 4, 5], 11.3: [5, 4, 5], 11.4: [4], 11.5: [2, 2] },
  ...{ 11.6: [2, 2], 11.7: [2, 1, 2] },
  ...{ 12.1: [5, 4, 5], 12.2: [2], 12.3: [5, 5] },
  ...{ 13.1: [4, 2, 3, 4], 13.2: [6, 6], 13.3: [4, 3, 4], 13.4: [7, 6, 7] },
  ...{ 14.1: [2], 14.2: [8, 5, 6, 7, 8], 14.3: [3] },
  ...{ 15.1: [5, 4, 5], 15.2: [5, 4, 5], 15.3: [7], 15.4: [4, 1, 2, 3, 4] },
  ...{ 16.1: [1], 16.2: [5], 16.3: [4], 16.4: [3], 16.5: [4, 4] },
  ...{ 17.1: [2, 2], 17.2: [8, 5, 6, 7, 8], 17.3: [2] },
}

const wanted = Object.entries(sections).flatMap(([section, [count, ...level3]]) =>
  Array.from({ length: count }, (_, index) => index + 1)
    .filter((number) => !level3.includes(number))
    .map((number) => `${section}.${number}`),
)

/** The numbers at the beginning of a row, or of the line on a chapter; ranges count as theirs. */
function numbersOf(line: string): string[] {
  const [head = ''] = /^(?:\| )?[\d.,– ]+/.exec(line) ?? []
  return [...head.matchAll(/(\d+\.\d+\.\d+)(?:–(\d+\.\d+\.\d+))?/g)].flatMap(
    ([, first = '', last = first]) => {
      const from = wanted.indexOf(first)
      const to = wanted.indexOf(last)
      assert.ok(from >= 0 && to >= from, `${first}–${last} is not of level 1 or 2`)
      return wanted.slice(from, to + 1)
    },
  )
}

describe('docs/security.md', () => {
  test('names no file that is not there', () => {
    assert.ok(named.length > 200)
    const places = new Set(named.map(({ place }) => place))
    assert.deepEqual(
      [...places].filter((place) => !existsSync(join(root, place))),
      [],
    )
  })

  test('names no test that is not there', () => {
    const missing = named.flatMap(({ place, tests }) => {
      const source = existsSync(join(root, place)) ? readFileSync(join(root, place), 'utf8') : ''
      return tests.filter((name) => !source.includes(name)).map((name) => `${place}: ${name}`)
    })
    assert.deepEqual(missing, [])
  })

  test('has a row for each requirement of levels 1 and 2', () => {
    assert.equal(wanted.length, 253)
    const walk = text.slice(text.indexOf('## The walk'))
    const rows = walk.split('\n').flatMap(numbersOf)
    assert.deepEqual(rows.toSorted(), wanted.toSorted())
  })

  test('lists what is not met before it is read', () => {
    const [page = '', walk = ''] = text.split('## The walk')
    const missing = page.slice(page.indexOf('## What is missing'))
    for (const line of walk.split('\n').filter((row) => /\*\*(NOT MET|in part)/.test(row))) {
      if (!line.startsWith('| ')) continue
      for (const number of numbersOf(line)) assert.ok(missing.includes(number), number)
    }
  })

  test('has links that lead somewhere', () => {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert.ok(existsSync(join(root, 'docs', target)), target)
    }
  })
})
