import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../src/app.ts'
import { prepareShop } from '../src/shop.ts'
import { bareApp } from './bare/app.ts'
import { factsOf } from './data/facts.ts'
import { copyFolder, fillShop, openContext, publicUrl, secrets } from './data/load.ts'
import type { Source } from './data/source.ts'
import { StatementRecorder } from './recorder.ts'
import { differences } from './same-work.ts'
import type { ScenarioName } from './scenarios.ts'

/** Enough for a page 50 of every list. */
const productCount = 1_200

/**
 * Both servers in this process, on a small shop, where every statement they run can be seen: finds
 * the scenarios in which they do not run the same SQL, or do not answer the same bytes.
 */
export async function rehearse(
  source: Source,
  names: readonly ScenarioName[],
): Promise<Map<ScenarioName, readonly string[]>> {
  const work = mkdtempSync(join(tmpdir(), 'cartwright-rehearsal-'))
  try {
    const [shop, bare] = [join(work, 'shop'), join(work, 'bare')] as const
    await fill(shop, source)
    await copyFolder(shop, bare)
    return await compareAll({ source, shop, bare, names })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function fill(folder: string, source: Source): Promise<void> {
  await using ctx = await openContext(folder)
  await prepareShop(ctx)
  await fillShop(ctx, source, { count: productCount, progress: () => undefined })
}

interface Rehearsal {
  readonly source: Source
  readonly shop: string
  readonly bare: string
  readonly names: readonly ScenarioName[]
}

async function compareAll(rehearsal: Rehearsal): Promise<Map<ScenarioName, readonly string[]>> {
  const facts = factsOf(rehearsal.source, { folder: rehearsal.shop, count: productCount })
  const file = join(rehearsal.bare, 'shop.db')
  using recorder = new StatementRecorder()
  await using ctx = await openContext(rehearsal.shop)
  const { app } = await buildApp(ctx)
  const bare = bareApp({ file, origin: publicUrl, secret: secrets.COOKIE_SECRET })
  using _database = bare.database
  const ports = { shop: await portOf(app), bare: await portOf(bare.app) }
  const found = new Map<ScenarioName, readonly string[]>()
  for (const name of rehearsal.names) {
    const list = await differences(ports, { name, facts, recorder })
    if (list.length > 0) found.set(name, list)
  }
  await app.close()
  await bare.app.close()
  return found
}

async function portOf(app: Pick<FastifyInstance, 'listen' | 'server'>): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}
