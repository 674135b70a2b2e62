import { StatementSync } from 'node:sqlite'

type Method = (this: StatementSync, ...params: never[]) => unknown

/** Writes down the text of every statement that this process runs, from one `take` to the next. */
export class StatementRecorder implements Disposable {
  #texts: string[] = []
  readonly #restore: () => void

  constructor() {
    const prototype = StatementSync.prototype as unknown as { all: Method; run: Method }
    const { all, run } = prototype
    const note = (statement: StatementSync) => this.#texts.push(statement.sourceSQL)
    prototype.all = function (...params) {
      note(this)
      return Reflect.apply(all, this, params)
    }
    prototype.run = function (...params) {
      note(this)
      return Reflect.apply(run, this, params)
    }
    this.#restore = () => Object.assign(prototype, { all, run })
  }

  take(): string[] {
    const texts = this.#texts
    this.#texts = []
    return texts
  }

  [Symbol.dispose](): void {
    this.#restore()
  }
}
