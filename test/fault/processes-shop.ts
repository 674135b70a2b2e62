import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configOf } from '../../src/config/config.ts'
import { readSettings, type RawSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { freePort, makeFolder } from '../support/server-process.ts'

/** One API server in a process of its own. */
export interface ApiProcess extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  /** Resolves when it says that it is ready; rejects if it ends before. */
  ready(): Promise<void>
  /** Everything it has said. */
  log(): string
  isRunning(): boolean
}

const main = join(import.meta.dirname, '../../src/cli/main.ts')
const secrets = { jwt: 'j'.repeat(43), cookie: 'c'.repeat(43) }

/** Starts `serve --empty` on a free port. Every process of a shop has the same secrets. */
export async function startApi(settings: Partial<RawSettings>): Promise<ApiProcess> {
  const folder = await makeFolder('api')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const file = join(folder, 'server.log')
  const log = openSync(file, 'a')
  const child = spawn(process.execPath, [main, 'serve', '--empty'], {
    stdio: ['ignore', log, log],
    cwd: folder,
    env: { ...process.env, ...environment({ DATA_DIR: folder, PORT: String(port), ...settings }) },
  })
  closeSync(log)
  const killNow = () => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const readLog = () => readFileSync(file, 'utf8')
  return {
    url,
    child,
    isRunning,
    log: readLog,
    async ready() {
      while ((await statusOf(`${url}/health/ready`)) !== 200) {
        if (!isRunning()) throw new Error(`the server ended:\n${readLog().slice(-4_000)}`)
        await sleep(20)
      }
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', killNow)
      if (isRunning()) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function environment(settings: Partial<RawSettings>): Partial<RawSettings & NodeJS.ProcessEnv> {
  const compileCache = join(tmpdir(), 'cartwright-compile-cache')
  mkdirSync(compileCache, { recursive: true })
  return {
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://shop.example.com',
    LOG_LEVEL: 'warn',
    RATE_LIMIT: 'off',
    MAIL_DRIVER: 'none',
    JWT_SECRET: secrets.jwt,
    COOKIE_SECRET: secrets.cookie,
    NODE_COMPILE_CACHE: compileCache,
    ...settings,
  }
}

/** The status of an answer; undefined if there is none. */
export async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status
  } catch {
    return undefined
  }
}

/** Looks at the same database from this process, which runs neither requests nor jobs. */
export async function openOffice(databaseUrl: string): Promise<Context> {
  const raw = {
    ...readSettings({}),
    DATABASE_URL: databaseUrl,
    DB_POOL_SIZE: '4',
    MAIL_DRIVER: 'none',
  }
  const ctx = await createContext({ config: configOf(raw), secrets, log: createLog('silent') })
  await prepareShop(ctx)
  return ctx
}
