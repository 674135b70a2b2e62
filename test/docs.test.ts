import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { generatedPages } from '../scripts/docs/write.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('documentation', () => {
  test('what is made from the source says what the source says', async () => {
    for (const [path, text] of Object.entries(await generatedPages())) {
      assert.equal(read(path), text, `${path} is out of date: run "npm run docs"`)
    }
  })

  test('the README is under 150 lines', () => {
    assert.ok(read('README.md').split('\n').length < 150)
  })

  test('every local link in the documents leads somewhere', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'STYLE.md', 'CONTRIBUTING.md']
    for (const page of pages) {
      for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        assert.ok(existsSync(join(root, target)), `${page} links to ${target}`)
      }
    }
  })

  test('every npm script named in the documents exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const known = new Set([...Object.keys(scripts), 'install', 'ci'])
    for (const page of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md']) {
      for (const [, name = ''] of read(page).matchAll(/npm run ([a-z]+)/g)) {
        assert.ok(known.has(name), `${page} names npm run ${name}`)
      }
    }
  })
})
