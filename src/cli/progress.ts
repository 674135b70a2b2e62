import type { WriteStream } from 'node:tty'

export interface Progress {
  readonly label: string
  readonly done: number
  readonly total: number
  /** What is counted. */
  readonly unit: string
}

const redrawEveryMs = 100
const barWidth = 24

/** A bar on one line of a terminal; where there is none, one line for each label. */
export class ProgressBar implements Disposable {
  readonly #stream: WriteStream
  #label = ''
  #startedAt = 0
  #drawnAt = 0
  #isOpen = false

  constructor(stream: WriteStream = process.stderr) {
    this.#stream = stream
  }

  show(progress: Progress): void {
    const now = performance.now()
    if (progress.label !== this.#label) {
      this[Symbol.dispose]()
      this.#label = progress.label
      this.#startedAt = now
      this.#drawnAt = 0
    }
    const isFinished = progress.done === progress.total
    if (this.#stream.isTTY) {
      if (isFinished || now - this.#drawnAt > redrawEveryMs) this.#draw(progress, now)
    } else if (isFinished) this.#stream.write(`${this.#line(progress, now)}\n`)
  }

  #draw(progress: Progress, now: number): void {
    this.#drawnAt = now
    this.#isOpen = true
    const { done, total } = progress
    const filled = total === 0 ? barWidth : Math.floor((done / total) * barWidth)
    const bar = '█'.repeat(filled).padEnd(barWidth, '░')
    this.#stream.write(`\r\x1b[K${bar} ${this.#line(progress, now)}`)
  }

  #line({ label, done, total, unit }: Progress, now: number): string {
    const seconds = Math.max((now - this.#startedAt) / 1_000, 0.001)
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    const rate = count(done / seconds)
    return `${label}: ${percent} %, ${count(done)} of ${count(total)} ${unit}, ${rate}/s`
  }

  /** Leaves the line, so that what is printed next begins on one of its own. */
  [Symbol.dispose](): void {
    if (this.#isOpen) this.#stream.write('\n')
    this.#isOpen = false
  }
}

/** 1234567 as "1,234,567". */
export const count = (value: number): string =>
  String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',')

export const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`
