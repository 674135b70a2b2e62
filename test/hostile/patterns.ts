import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Pattern {
  /** File and line, or where in the document. */
  readonly where: string
  readonly source: string
  readonly flags: string
}

const root = join(import.meta.dirname, '..', '..')

/** Every regular expression that is written down in the source. */
export function patternsOfSource(): Pattern[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => literalsOf(join('src', name)))
}

/** What a regular expression comes after, and a division does not. */
const before = /(?:^|[(,=:[!&|?{;]|=>|\breturn)\s*$/
/** Comments and texts, so that what looks like an expression in them is none. */
const skipped =
  /^(?:\/\/[^\n]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/
const literal = /^\/((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/

function literalsOf(path: string): Pattern[] {
  const text = readFileSync(join(root, path), 'utf8')
  const found: Pattern[] = []
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 2_000)
    const passed = skipped.exec(rest)
    const match =
      passed || !before.test(text.slice(Math.max(0, at - 40), at)) ? null : literal.exec(rest)
    if (match) {
      const [, source = '', flags = ''] = match
      found.push({ where: `${path}:${text.slice(0, at).split('\n').length}`, source, flags })
    }
    at += (passed ?? match)?.[0].length ?? 1
  }
  return found
}

interface Node {
  readonly pattern?: unknown
}

/** Every `pattern` of a schema in the OpenAPI document, as Ajv compiles it. */
export function patternsOfDocument(document: unknown, where = '#'): Pattern[] {
  if (typeof document !== 'object' || document === null) return []
  const { pattern } = document as Node
  const own = typeof pattern === 'string' ? [{ where, source: pattern, flags: 'u' }] : []
  const children = Object.entries(document).flatMap(([key, child]) =>
    patternsOfDocument(child, `${where}/${key}`),
  )
  return [...own, ...children]
}

/**
 * Texts that make a careless expression go back over them again and again: one or two signs many
 * times, before and after something that fits nothing. The signs are those the expression names,
 * and some of each kind.
 */
export function* hostileTexts({ source }: Pattern, length: number): Generator<string> {
  const named = [...source.replace(/\\./g, '')].filter((sign) => !'()[]{}|*+?^$'.includes(sign))
  const signs = [...new Set([...named, ...'a0A-._ \t\n@/"\\,+=:;<%é😀'])]
  for (const sign of signs) {
    const many = sign.repeat(Math.ceil(length / sign.length))
    for (const [start, end] of [
      ['', ''],
      ['', '\u0001'],
      ['\u0001', '\u0001'],
      ['a', '!'],
      ['0.', '!'],
      ['"', '!'],
      ['<', '!'],
      ['a@', '!'],
    ] as const) {
      yield start + many + end
    }
  }
  for (const pair of [
    'a.',
    'a-',
    'a@',
    ' a',
    '0,',
    ', ',
    'a\n',
    '""',
    "\\'",
    '--',
    '::',
    '%2',
    '<a',
  ])
    yield `${pair.repeat(length / 2)}\u0001`
}
