import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { publicUrl, secrets } from './data/load.ts'

const root = join(import.meta.dirname, '..')

export interface Server extends AsyncDisposable {
  readonly name: 'shop' | 'bare'
  readonly port: number
  readonly pid: number
}

/** The real thing: the command that `npm start` runs, on a data folder of its own. */
export async function startShop(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const port = await freePort()
  const environment = {
    DATA_DIR: folder,
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    LOG_LEVEL: 'warn',
    RATE_LIMIT: 'off',
    // Mails are not part of a request.
    MAIL_DRIVER: 'none',
    ...secrets,
    ...settings,
  }
  const args = ['src/cli/main.ts', 'serve', '--empty']
  return start('shop', { args, environment, port, readyText: 'is open' })
}

export async function startBare(folder: string): Promise<Server> {
  const port = await freePort()
  const file = join(folder, 'shop.db')
  const args = ['bench/bare/main.ts', file, String(port), publicUrl, secrets.COOKIE_SECRET]
  return start('bare', { args, environment: {}, port, readyText: 'ready' })
}

/** A port that nobody listens on now; both servers are told theirs when they start. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

interface Start {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly port: number
  readonly readyText: string
}

async function start(name: Server['name'], options: Start): Promise<Server> {
  const { args, environment, port, readyText } = options
  const child = spawn(process.execPath, [...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await printed(child, readyText)
  return {
    name,
    port,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

/** Resolves when the server says that it is ready; what else it prints is dropped. */
function printed(child: ChildProcess, text: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes(text)) resolve()
    })
  }
  child.once('exit', (code) => reject(new Error(`a server ended at once (${code})`)))
  return promise
}
