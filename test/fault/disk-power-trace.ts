import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** What a process did that matters when the power fails, in order. */
export type TraceEvent =
  | { readonly kind: 'write'; readonly path: string; readonly data: Buffer; readonly at: number }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  /** Resolved: what was written to the file before is on the disk. */
  | { readonly kind: 'sync'; readonly path: string }
  /** Said to somebody outside. */
  | { readonly kind: 'send'; readonly text: string }

/** What strace has to be told so that `readTrace` finds all of it. */
export function straceArguments(output: string): string[] {
  const calls = 'pwrite64,fsync,fdatasync,ftruncate,write,writev,pwritev,pwritev2'
  const format = ['-f', '-y', '-xx', '-s', '200000', '-qq', '-e', 'signal=none']
  return [...format, '-e', `trace=${calls}`, '-o', output]
}

const unfinished = / <unfinished \.\.\.>$/
const resumed = /^<\.\.\. \w+ resumed>/

/** Reads what strace has written; a call that another thread interrupted is put together again. */
export async function* readTrace(file: string): AsyncGenerator<TraceEvent> {
  const open = new Map<string, string>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [, thread = '', text = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    if (unfinished.test(text)) {
      open.set(thread, text.replace(unfinished, ''))
      continue
    }
    const call = resumed.test(text) ? `${open.get(thread)}${text.replace(resumed, '')}` : text
    const event = eventOf(call)
    if (event) yield event
  }
}

function eventOf(call: string): TraceEvent | undefined {
  const [, name = '', target = '', rest = ''] =
    /^(\w+)\(\d+<((?:\\x..|[^>])*)>(.*)$/.exec(call) ?? []
  const path = unescape(target).toString()
  if (!/\/shop\.db(-wal)?$/.test(path)) return sendOf({ name, path, rest })
  assert.doesNotMatch(call, /= -1 E/, call.slice(-200))
  switch (name) {
    case 'pwrite64':
      return {
        kind: 'write',
        path,
        data: strings(rest),
        at: Number(/, (\d+)\) += /.exec(rest)?.[1]),
      }
    case 'ftruncate':
      return { kind: 'truncate', path, size: Number(/^, (\d+)\)/.exec(rest)?.[1]) }
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path }
    default:
      throw new Error(`nobody thought of ${name} on ${path}`)
  }
}

function sendOf({ name, path, rest }: { name: string; path: string; rest: string }) {
  const isSocket = /^(socket|TCP)/.test(path) && name.startsWith('write')
  return isSocket ? ({ kind: 'send', text: strings(rest).toString() } as const) : undefined
}

/** All strings of a call, one after the other. */
function strings(text: string): Buffer {
  const found = [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.{3})?/g)]
  for (const [, , cut] of found) assert.equal(cut, undefined, 'strace has cut a string short')
  return Buffer.concat(found.map(([, escaped = '']) => unescape(escaped)))
}

function unescape(text: string): Buffer {
  return text.startsWith('\\x') ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text)
}
