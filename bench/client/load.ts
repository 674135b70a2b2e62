import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Facts, ScenarioName } from '../scenarios.ts'

/** One measurement. */
export interface Load {
  readonly client: 'own' | 'autocannon'
  readonly port: number
  readonly scenario: ScenarioName
  readonly facts: Facts
  readonly connections: number
  readonly seconds: number
  /** The same seed makes the same requests. */
  readonly seed: number
  /** Makes the sessions of this measurement its own. */
  readonly run: string
}

export interface LoadResult {
  readonly operations: number
  readonly elapsedMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What the client itself used, to see that it is not what is measured. */
  readonly cpuMs: number
}

/** The client, in a process of its own that stays for the whole run, so that it is warm. */
export class LoadClient implements AsyncDisposable {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'main.ts'), { execArgv: [] })
  }

  async run(load: Load): Promise<LoadResult> {
    this.#child.send(load)
    const [answer] = (await once(this.#child, 'message')) as [
      { result?: LoadResult; error?: string },
    ]
    if (!answer.result) throw new Error(`${load.scenario}: ${answer.error}`)
    return answer.result
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await once(this.#child, 'exit')
  }
}
