import autocannon from 'autocannon'
import { scenarios, seededRandom } from '../scenarios.ts'
import type { Load, LoadResult } from './load.ts'

const requestCount = 5_000

interface AutocannonResult {
  readonly requests: { readonly total: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly duration: number
  readonly non2xx: number
  readonly errors: number
}

/**
 * A second opinion on the plain GETs by a client that others wrote; it counts whole milliseconds.
 */
export async function runAutocannon(load: Load): Promise<LoadResult> {
  const random = seededRandom(load.seed)
  const visitor = scenarios[load.scenario].visitor({ facts: load.facts, random, name: load.run })
  if (visitor.prepare.length > 0) throw new Error('autocannon makes plain GETs only')
  const paths = Array.from({ length: requestCount }, () => pathOf(visitor.next()))
  const cpuBefore = process.cpuUsage()
  const result = (await autocannon({
    url: `http://127.0.0.1:${load.port}`,
    connections: load.connections,
    duration: load.seconds,
    requests: paths.map((path) => ({ method: 'GET', path })),
  })) as AutocannonResult
  if (result.non2xx + result.errors > 0) throw new Error('not every answer was 200')
  const cpu = process.cpuUsage(cpuBefore)
  return {
    operations: result.requests.total,
    elapsedMs: result.duration * 1_000,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    cpuMs: (cpu.user + cpu.system) / 1_000,
  }
}

function pathOf([text = '', ...others]: readonly string[]): string {
  const path = /^GET (\S+) /.exec(text)?.[1]
  if (path === undefined || others.length > 0) throw new Error('autocannon makes plain GETs only')
  return path
}
