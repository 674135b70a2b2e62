import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoadClient } from '../client/load.ts'
import { factsOf } from '../data/facts.ts'
import { loadedFolder, type Progress } from '../data/load.ts'
import type { Source } from '../data/source.ts'
import type { DatabaseOptions, Options } from '../options.ts'
import { scenarios, sessionsPerConnection, type Facts, type ScenarioName } from '../scenarios.ts'
import { startShop } from '../servers.ts'
import type { Baseline } from './baseline.ts'
import { assertAudit, assertGrowth, countRows, growth, type Counts } from './check.ts'
import { limitsOf } from './context.ts'
import { fillDatabases, type Databases } from './databases.ts'
import { Loop } from './loop.ts'
import { measureSides, type Sides } from './measure.ts'
import { hasPgbench, openPgbench } from './pgbench.ts'
import { costOf, isBuying, RecordingShop, type Guest, type Recorded } from './record.ts'
import {
  conditionLines,
  costTable,
  figuresTable,
  othersLine,
  type DatabaseMeasurement,
  type RequestCost,
} from './report.ts'
import { scriptOf, type Script } from './script.ts'
import { openServer, type DatabaseServer } from './server.ts'

/** Both sides buy these, so that they meet at the same rows as often. */
const articleCount = 256

export interface DatabaseRun {
  readonly options: Options
  readonly database: DatabaseOptions
  readonly source: Source
  readonly say: (text: string) => void
  readonly progress: Progress
}

/** Everything that one run works with. */
interface Bench extends DatabaseRun {
  readonly server: DatabaseServer
  readonly databases: Databases
  readonly facts: Facts
  readonly folder: string
}

/** Measures the shop on a database server against the same SQL without the shop. */
export async function runOnDatabase(run: DatabaseRun): Promise<void> {
  const { options, database, source, say, progress } = run
  const count = options.products
  say(`Loading ${count} products from ${source.name} …`)
  const loaded = await loadedFolder(source, { count, progress })
  const facts = factsOf(source, { folder: loaded, count })
  const folder = mkdtempSync(join(tmpdir(), 'cartwright-bench-run-'))
  try {
    await using server = await openServer(database)
    say(`\nCopying them into two databases on ${server.version} …`)
    const sqliteFile = join(loaded, 'shop.db')
    await using databases = await fillDatabases(server, { sqliteFile, progress })
    const articles = facts.articles.slice(0, articleCount)
    await measureAll({ ...run, server, databases, folder, facts: { ...facts, articles } })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAll(bench: Bench): Promise<void> {
  const { server, databases, options, say } = bench
  const urls = { shop: server.urlOf(databases.shop), baseline: server.urlOf(databases.baseline) }
  const costs = await requestCosts(bench)
  const measurements: DatabaseMeasurement[] = []
  let baselineName = ''
  {
    await using shop = await startShop(bench.folder, { DATABASE_URL: urls.shop })
    await using client = new LoadClient()
    for (const name of options.only) {
      say(`${name}: recording ${articleCount} operations …`)
      const recorded = await recordAll(bench, name)
      await using baseline = await openBaseline(bench, { name, script: recorded.script })
      baselineName = baseline.name
      const sides = { client, shop, baseline, facts: bench.facts, databaseCpuMs: server.cpuMs }
      measurements.push(await measureOne(bench, { name, recorded, sides }))
    }
  }
  await assertAudit(urls.shop, 'the shop')
  await assertAudit(urls.baseline, 'the baseline')
  say('Both sides left behind what they should, and both audits found nothing.')
  report(bench, { costs, measurements, baselineName })
}

/** Requests that are not all measured here, but of which it is told what they ask. */
const showcase = ['detail', 'first', 'add', 'manual', 'test'] as const

async function requestCosts(bench: Bench): Promise<RequestCost[]> {
  await using shop = await openRecording(bench)
  const costs: RequestCost[] = []
  for (const name of showcase) {
    // The first one finds connections and caches as they are after a start.
    await shop.record(await shop.prepare(name, 0))
    const { requests } = await shop.record(await shop.prepare(name, 1))
    for (const request of requests) {
      const [path = ''] = request.name.split('?')
      const which = name === 'manual' || name === 'test' ? `, ${name} payment` : ''
      const what = name === 'add' ? ', to a cart of five lines' : which
      costs.push({ request: `${path}${what}`, ...costOf(request.steps) })
    }
  }
  return costs
}

function openRecording({ server, databases, facts }: Bench): Promise<RecordingShop> {
  const { kind } = server
  return RecordingShop.open({ kind, url: server.urlOf(databases.baseline) }, facts)
}

interface RecordedScenario {
  readonly script: Script
  readonly statements: number
  /** What all recorded operations together left behind. */
  readonly grown: Counts
}

async function recordAll(bench: Bench, name: ScenarioName): Promise<RecordedScenario> {
  const { server, databases } = bench
  await using shop = await openRecording(bench)
  // Opens the connection and fills what the shop remembers.
  await shop.record(await shop.prepare(name, articleCount))
  const each = name === 'add' ? sessionsPerConnection : 1
  const guests: Guest[] = []
  for (let index = 0; index < articleCount / each; index++) {
    guests.push(await shop.prepare(name, index))
  }
  const before = await countRows(server, databases.baseline)
  const recorded: Recorded[] = []
  for (const guest of guests) {
    for (let turn = 0; turn < each; turn++) recorded.push(await shop.record(guest))
  }
  const grown = growth(before, await countRows(server, databases.baseline))
  const { statements } = costOf(recorded[0]?.steps ?? [])
  return { script: scriptOf(recorded), statements, grown }
}

async function openBaseline(
  { server, databases, database, folder }: Bench,
  { name, script }: { name: ScenarioName; script: Script },
): Promise<Baseline> {
  const { kind } = server
  const url = server.urlOf(databases.baseline)
  const limits = limitsOf(url)
  const connectionCount = limits.poolSize
  // Connections of the shop's client have carts of their own, and articles in common.
  const shares = name === 'add' ? connectionCount : 1
  const work = { target: { kind, url, limits }, connectionCount, script, shares }
  if (kind !== 'postgres' || database.baseline === 'loop') return new Loop(work)
  if (hasPgbench()) return openPgbench({ ...work, folder: join(folder, name) })
  if (database.baseline === undefined) return new Loop(work)
  throw new Error('pgbench is not on PATH: install it, or say --baseline loop')
}

async function measureOne(
  bench: Bench,
  { name, recorded, sides }: { name: ScenarioName; recorded: RecordedScenario; sides: Sides },
): Promise<DatabaseMeasurement> {
  const { server, databases, options, say } = bench
  const before = await countRows(server, databases.baseline)
  const { seconds, rounds, connections } = options
  const plan = { name, seconds, rounds, connections, progress: say }
  const figures = await measureSides(sides, plan)
  assertGrowth(growth(before, await countRows(server, databases.baseline)), {
    recorded: recorded.grown,
    operations: articleCount,
    completed: figures.baselineCompleted,
  })
  const { label } = scenarios[name]
  const ratioMin = isBuying(name) ? 0.5 : undefined
  return { ...figures, name, label, ratioMin, statements: recorded.statements }
}

interface Report {
  readonly costs: readonly RequestCost[]
  readonly measurements: readonly DatabaseMeasurement[]
  readonly baselineName: string
}

function report(bench: Bench, { costs, measurements, baselineName }: Report): void {
  const { options, server, source, facts } = bench
  const conditions = conditionLines({
    ...options,
    source: source.name,
    server,
    poolSize: limitsOf(server.urlOf(bench.databases.shop)).poolSize,
    articles: facts.articles.length,
    baseline: baselineName,
  })
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions, costs, measurements }, undefined, 2)}\n`)
    return
  }
  const lines = [costTable(costs), '', figuresTable(measurements), '', ...conditions]
  process.stdout.write(`\n${[...lines, othersLine(measurements)].join('\n')}\n`)
}
