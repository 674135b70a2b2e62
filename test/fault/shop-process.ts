import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface ProcessOptions {
  /** Its DATA_DIR; the log is kept there too. */
  readonly folder: string
  readonly port: number
  readonly databaseUrl: string
  /** Settings besides those of all tests. */
  readonly settings?: Readonly<Record<string, string>>
}

/** The real server in a process of its own, to be killed without warning. */
export class ShopProcess {
  readonly url: string
  readonly #child: ChildProcess
  readonly #logFile: string

  constructor({ folder, port, databaseUrl, settings = {} }: ProcessOptions) {
    this.url = `http://127.0.0.1:${port}`
    this.#logFile = join(folder, 'server.log')
    const log = openSync(this.#logFile, 'a')
    this.#child = spawn(process.execPath, [main, 'serve', '--empty'], {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        DATA_DIR: folder,
        DATABASE_URL: databaseUrl,
        HOST: '127.0.0.1',
        PORT: String(port),
        LOG_LEVEL: 'warn',
        RATE_LIMIT: 'off',
        MAIL_DRIVER: 'none',
        RECONCILE_AFTER_SECONDS: '1',
        ...settings,
        NODE_COMPILE_CACHE: join(folder, '..', 'compile-cache'),
      },
    })
    process.once('exit', this.#killNow)
  }

  readonly #killNow = () => void this.#child.kill('SIGKILL')

  async ready(): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`the server ended:\n${this.log()}`)
      const isReady = await fetch(`${this.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isReady) return
      await sleep(20)
    }
  }

  /** kill -9: no handler runs, nothing is flushed. Resolves when the process is gone. */
  async kill(): Promise<void> {
    process.off('exit', this.#killNow)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  /** The end of what it has said. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8').slice(-4_000)
  }
}
