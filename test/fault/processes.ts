import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { stockOf } from '../api/support.ts'
import { startProvider, type Provider } from '../provider/provider.ts'
import { inParallel } from '../race/support.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { addTo, buyAt, countOutcomes } from './processes-buyer.ts'
import { openOffice, startApi, type ApiProcess } from './processes-shop.ts'

export interface ProcessOptions {
  readonly engine: Engine
  readonly rounds: number
  /** API servers on one database. */
  readonly processes?: number
  /** Buyers of one article, and how many pieces there are of it. */
  readonly buyers?: number
  readonly pieces?: number
  readonly width?: number
  readonly onRound?: (tally: ProcessTally) => void
}

export interface ProcessTally {
  rounds: number
  sold: number
  readonly told: Record<string, number>
}

export interface Cluster extends AsyncDisposable {
  readonly servers: readonly ApiProcess[]
  readonly office: Context
  readonly provider: Provider
}

/** Several servers that start at the same moment on one empty database. */
export async function openCluster(
  engine: Engine,
  { processes, logLevel = 'warn' }: { processes: number; logLevel?: string },
): Promise<Cluster> {
  const stack = new AsyncDisposableStack()
  const provider = stack.use(await startProvider())
  const fresh = stack.use(await engine.fresh({ empty: true }))
  const settings = {
    DATABASE_URL: fresh.url,
    PAYMENT_METHODS: 'http,manual',
    PAYMENT_HTTP_URL: provider.url,
    RECONCILE_AFTER_SECONDS: '2',
    DB_POOL_SIZE: '10',
    // Shedding load is another test; on a busy machine it must not get into this one.
    DB_POOL_WAIT_MS: '60000',
    LOG_LEVEL: logLevel,
  }
  const servers = await Promise.all(Array.from({ length: processes }, () => startApi(settings)))
  for (const server of servers) stack.use(server)
  try {
    await Promise.all(servers.map((server) => server.ready()))
    const office = stack.use(await openOffice(fresh.url))
    return {
      servers,
      office,
      provider,
      [Symbol.asyncDispose]: async () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Far more buyers than pieces, at all servers at once: exactly the pieces are sold. */
export async function hotRounds(options: ProcessOptions): Promise<ProcessTally> {
  const { engine, processes = 2 } = options
  await using cluster = await openCluster(engine, { processes })
  return await hotOn(cluster, options)
}

export async function hotOn(cluster: Cluster, options: ProcessOptions): Promise<ProcessTally> {
  const tally: ProcessTally = { rounds: 0, sold: 0, told: {} }
  while (tally.rounds < options.rounds) {
    await sellOut(cluster, { options, tally })
    tally.rounds += 1
    options.onRound?.(tally)
  }
  return tally
}

/** What the servers say went wrong, for whoever has to find out why. */
function troubles(servers: readonly ApiProcess[]): string {
  const lines = servers.flatMap((server) => server.log().split('\n'))
  return lines
    .filter((line) => /"level":"(error|fatal)"/.test(line))
    .slice(0, 5)
    .join('\n')
}

async function sellOut(
  { servers, office, provider }: Cluster,
  { options, tally }: { options: ProcessOptions; tally: ProcessTally },
): Promise<void> {
  const { buyers = 300, pieces = 30, width = 64 } = options
  const { variantId } = await addProduct(office, { onHand: pieces })
  const before = provider.entries().length
  const serverOf = (index: number) => servers[index % servers.length]?.url ?? ''
  const sessions = Array.from({ length: buyers }, (_, index) => `${variantId}-${index}`)
  const session = (index: number) => sessions[index] ?? ''
  const added = await inParallel(buyers, width, (index) =>
    addTo(serverOf(index), { session: session(index), variantId }),
  )
  assert.deepEqual(countOutcomes(added), { 201: buyers }, troubles(servers))
  // Each buys at another server than the one that filled the cart.
  const bought = await inParallel(buyers, width, (index) =>
    buyAt(serverOf(index + 1), session(index)),
  )
  const told = countOutcomes(bought)
  assert.deepEqual(
    told,
    { 201: pieces, '409 INSUFFICIENT_STOCK': buyers - pieces },
    troubles(servers),
  )
  assert.deepEqual({ ...(await stockOf(office, variantId)) }, { on_hand: 0, reserved: 0 })
  const charges = provider.entries().slice(before)
  assert.equal(charges.length, pieces)
  assert.equal(new Set(charges.map(({ key }) => key)).size, pieces)
  assert.deepEqual(await audit(office), [])
  tally.sold += pieces
  for (const [name, count] of Object.entries(told)) {
    tally.told[name] = (tally.told[name] ?? 0) + count
  }
}
