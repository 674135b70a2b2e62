import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { builtInStrings } from './strings.ts'

/**
 * The whole collections are not part of the project; without them a small list takes their place.
 */
const folder = join(import.meta.dirname, '../../../shared/data/bad-input')

function linesOf<T>(file: string): T[] | undefined {
  const path = join(folder, file)
  if (!existsSync(path)) return undefined
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .flatMap(parsed<T>)
}

/** Strings with line separators are torn in the file: 4 of its 3,472 lines are left out. */
function parsed<T>(line: string): T[] {
  try {
    return [JSON.parse(line) as T]
  } catch {
    return []
  }
}

/** Strings that have broken other people's software: injections, encodings, control characters. */
export const hostileStrings: readonly string[] = [
  ...builtInStrings,
  ...(linesOf<{ value: string }>('strings.jsonl.gz')?.map(({ value }) => value) ?? []),
]

const isAllWanted = process.env['HOSTILE_STRINGS'] === 'all'

/**
 * Our own and a part of the others, because a test run has an end: enough where another database
 * than the first is tried. HOSTILE_STRINGS=all tries them all everywhere.
 */
export const someStrings: readonly string[] = hostileStrings.filter(
  (_, index) => isAllWanted || index < builtInStrings.length || index % 12 === 0,
)

export interface JsonCase {
  readonly name: string
  /** What RFC 8259 says; `either` and `observe` leave it to the parser. */
  readonly expect: 'accept' | 'reject' | 'either' | 'observe'
  readonly bytes: Buffer
}

const builtInCases: readonly JsonCase[] = [
  ['unclosed object', 'reject', '{"quantity":1'],
  ['trailing comma', 'reject', '{"quantity":1,}'],
  ['single quotes', 'reject', "{'quantity':1}"],
  ['two values', 'reject', '{}{}'],
  ['NaN', 'reject', '{"quantity":NaN}'],
  ['hexadecimal number', 'reject', '{"quantity":0x10}'],
  ['leading zero', 'reject', '{"quantity":01}'],
  ['raw newline in a string', 'reject', '{"a":"\n"}'],
  ['nothing', 'reject', ''],
  ['null', 'accept', 'null'],
  ['a number', 'accept', '1e400'],
  ['an array', 'accept', '[]'],
  ['a lone surrogate', 'either', '["\\ud800"]'],
].map(([name = '', expect = 'reject', text = '']) => ({
  name,
  expect: expect as JsonCase['expect'],
  bytes: Buffer.from(text),
}))

interface StoredCase {
  readonly name: string
  readonly expect: JsonCase['expect']
  readonly base64: string
}

/** Bodies that are almost JSON, and JSON that is almost too much. */
export const jsonCases: readonly JsonCase[] =
  linesOf<StoredCase>('json-parsing.jsonl.gz')?.map(({ name, expect, base64 }) => ({
    name,
    expect,
    bytes: Buffer.from(base64, 'base64'),
  })) ?? builtInCases
