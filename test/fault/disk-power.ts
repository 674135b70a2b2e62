import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { audit } from '../../src/domains/audit/audit.ts'
import { inParallel } from '../race/support.ts'
import { makeFolder } from '../support/server-process.ts'
import { addProduct } from '../support/shop.ts'
import { assertIntact } from './disk.ts'
import { readTrace, straceArguments, type TraceEvent } from './disk-power-trace.ts'
import { addTo, buyAt } from './processes-buyer.ts'
import { openOffice } from './processes-shop.ts'
import { randomFrom, type Random } from './random.ts'

export interface PowerOptions {
  /** Orders placed while the disk is watched. */
  readonly rounds: number
  readonly seed: number
  /** `normal` is the control, which must lose orders. */
  readonly synchronous?: 'full' | 'normal'
}

export interface PowerTally {
  acknowledged: number
  syncs: number
  /** Moments at which the power was cut: what the disk then held was opened and checked. */
  cuts: number
  /** Cuts after which an acknowledged order was not there. */
  cutsThatLost: number
  /** The most acknowledged orders that one cut lost. */
  lostMost: number
}

const program = join(import.meta.dirname, 'disk-power-shop.ts')

/**
 * A shop under load is watched by strace: every write to its database files, every sync, and every
 * answer. Then, for each moment between two syncs, the files are made as they would be if the power
 * had failed there, and must hold every order that somebody had been told of.
 */
export async function powerRounds(options: PowerOptions): Promise<PowerTally> {
  const folder = await makeFolder('power')
  try {
    const file = join(folder, 'shop.db')
    const variantId = await prepare(file)
    const before = readFileSync(file)
    const trace = join(folder, 'trace')
    await watch({ file, trace, variantId, options })
    const disk = new Disk(before, randomFrom(options.seed))
    return await cutEverywhere(readTrace(trace), { disk, folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function prepare(file: string): Promise<string> {
  await using office = await openOffice(`sqlite:${file}`)
  return (await addProduct(office, { onHand: 1_000_000 })).variantId
}

interface Watch {
  readonly file: string
  readonly trace: string
  readonly variantId: string
  readonly options: PowerOptions
}

async function watch({ file, trace, variantId, options }: Watch): Promise<void> {
  const { rounds, synchronous = 'full' } = options
  const command = [process.execPath, program, file, synchronous]
  const child = spawn('strace', [...straceArguments(trace), ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]
  await inParallel(rounds, 4, async (index) => {
    const session = `power-${index}`
    assert.equal((await addTo(url, { session, variantId })).outcome, '201')
    assert.equal((await buyAt(url, session, 'manual')).outcome, '201')
  })
  child.stdin.end()
  await once(child, 'exit')
}

type FileChange = Extract<TraceEvent, { kind: 'write' | 'truncate' }>

/** What is surely on the disk, and what was written since and may or may not be. */
class Disk {
  readonly #durable = new Map<string, Buffer>()
  readonly #pending = new Map<string, FileChange[]>()
  readonly #random: Random

  constructor(database: Buffer, random: Random) {
    this.#durable.set('shop.db', database)
    this.#random = random
  }

  change(change: FileChange): void {
    const name = nameOf(change.path)
    this.#pending.set(name, [...(this.#pending.get(name) ?? []), change])
  }

  sync(path: string): void {
    const name = nameOf(path)
    this.#durable.set(
      name,
      this.#with(name, () => true),
    )
    this.#pending.delete(name)
  }

  /**
   * The files after a cut; `some`: a part of what was not synced has reached the disk all the same.
   */
  image(some: boolean): Map<string, Buffer> {
    const names = new Set([...this.#durable.keys(), ...this.#pending.keys()])
    const reached = () => some && this.#random.chance(0.5)
    return new Map([...names].map((name) => [name, this.#with(name, reached)]))
  }

  #with(name: string, reached: () => boolean): Buffer {
    let content = Buffer.from(this.#durable.get(name) ?? Buffer.alloc(0))
    for (const change of this.#pending.get(name) ?? []) {
      if (reached()) content = applied(content, change)
    }
    return content
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function applied(content: Buffer<ArrayBuffer>, change: FileChange): Buffer<ArrayBuffer> {
  const end = change.kind === 'write' ? change.at + change.data.length : change.size
  const isLonger = end > content.length
  const grown = isLonger ? Buffer.concat([content, Buffer.alloc(end - content.length)]) : content
  if (change.kind === 'truncate') return Buffer.from(grown.subarray(0, end))
  change.data.copy(grown, change.at)
  return grown
}

interface Cutter {
  readonly disk: Disk
  readonly folder: string
}

async function cutEverywhere(
  events: AsyncGenerator<TraceEvent>,
  { disk, folder }: Cutter,
): Promise<PowerTally> {
  const tally = { acknowledged: 0, syncs: 0, cuts: 0, cutsThatLost: 0, lostMost: 0 }
  const told = new Set<number>()
  const cut = async (some: boolean) => {
    const lost = await lostAfter(disk.image(some), { folder, told })
    tally.cuts += 1
    tally.cutsThatLost += lost > 0 ? 1 : 0
    tally.lostMost = Math.max(tally.lostMost, lost)
  }
  for await (const event of events) {
    if (event.kind === 'send') noteOrder(event.text, told)
    else if (event.kind !== 'sync') disk.change(event)
    else {
      // The last moment before the sync: most has been said and written, and none of it is safe.
      await cut(false)
      await cut(true)
      disk.sync(event.path)
      tally.syncs += 1
    }
  }
  await cut(false)
  return { ...tally, acknowledged: told.size }
}

function noteOrder(text: string, told: Set<number>): void {
  if (!text.startsWith('HTTP/1.1 201') || !text.includes('"token":"')) return
  const number = Number(/"number":(\d+)/.exec(text)?.[1])
  assert.ok(number > 0, text)
  told.add(number)
}

/** Opens what was left, as the shop would, and counts the acknowledged orders it does not have. */
async function lostAfter(
  image: ReadonlyMap<string, Buffer>,
  { folder, told }: { folder: string; told: ReadonlySet<number> },
): Promise<number> {
  const place = join(folder, 'after')
  await mkdir(place)
  for (const [name, content] of image) writeFileSync(join(place, name), content)
  const file = join(place, 'shop.db')
  assertIntact(file)
  await using office = await openOffice(`sqlite:${file}`)
  assert.deepEqual(await audit(office), [])
  const rows = await office.db.read.selectFrom('orders').select('number').execute()
  const kept = new Set(rows.map(({ number }) => number))
  await rm(place, { recursive: true })
  return [...told].filter((number) => !kept.has(number)).length
}
