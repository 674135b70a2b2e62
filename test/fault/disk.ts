import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProvider } from '../provider/provider.ts'
import { makeFolder } from '../support/server-process.ts'
import { addProduct } from '../support/shop.ts'
import { startApi, statusOf } from './processes-shop.ts'
import { randomFrom } from './random.ts'
import { assertKept, startLoad, withOffice, type LoadRig, type LoadTally } from './restart-load.ts'

export interface DiskOptions {
  readonly rounds: number
  readonly seed: number
  /** `full`: a small tmpfs (as root); `EIO`: errors put in by strace (Linux). */
  readonly fault: 'full' | 'EIO'
  readonly width?: number
  readonly onRound?: (tally: DiskTally) => void
}

export interface DiskTally extends LoadTally {
  rounds: number
}

const ampleStock = 1_000_000

/** Whether this process may mount a file system of its own. */
export function canMount(): boolean {
  return process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0
}

export const canInject = (): boolean => spawnSync('strace', ['-V']).status === 0

/** A file system of a few megabytes. */
async function smallDisk(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = join(await makeFolder('disk'), 'data')
  await mkdir(folder)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder])
  assert.equal(mounted.status, 0, String(mounted.stderr))
  return {
    folder,
    async [Symbol.asyncDispose]() {
      spawnSync('umount', ['-l', folder])
      await rm(join(folder, '..'), { recursive: true, force: true })
    },
  }
}

async function plainDisk(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await makeFolder('disk')
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The disk of an embedded shop fails under load and is well again, over and over. */
export async function diskRounds(options: DiskOptions): Promise<DiskTally> {
  const { fault, seed, width = 8 } = options
  await using disk = fault === 'full' ? await smallDisk() : await plainDisk()
  await using provider = await startProvider()
  const file = join(disk.folder, 'shop.db')
  const databaseUrl = `sqlite:${file}`
  const tally: DiskTally = { rounds: 0, acknowledged: 0, askedAgain: 0, told: {} }
  {
    await using api = await startApi({
      DATABASE_URL: databaseUrl,
      PAYMENT_METHODS: 'http,manual',
      PAYMENT_HTTP_URL: provider.url,
      RECONCILE_AFTER_SECONDS: '1',
      LOG_LEVEL: 'fatal',
    })
    await api.ready()
    const { variantId } = await withOffice(databaseUrl, (ctx) =>
      addProduct(ctx, { onHand: ampleStock }),
    )
    const random = randomFrom(seed)
    const rig = { api, databaseUrl, provider, random, width, tally, variantId }
    const load = startLoad(rig)
    try {
      while (tally.rounds < options.rounds) {
        const broken = fault === 'full' ? fillDisk(rig, disk.folder) : breakDisk(rig)
        await Promise.race([broken, load.failed])
        tally.rounds += 1
        options.onRound?.(tally)
      }
    } finally {
      load.stop()
    }
    await assertKept(rig, await load.finished)
  }
  assertIntact(file)
  return tally
}

async function untilAcknowledged({ tally }: LoadRig, more: number): Promise<void> {
  const enough = tally.acknowledged + more
  while (tally.acknowledged < enough) await sleep(10)
}

const refusals = ({ told }: LoadTally): number => told['503 SERVICE_UNAVAILABLE'] ?? 0

/** Takes the last byte; what has room in the log's own pages may still be written. */
async function fillDisk(rig: LoadRig, folder: string): Promise<void> {
  await untilAcknowledged(rig, rig.width)
  const ballast = join(folder, 'ballast')
  const before = refusals(rig.tally)
  while (refusals(rig.tally) < before + rig.width) {
    fill(ballast)
    await assertReadable(rig)
  }
  rmSync(ballast)
  await untilAcknowledged(rig, rig.width)
}

function fill(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (const size of [65_536, 1_024, 1]) writeUntilFull(file, Buffer.alloc(size))
  } finally {
    closeSync(file)
  }
}

function writeUntilFull(file: number, block: Buffer): void {
  for (;;) {
    try {
      if (writeSync(file, block) < block.length) return
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      return
    }
  }
}

/** Every write, or every flush, of the server fails for a while. */
async function breakDisk(rig: LoadRig): Promise<void> {
  await untilAcknowledged(rig, rig.width)
  const calls = rig.random.oneOf(['pwrite64', 'fsync,fdatasync', 'pwrite64,fsync,fdatasync'])
  const before = refusals(rig.tally)
  const inject = ['-f', '-qq', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`]
  const args = [...inject, '-o', '/dev/null', '-p', String(rig.api.child.pid)]
  const strace = spawn('strace', args, { stdio: 'ignore' })
  const ended = once(strace, 'exit')
  while (refusals(rig.tally) < before + rig.width && strace.exitCode === null) {
    await assertReadable(rig)
    await sleep(20)
  }
  strace.kill('SIGINT')
  await ended
  await untilAcknowledged(rig, rig.width)
}

async function assertReadable({ api }: LoadRig): Promise<void> {
  assert.ok(api.isRunning(), api.log())
  assert.equal(await statusOf(`${api.url}/api/v1/products`), 200)
  assert.equal(await statusOf(`${api.url}/health/live`), 200)
}

export function assertIntact(file: string): void {
  using database = new DatabaseSync(file)
  const rows = database.prepare('pragma integrity_check').all()
  assert.deepEqual(
    rows.map((row) => row['integrity_check']),
    ['ok'],
  )
  assert.deepEqual(database.prepare('pragma foreign_key_check').all(), [])
}
