import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { register } from '../src/domains/customer/customers.ts'
import { Connection, postText } from './client/connection.ts'
import { LoadClient, type LoadResult } from './client/load.ts'
import { factsOf } from './data/facts.ts'
import { copyFolder, loadedFolder, openContext, type Progress } from './data/load.ts'
import type { Source } from './data/source.ts'
import { median, rateOf, since } from './measure.ts'
import type { Options } from './options.ts'
import { conditionsOf, markdownTable } from './report.ts'
import type { Facts } from './scenarios.ts'
import { startShop, type Server } from './servers.ts'
import { processCpuMs, waitForQuiet } from './usage.ts'

export const loginsPerSecond = 20
const accountCount = 20
const password = 'Correct-Horse-1'

interface Round extends LoadResult {
  readonly loginMs: readonly number[]
  readonly serverCpuMs: number | undefined
}

interface Desk {
  readonly options: Options
  readonly shop: Server
  readonly client: LoadClient
  readonly facts: Facts
}

interface LoginRun {
  readonly source: Source
  readonly say: (text: string) => void
  readonly progress: Progress
}

/**
 * Measures product details alone and while people sign in, by turns: passwords are hashed on other
 * threads, so that shoppers should hardly notice.
 */
export async function runLogins(options: Options, run: LoginRun): Promise<void> {
  const { source, say, progress } = run
  const loaded = await loadedFolder(source, { count: options.products, progress })
  const folder = mkdtempSync(join(tmpdir(), 'cartwright-bench-login-'))
  try {
    await copyFolder(loaded, folder)
    await registerAccounts(folder)
    const facts = factsOf(source, { folder, count: options.products })
    await using shop = await startShop(folder)
    await using client = new LoadClient()
    const desk = { options, shop, client, facts }
    const rounds = { alone: [] as Round[], beside: [] as Round[] }
    await measureRound(desk, 0)
    for (let round = 1; round <= options.rounds; round++) {
      say(`login: round ${round} of ${options.rounds}`)
      rounds.alone.push(await measureRound(desk, round))
      rounds.beside.push(await measureRound(desk, round, loginsPerSecond))
    }
    print(options, { source, ...rounds })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const emailOf = (index: number): string => `user-${index}@example.com`

async function registerAccounts(folder: string): Promise<void> {
  await using ctx = await openContext(folder)
  for (let index = 0; index < accountCount; index++) {
    await register(ctx, { email: emailOf(index), password })
  }
}

async function measureRound(
  { options, shop, client, facts }: Desk,
  round: number,
  perSecond = 0,
): Promise<Round> {
  await waitForQuiet()
  const { connections, seconds } = options
  const cpuBefore = processCpuMs(shop.pid)
  const signingIn = perSecond > 0 ? new SigningIn(shop.port, perSecond) : undefined
  const load = { client: 'own', scenario: 'detail', run: `login-${round}` } as const
  const { port } = shop
  const result = await client.run({ ...load, port, facts, connections, seconds, seed: round })
  const loginMs = (await signingIn?.stop()) ?? []
  return { ...result, loginMs, serverCpuMs: since(processCpuMs(shop.pid), cpuBefore) }
}

/** Begins a sign-in at fixed times, whether or not those before it have been answered. */
class SigningIn {
  readonly #port: number
  readonly #idle: Connection[] = []
  readonly #all: Promise<number>[] = []
  readonly #timer: NodeJS.Timeout

  constructor(port: number, perSecond: number) {
    this.#port = port
    this.#timer = setInterval(() => this.#all.push(this.#signIn()), 1_000 / perSecond)
  }

  async #signIn(): Promise<number> {
    const email = emailOf(this.#all.length % accountCount)
    const startedAt = performance.now()
    const connection = this.#idle.pop() ?? (await Connection.open(this.#port))
    const body = JSON.stringify({ email, password })
    const { status } = await connection.request(postText('/api/v1/sessions', email, body))
    this.#idle.push(connection)
    if (status !== 201) throw new Error(`a sign-in was answered with ${status}`)
    return performance.now() - startedAt
  }

  /** Ends it; returns how long each sign-in took. */
  async stop(): Promise<number[]> {
    clearInterval(this.#timer)
    const times = await Promise.all(this.#all)
    for (const connection of this.#idle) connection.close()
    return times
  }
}

interface Rounds {
  readonly source: Source
  readonly alone: readonly Round[]
  readonly beside: readonly Round[]
}

function print(options: Options, { source, alone, beside }: Rounds): void {
  const ratios = beside.map((of, index) => rateOf(of) / rateOf(alone[index] ?? of))
  const logins = beside.flatMap(({ loginMs }) => loginMs).toSorted((a, b) => a - b)
  const seconds = beside.reduce((sum, { elapsedMs }) => sum + elapsedMs / 1_000, 0)
  const figures = {
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    loginsPerSecond: logins.length / seconds,
    login: { p50Ms: at(logins, 0.5), p99Ms: at(logins, 0.99) },
  }
  const conditions = conditionsOf(options, source.name)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ conditions, alone, beside, ...figures })}\n`)
    return
  }
  const heads = ['product detail', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms a second']
  const rows = [rowOf('alone', alone), rowOf(`beside ${loginsPerSecond} logins/s`, beside)]
  const { ratio, login } = figures
  const lines = [
    markdownTable(heads, rows),
    '',
    `ratio ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    `logins: ${figures.loginsPerSecond.toFixed(1)}/s, p50 ${login.p50Ms.toFixed(0)} ms, ` +
      `p99 ${login.p99Ms.toFixed(0)} ms`,
    ...conditions,
  ]
  process.stdout.write(`\n${lines.join('\n')}\n`)
}

function rowOf(label: string, rounds: readonly Round[]): string[] {
  const middle = (value: (round: Round) => number) => median(rounds.map(value))
  const cpu = middle(({ serverCpuMs = Number.NaN, elapsedMs }) => (serverCpuMs * 1_000) / elapsedMs)
  return [
    label,
    Math.round(middle(rateOf)).toLocaleString('en'),
    middle(({ p50Ms }) => p50Ms).toFixed(2),
    middle(({ p99Ms }) => p99Ms).toFixed(2),
    cpu.toFixed(0),
  ]
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? Number.NaN
