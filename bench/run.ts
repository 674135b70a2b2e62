import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LoadClient } from './client/load.ts'
import { runOnDatabase } from './database/run.ts'
import { factsOf } from './data/facts.ts'
import { copyFolder, loadedFolder, type Progress } from './data/load.ts'
import { readSource, type Source } from './data/source.ts'
import { runLogins } from './logins.ts'
import { measure, type Bench, type Measurement } from './measure.ts'
import { help, OptionError, readOptions, type DatabaseOptions, type Options } from './options.ts'
import { conditionsOf, loadsOf, tableOf } from './report.ts'
import { rehearse } from './rehearse.ts'
import { differences } from './same-work.ts'
import type { ScenarioName } from './scenarios.ts'
import { startBare, startShop } from './servers.ts'

/** Progress goes to standard error, so that standard output holds the figures alone. */
const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Rewrites one line on a terminal; elsewhere a line now and then is enough. */
function progressLine(): Progress {
  let lastMs = 0
  return (text) => {
    const intervalMs = process.stderr.isTTY ? 100 : 5_000
    if (performance.now() - lastMs < intervalMs) return
    lastMs = performance.now()
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
  }
}

async function run(given: Options): Promise<void> {
  const source = readSource()
  if (given.logins) await runLogins(given, { source, say, progress: progressLine() })
  if (given.only.length === 0) return
  const options = { ...given, only: await sameWork(source, given.only) }
  const count = options.products
  say(`Loading ${count} products from ${source.name} …`)
  const loaded = await loadedFolder(source, { count, progress: progressLine() })
  const facts = factsOf(source, { folder: loaded, count })
  const work = mkdtempSync(join(tmpdir(), 'cartwright-bench-run-'))
  try {
    const folders = ['shop', 'bare'].map((name) => join(work, name)) as [string, string]
    say(`\nCopying ${loaded} for each server …`)
    for (const folder of folders) await copyFolder(loaded, folder)
    for (const folder of folders) await readThrough(join(folder, 'shop.db'))
    await using shop = await startShop(folders[0])
    await using bare = await startBare(folders[1])
    await using client = new LoadClient()
    const bench = { client, servers: [shop, bare], facts, options } as const
    await assertSameBytes(bench)
    report(options, { source: source.name, measurements: await measureAll(bench) })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function runDatabase(options: Options, database: DatabaseOptions): Promise<void> {
  const source = readSource()
  await runOnDatabase({ options, database, source, say, progress: progressLine() })
}

/** Has the system keep the file in memory, as for a shop that has run for a while. */
async function readThrough(file: string): Promise<void> {
  await pipeline(
    createReadStream(file),
    new Writable({ write: (_chunk, _encoding, done) => done() }),
  )
}

/** A ratio means something only if both sides do the same: what is not alike is not measured. */
async function sameWork(
  source: Source,
  names: readonly ScenarioName[],
): Promise<readonly ScenarioName[]> {
  const found = await rehearse(source, names)
  for (const [name, list] of found) {
    say(`"${name}" is left out, because bench/bare does something else than the shop:`)
    for (const difference of list.slice(0, 3)) say(`  ${difference}`)
  }
  if (found.size > 0) process.exitCode = 1
  return names.filter((name) => !found.has(name))
}

/** The same once more, by the real processes on the real data. */
async function assertSameBytes({ servers: [shop, bare], facts, options }: Bench): Promise<void> {
  for (const name of options.only) {
    const found = await differences({ shop: shop.port, bare: bare.port }, { name, facts })
    if (found.length > 0) throw new Error(`"${name}" differs:\n  ${found.join('\n  ')}`)
  }
  say('Both servers run the same statements and answer the same bytes.')
}

async function measureAll(bench: Bench): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const name of bench.options.only) {
    measurements.push(await measure(bench, name, (text) => say(text)))
  }
  return measurements
}

function report(
  options: Options,
  { source, measurements }: { source: string; measurements: readonly Measurement[] },
): void {
  const conditions = conditionsOf(options, source)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions, measurements }, undefined, 2)}\n`)
    return
  }
  const lines = [tableOf(measurements), '', ...conditions, loadsOf(measurements)]
  process.stdout.write(`\n${lines.join('\n')}\n`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else if (options.database) await runDatabase(options, options.database)
  else await run(options)
} catch (error) {
  const isUsage =
    error instanceof OptionError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(
    isUsage ? `${(error as Error).message}\n\n${help}` : `${String((error as Error).stack)}\n`,
  )
  process.exitCode = isUsage ? 2 : 1
}
