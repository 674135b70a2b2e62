import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
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

export function makeFolder(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `cartwright-${name}-`))
}

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
 * Starts a server whose data folder is thrown away with it. It is killed, not shut down: nobody
 * reads the data again. It dies with this process too, unless that is killed itself.
 */
export async function startServer(
  command: ServerCommand,
  { folder, url, ping }: { folder: string; url: string; ping: () => Promise<void> },
): Promise<TestServer> {
  const logFile = join(folder, 'server.log')
  const log = openSync(logFile, 'a')
  const child = spawn(command.file, command.args, { ...command.spawn, stdio: ['ignore', log, log] })
  child.unref()
  const killNow = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', killNow)
  const stop = async () => {
    process.off('exit', killNow)
    await kill(child)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await untilReady(child, ping)
  } catch (error) {
    const output = readFileSync(logFile, 'utf8').slice(-4_000)
    await stop()
    throw new Error(`${command.file} did not start:\n${output}`, { cause: error })
  }
  return { url, stop }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  child.kill('SIGKILL')
  await once(child, 'exit')
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
