import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Baseline, BaselineResult } from './baseline.ts'
import type { Target } from './loop-connections.ts'
import type { Script } from './script.ts'
import { processCpuMs } from '../usage.ts'

export type LoopResult = BaselineResult

/** What one round of the loop is to do. */
export interface LoopOrder {
  readonly target: Target
  readonly connectionCount: number
  readonly script: Script
  readonly shares: number
  readonly seconds: number
}

/** The driver in a bare loop, in a process of its own that stays, so that it is warm. */
export class Loop implements Baseline {
  readonly name = 'a bare loop'
  readonly #child: ChildProcess
  readonly #order: Omit<LoopOrder, 'seconds'>

  constructor(order: Omit<LoopOrder, 'seconds'>) {
    this.#order = order
    this.#child = fork(join(import.meta.dirname, 'loop-main.ts'), { execArgv: [] })
  }

  async run(seconds: number): Promise<LoopResult> {
    this.#child.send({ ...this.#order, seconds } satisfies LoopOrder)
    const [answer] = (await once(this.#child, 'message')) as [
      { result?: LoopResult; error?: string },
    ]
    if (!answer.result) throw new Error(`the bare loop failed: ${answer.error}`)
    return answer.result
  }

  cpuMs(): number | undefined {
    return processCpuMs(this.#child.pid ?? 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }
}
