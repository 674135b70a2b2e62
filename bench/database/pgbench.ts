import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import { readAddress } from '../../src/db/dialect/address.ts'
import { processCpuMs } from '../usage.ts'
import type { Baseline, BaselineResult } from './baseline.ts'
import { postgresOptions, type Target } from './loop-connections.ts'
import { pgbenchScript, variantTable, type PgbenchScript } from './pgbench-script.ts'
import type { Script } from './script.ts'

export function hasPgbench(): boolean {
  return spawnSync('pgbench', ['--version']).status === 0
}

export interface PgbenchRun {
  readonly target: Target
  readonly connectionCount: number
  readonly script: Script
  readonly shares: number
  /** For the script and the logs of latencies. */
  readonly folder: string
}

/** In each round it connects and prepares anew, so that the first second does not count. */
const warmUpSeconds = 1

export async function openPgbench(run: PgbenchRun): Promise<Baseline> {
  const script = pgbenchScript(run.script, run)
  mkdirSync(run.folder, { recursive: true })
  const file = join(run.folder, 'script.sql')
  writeFileSync(file, script.text)
  await fillTable(run.target.url, script)
  return {
    name: 'pgbench -M prepared',
    run: (seconds) => runPgbench(run, { file, script, seconds }),
    cpuMs: () => processCpuMs('self', 'with ended children'),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** PostgreSQL has this from version 18 on. */
const uuidv7 = `create function uuidv7() returns uuid language sql volatile as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing substring(
    int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
    from 1 for 6), 52, 1), 53, 1), 'hex')::uuid $$`

async function fillTable(url: string, { table }: PgbenchScript): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const known = await client.query("select 1 from pg_proc where proname = 'uuidv7'")
    if (known.rowCount === 0) await client.query(uuidv7)
    const columns = Array.from({ length: table.columns }, (_, index) => `, p${index} text`)
    await client.query('create schema if not exists bench')
    await client.query(`drop table if exists ${variantTable}`)
    await client.query(`create table ${variantTable} (k integer primary key${columns.join('')})`)
    const fields = ['k', ...Array.from({ length: table.columns }, (_, index) => `p${index}`)]
    const places = fields.map((_, index) => `$${index + 1}`).join(', ')
    for (const [k, row] of table.rows.entries()) {
      await client.query(`insert into ${variantTable} values (${places})`, [k, ...row])
    }
    await client.query(`vacuum analyze ${variantTable}`)
  } finally {
    await client.end()
  }
}

interface Round {
  readonly file: string
  readonly script: PgbenchScript
  readonly seconds: number
}

async function runPgbench(run: PgbenchRun, round: Round): Promise<BaselineResult> {
  const logs = join(run.folder, 'logs')
  mkdirSync(logs)
  try {
    const output = await pgbench(argumentsOf(run, round, logs), run.target)
    const completed = Number(/actually processed: (\d+)/.exec(output)?.[1])
    if (!/failed transactions: 0 /.test(output)) throw new Error(`pgbench failed:\n${output}`)
    const result = resultOf(readLogs(logs), round.seconds)
    return { ...result, completed }
  } finally {
    rmSync(logs, { recursive: true })
  }
}

function argumentsOf(run: PgbenchRun, { file, script, seconds }: Round, logs: string): string[] {
  const { connectionCount: count } = run
  return [
    ...['-n', '-M', 'prepared', '-c', String(count)],
    ...['-j', String(Math.min(availableParallelism(), count))],
    ...['-T', String(seconds + warmUpSeconds), '-f', file],
    ...['-l', `--log-prefix=${join(logs, 'log')}`],
    ...Object.entries(script.constants).flatMap(([name, value]) => ['-D', `${name}=${value}`]),
  ]
}

async function pgbench(args: readonly string[], { url, limits }: Target): Promise<string> {
  const { host, port, socket, user, password, database } = readAddress(url, 5_432)
  const child = spawn('pgbench', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      PGHOST: socket ?? host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
      PGOPTIONS: postgresOptions(limits),
    },
  })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  if (child.exitCode !== 0) throw new Error(`pgbench failed:\n${errors.slice(-4_000)}`)
  return output
}

/** One transaction of pgbench, which is a whole operation here. */
export interface Logged {
  readonly endMs: number
  readonly latencyMs: number
}

function readLogs(folder: string): Logged[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map(parseLogLine),
  )
}

/** `client number latency_µs script seconds microseconds`, as pgbench writes it with `-l`. */
export function parseLogLine(line: string): Logged {
  const [, , latencyUs, , seconds, microseconds] = line.split(' ').map(Number)
  if (latencyUs === undefined || seconds === undefined || microseconds === undefined) {
    throw new Error(`not a line of a pgbench log: ${line}`)
  }
  return { endMs: seconds * 1_000 + microseconds / 1_000, latencyMs: latencyUs / 1_000 }
}

/** What ended within `seconds` after the warm-up. */
export function resultOf(
  logged: readonly Logged[],
  seconds: number,
): Omit<BaselineResult, 'completed'> {
  const starts = logged.map(({ endMs, latencyMs }) => endMs - latencyMs)
  const first = starts.reduce((least, start) => Math.min(least, start), Infinity)
  const from = first + warmUpSeconds * 1_000
  const until = from + seconds * 1_000
  const counted = logged.filter(({ endMs }) => endMs >= from && endMs < until)
  const sorted = counted.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)
  return {
    operations: sorted.length,
    elapsedMs: seconds * 1_000,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    cpuMs: 0,
  }
}
