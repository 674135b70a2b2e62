import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statfsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A database server for one test run. */
export interface TestServer {
  readonly url: string
  stop(): Promise<void>
}

export interface ServerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly spawn?: SpawnOptions
}

const startTimeoutMs = 60_000

export function makeFolder(name: string, place = tmpdir()): Promise<string> {
  return mkdtemp(join(place, `cartwright-${name}-`))
}

const roomBytes = 4 * 2 ** 30

/**
 * A place in memory, where there is one with room: creating the tables of a shop takes MariaDB less
 * than half as long there (0.37 s instead of 0.88 s), and every test has a database of its own.
 */
export function placeInMemory(): string {
  try {
    const { bavail, bsize } = statfsSync(sharedMemory)
    return bavail * bsize >= roomBytes ? sharedMemory : tmpdir()
  } catch {
    return tmpdir()
  }
}

const sharedMemory = '/dev/shm'

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Runs a command to its end; its output is shown only if it fails. */
export async function runToEnd({ file, args, spawn: options }: ServerCommand): Promise<void> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(String(chunk)))
  child.stderr?.on('data', (chunk: Buffer) => output.push(String(chunk)))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${file} failed with ${code}:\n${output.join('')}`)
}

/**
 * Kills the server and removes its folder as soon as standard input closes: when the test run says
 * so, and also when it was killed itself and can say nothing.
 */
const untilInputCloses = `
  exec 3<&0
  "$@" 3<&- &
  server=$!
  { read -r line <&3; trap "" TERM; kill -9 $server; rm -rf "$0"; } &
  wait $server
  kill $! 2>&-`

/** Starts a server whose data folder is thrown away with it; nobody reads the data again. */
export async function startServer(
  { file, args, spawn: options }: ServerCommand,
  { folder, url, ping }: { folder: string; url: string; ping: () => Promise<void> },
): Promise<TestServer> {
  const logFile = join(folder, 'server.log')
  const log = openSync(logFile, 'a')
  const shell = ['-c', untilInputCloses, folder, file, ...args]
  const child = spawn('sh', shell, { ...options, stdio: ['pipe', log, log] })
  closeSync(log)
  child.unref()
  const input = child.stdin as Socket
  input.unref()
  const stop = async () => {
    child.ref()
    input.end()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await untilReady(child, ping)
  } catch (error) {
    const output = readFileSync(logFile, 'utf8').slice(-4_000)
    await stop()
    throw new Error(`${file} did not start:\n${output}`, { cause: error })
  }
  return { url, stop }
}

async function untilReady(child: ChildProcess, ping: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    try {
      return await ping()
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}
