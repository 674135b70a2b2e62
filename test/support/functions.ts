export interface FunctionSize {
  /** `file:line` where it starts. */
  readonly name: string
  readonly lines: number
  readonly parameters: number
}

const word = '(?:export |default |async )*'
const named = String.raw`function\*? ?\w*|(?:const|let) \w+ = (?:async )?\(`
const member = String.raw`(?:(?:static|async|get|set|private|readonly) )*#?\w+\(`
const start = new RegExp(String.raw`^(?<indent>\s*)${word}(?:${named}|${member})`)

/**
 * The functions of a formatted source file, by its indentation: a body ends at the first line that
 * closes at the indentation of its head. Good enough because prettier lays every file out alike.
 */
export function functionsOf(path: string, text: string): FunctionSize[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const indent = start.exec(line)?.groups?.['indent']
    if (indent === undefined || !opensFunction(lines, index)) return []
    const close = new RegExp(`^${indent}[})]`)
    const length =
      lines
        .slice(index + 1)
        .findIndex((next) => close.test(next) && !/^\s*\)?.*(=>|\{)\s*$/.test(next)) + 2
    return [{ name: `${path}:${index + 1}`, lines: length, parameters: parametersOf(lines, index) }]
  })
}

/** Calls look like methods until the line that ends their head: a function's opens a body. */
function opensFunction(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? ''
  if (/^\s*(if|for|while|switch|return|await|throw|else|catch|super|test|describe)\b/.test(line))
    return false
  const head = headOf(lines, index)
  return /(\)|>|\w)(: [^=]+)? \{$/.test(head) || /=> [{(]?$/.test(head)
}

function headOf(lines: readonly string[], index: number): string {
  let depth = 0
  let head = ''
  for (const line of lines.slice(index, index + 30)) {
    head += line.trim()
    for (const character of line) {
      if (character === '(') depth += 1
      if (character === ')') depth -= 1
    }
    if (depth <= 0) break
    head += ' '
  }
  return head
}

function parametersOf(lines: readonly string[], index: number): number {
  const head = headOf(lines, index)
  const open = head.indexOf('(')
  let depth = 0
  let count = 0
  let seen = false
  for (const character of head.slice(open)) {
    if ('([{<'.includes(character)) depth += 1
    else if (')]}'.includes(character)) depth -= 1
    if (depth === 0) break
    if (depth === 1 && character === ',') count += 1
    else if (depth === 1 && /\w/.test(character)) seen = true
    else if (depth > 1) seen = true
  }
  return seen ? count + (/,\s*\)/.test(head) ? 0 : 1) : 0
}
