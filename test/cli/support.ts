import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import { openDatabase } from '../../src/db/open.ts'
import { makeFolder } from '../support/server-process.ts'

const program = join(import.meta.dirname, '../../src/cli/main.ts')

export interface Ran {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

/** A folder of a test's own, in which commands run. */
export interface Place extends AsyncDisposable {
  readonly folder: string
  path(name: string): string
  /** Runs `cartwright …` with nothing in its environment but what is given. */
  cli(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ran>
}

export async function makePlace(): Promise<Place> {
  const folder = await makeFolder('cli')
  return {
    folder,
    path: (name) => join(folder, name),
    async cli(args, environment = {}) {
      const env = { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data'), ...environment }
      const child = spawn(process.execPath, [program, ...args], { cwd: folder, env })
      const output = [text(child.stdout), text(child.stderr)] as const
      const [status] = (await once(child, 'close')) as [number | null]
      const [out, err] = await Promise.all(output)
      return { status, out, err }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export function assertRan({ status, out, err }: Ran, expected = 0): void {
  assert.equal(status, expected, `${out}${err}`)
}

/** Asserts a refusal that says why, without the stack of a mistake of ours. */
export function assertRefused(ran: Ran, status: number, why: RegExp): void {
  assertRan(ran, status)
  assert.match(ran.err, why)
  assert.doesNotMatch(ran.err, /\n\s+at /)
}

const isOurs = (name: string) => !/^(product_search|kysely_|sqlite_|migration_running$)/.test(name)

/** Every row of every table of a database, as sorted JSON. */
export async function contentsOf(url: string): Promise<Record<string, string[]>> {
  await using database = await openDatabase(url)
  const tables = await database.schema.introspection.getTables()
  const contents: Record<string, string[]> = {}
  for (const name of tables
    .map((table) => table.name)
    .filter(isOurs)
    .sort()) {
    const rows = await database.read
      .selectFrom(name as 'settings')
      .selectAll()
      .execute()
    contents[name] = rows.map(sortedJson).sort()
  }
  return contents
}

const sortedJson = (row: object) =>
  JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
