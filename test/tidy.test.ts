import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { describe, test } from 'node:test'
import { functionsOf, type FunctionSize } from './support/functions.ts'

const root = join(import.meta.dirname, '..')

interface Source {
  readonly path: string
  readonly text: string
  readonly lines: readonly string[]
}

function sourcesIn(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => {
        const text = readFileSync(join(root, folder, name), 'utf8')
        const path = relative(root, join(root, folder, name))
          .split(sep)
          .join('/')
        return { path, text, lines: text.split('\n') }
      }),
  )
}

const all = sourcesIn('src', 'test', 'scripts', 'bench')
const isTest = ({ path }: Source): boolean => path.startsWith('test/') || path.endsWith('.test.ts')
const product = all.filter((source) => source.path.startsWith('src/') && !isTest(source))

/** The places of a pattern, as `file:line`. */
function places(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  )
}

/** What exceeds a limit today. The lists may only shrink: an entry that fits again must go. */
const exceptions = {
  longFiles: ['src/domains/catalog/picture-icons.ts'],
  longFunctions: [] as string[],
  longLines: ['src/core/currencies.ts', 'src/domains/catalog/picture-icons.ts'],
}

function assertOnly(found: readonly string[], allowed: readonly string[]): void {
  assert.deepEqual([...new Set(found)].toSorted(), [...allowed].toSorted())
}

describe('size', () => {
  test('no file is longer than 500 lines', () => {
    const long = all.filter(({ lines }) => lines.length > 501).map(({ path }) => path)
    assert.deepEqual(
      long.filter((path) => !exceptions.longFiles.includes(path)),
      [],
    )
  })

  test('no line is longer than 100 columns, but for sentences in tests and tools', () => {
    const isSentence = (line: string): boolean => /['`]/.test(line)
    const found = all.flatMap((source) =>
      source.lines.flatMap((line, index) => {
        const mayBeLong = !product.includes(source) && isSentence(line)
        return line.length > 100 && !mayBeLong ? [`${source.path}:${index + 1}`] : []
      }),
    )
    const files = new Set(exceptions.longLines)
    assert.deepEqual(
      found.filter((place) => !files.has(place.split(':')[0] ?? '')),
      [],
    )
  })

  test('no function is longer than 70 lines, and half of them are at most 10', () => {
    const sizes = product.flatMap(({ path, text }) => functionsOf(path, text))
    assertOnly(
      sizes.filter(({ lines }) => lines > 70).map(({ name }) => name),
      exceptions.longFunctions,
    )
    const ordered = sizes.map(({ lines }: FunctionSize) => lines).toSorted((a, b) => a - b)
    assert.ok((ordered[Math.floor(ordered.length / 2)] ?? 0) <= 10)
    assert.ok((ordered[Math.floor(ordered.length * 0.9)] ?? 0) <= 40)
  })

  test('no function takes more than three positional parameters', () => {
    const sizes = product.flatMap(({ path, text }) => functionsOf(path, text))
    assertOnly(
      sizes.filter(({ parameters }) => parameters > 3).map(({ name }) => name),
      [],
    )
  })
})

/** Whether what a line of a file imports lies in src/core/. */
function isInside(path: string, line: string): boolean {
  const target = /from '(\.[^']*)'/.exec(line)?.[1]
  if (target === undefined) return false
  return join(path, '..', target).split(sep).join('/').startsWith('src/core/')
}

describe('layers', () => {
  const importing = (pattern: RegExp) =>
    new RegExp(`^(import|export) .*from '${pattern.source}'|^} from '${pattern.source}'`)

  test('the core is pure: no await, clock, chance, environment or import from outside', () => {
    const core = product.filter(({ path }) => path.startsWith('src/core/'))
    const impure =
      /\bawait\b|Date\.now|new Date|Math\.random|process\.|randomUUID|setTimeout|\bIntl\b/
    const comment = /^\s*(\*|\/\/|\/\*)/
    const found = places(core, impure).filter((place) => {
      const [path = '', line = '1'] = place.split(':')
      const source = core.find((candidate) => candidate.path === path)
      return !comment.test(source?.lines[Number(line) - 1] ?? '')
    })
    assert.deepEqual(
      found.filter((place) => !place.startsWith('src/core/testing.ts')),
      [],
    )
    const outside = product
      .filter(({ path }) => path.startsWith('src/core/') && path !== 'src/core/testing.ts')
      .flatMap(({ path, lines }) =>
        lines.filter((line) => /from '/.test(line) && !isInside(path, line)).map(() => path),
      )
    assert.deepEqual(outside, [])
  })

  test('only the configuration and the command line read the environment', () => {
    const others = product.filter(({ path }) => !/^src\/(config|cli)\//.test(path))
    assert.deepEqual(places(others, /process\.env/), [])
  })

  test('only routes, doors, http and app.ts know Fastify', () => {
    const others = product.filter(
      ({ path }) =>
        !/^src\/(http|doors)\//.test(path) && !/routes\.ts$/.test(path) && path !== 'src/app.ts',
    )
    assert.deepEqual(places(others, importing(/(fastify|@fastify\/[^']+)/)), [])
  })

  test('SQL stands in queries.ts files and in db/ alone', () => {
    const others = product.filter(
      ({ path }) => !path.startsWith('src/db/') && !/queries\.ts$/.test(path),
    )
    assert.deepEqual(
      places(others, /\bsql`|\.(selectFrom|insertInto|updateTable|deleteFrom)\(/),
      [],
    )
  })

  test('nothing is put into SQL text but by a parameter', () => {
    assert.deepEqual(
      places(
        product.filter(({ path }) => !/^src\/db\/(dialect|migrations)\//.test(path)),
        /sql\.(raw|lit)\(/,
      ),
      [],
    )
  })

  test('a domain never reaches into the queries of another', () => {
    const found = product
      .filter(({ path }) => path.startsWith('src/domains/'))
      .flatMap(({ path, lines }) =>
        lines
          .filter((line) => /from '\.\.\/[a-z]+\/[a-z-]*queries\.ts'/.test(line))
          .map((line) => `${path}: ${line}`),
      )
    assert.deepEqual(found, [])
  })

  test('only db/dialect asks which database it is', () => {
    const others = product.filter(({ path }) => !path.startsWith('src/db/dialect/'))
    assert.deepEqual(
      places(others, /dialect\.name\s*[!=]==|['"](sqlite|mysql|postgres)['"]\s*===/),
      [],
    )
  })

  test('only drivers call out over the network', () => {
    const others = product.filter(({ path }) => !/^src\/(drivers|db\/dialect)\//.test(path))
    assert.deepEqual(places(others, /\bfetch\(|from 'node:(https|net|tls)'|from 'undici'/), [])
  })
})

describe('words', () => {
  test('there is no any, no silenced error and no unfinished business', () => {
    const banned =
      /\bas any\b|: any\b|<any>|@ts-ignore|@ts-expect-error|\bTODO\b|\bFIXME\b|\.only\(/
    const sources = all.filter(({ path }) => path !== 'test/tidy.test.ts')
    assert.deepEqual(
      places(sources, banned).filter((place) => !place.startsWith('test/support/shop.ts')),
      [],
    )
  })

  test('numbers and money never get a default by ||', () => {
    assert.deepEqual(places(product, /\|\| (0|1|\d+n?)\b/), [])
  })

  test('no file names a path of a machine', () => {
    const sources = all.filter(({ path }) => path !== 'test/tidy.test.ts')
    assert.deepEqual(places(sources, /(^|[^\w.])\/(work|home|root)\/\w/), [])
  })
})
