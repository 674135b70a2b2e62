import type { Model } from './model.ts'
import { describeModel, type Observed } from './observe.ts'
import { waiting, type Heard, type Prediction } from './predictions.ts'

/** One use-case of a group, as it was seen to go. */
export interface Played {
  readonly label: string
  readonly ending: 'answered' | 'waiting' | 'dead'
  readonly outcome: string
  readonly heard: readonly Heard[]
  /** Its transactions among all, in the order in which they ran. */
  readonly transactions: readonly number[]
  readonly predict: (model: Model, heard: readonly Heard[]) => Prediction
}

/** A state of the model that a row of events leads to. */
interface Reached {
  readonly model: Model
  /** What each use-case answered; undefined while it has events left. */
  readonly outcomes: readonly (string | undefined)[]
  /** What each use-case knows between two of its events. */
  readonly knowledge: readonly string[]
  readonly mistake: string | undefined
}

/** Where the search is: a row of events, how many of each use-case changed something, and what. */
interface Place {
  readonly row: readonly number[]
  readonly changes: readonly number[]
  readonly description: string
}

const attemptsMax = 50_000
/** When all answers were right, the state that is not says more than any answer. */
const aboveAll: readonly number[] = Array.from({ length: 100 }, () => 0)

/**
 * Looks for an order of the events of all use-cases in which the model gives every answer that was
 * seen and ends in the state that was seen. A use-case that died may have stopped after any event.
 */
export class Explanation {
  readonly #base: Model
  readonly #played: readonly Played[]
  readonly #observed: Observed
  readonly #wanted: string
  readonly #visited = new Set<string>()
  #mistake = { after: -1, text: 'no order of events explains this' }
  attempts = 0

  constructor(base: Model, played: readonly Played[], observed: Observed) {
    this.#base = base
    this.#played = played
    this.#observed = observed
    this.#wanted = observed.lines.join('\n')
  }

  /** The model after these events. Throws an error that shows the difference if there is none. */
  find(): Model {
    const description = describeModel(this.#base).join('\n')
    const model = this.#search({ row: [], changes: this.#played.map(() => 0), description })
    if (model) return model
    const isGivenUp = this.attempts > attemptsMax
    const tried = isGivenUp ? `the search was given up after ${attemptsMax} orders of events; ` : ''
    throw new Error(`${tried}${this.#mistake.text}`)
  }

  #search({ row, changes, description }: Place): Model | undefined {
    const reached = this.#replay(row)
    if (reached.mistake !== undefined) return this.#refuse(row, reached.mistake)
    const lines = describeModel(reached.model)
    const here = lines.join('\n')
    const open = [...this.#played.keys()].filter((index) => reached.outcomes[index] === undefined)
    if (open.every((index) => this.#played[index]?.ending === 'dead')) {
      if (here === this.#wanted) return reached.model
      this.#refuse([...row, ...aboveAll], differenceOf(lines, this.#observed.lines))
    }
    const last = here === description ? -1 : row.at(-1)
    const place = {
      changes: changes.map((count, index) => count + (index === last ? 1 : 0)),
      description: here,
    }
    if (this.#isKnown(row, [...reached.knowledge, here])) return undefined
    for (const index of this.#byLikelihood(open, place.changes)) {
      const model = this.#search({ ...place, row: [...row, index] })
      if (model || this.attempts > attemptsMax) return model
    }
    return undefined
  }

  /** What went well for longest is nearest to what happened, so its mistake says most. */
  #refuse({ length }: readonly number[], text: string): undefined {
    if (length > this.#mistake.after) this.#mistake = { after: length, text }
    return undefined
  }

  #replay(row: readonly number[]): Reached {
    this.attempts += 1
    const model = this.#base.copy()
    const predictions = this.#played.map(({ predict, heard }) => predict(model, heard))
    const outcomes: (string | undefined)[] = this.#played.map(() => undefined)
    const knowledge = this.#played.map(() => '')
    for (const index of row) {
      const step = predictions[index]?.next()
      knowledge[index] = step?.value ?? ''
      if (step?.done !== true) continue
      outcomes[index] = step.value
      const mistake = mistakeOf(this.#played[index], step.value)
      if (mistake !== undefined) return { model, outcomes, knowledge, mistake }
    }
    return { model, outcomes, knowledge, mistake: undefined }
  }

  /** First whose next transaction was the next: events that change something mostly are one. */
  #byLikelihood(open: readonly number[], changes: readonly number[]): number[] {
    const nextOf = (index: number) =>
      this.#played[index]?.transactions[changes[index] ?? 0] ?? Infinity
    return open.toSorted((a, b) => (nextOf(a) < nextOf(b) ? -1 : nextOf(a) > nextOf(b) ? 1 : a - b))
  }

  /** Two rows that lead to the same state and the same knowledge go on alike. */
  #isKnown(row: readonly number[], state: readonly string[]): boolean {
    if (this.#played.length === 1) return false
    const counts = this.#played.map((_, index) => row.filter((other) => other === index).length)
    const key = [counts.join(), ...state].join('\n')
    if (this.#visited.has(key)) return true
    this.#visited.add(key)
    return false
  }
}

function mistakeOf(played: Played | undefined, predicted: string): string | undefined {
  if (!played || played.ending === 'dead') return undefined
  const seen = played.ending === 'waiting' ? waiting : played.outcome
  if (predicted === seen) return undefined
  return `${played.label}\n  should be: ${predicted}\n  but was:   ${seen}`
}

export function differenceOf(wanted: readonly string[], seen: readonly string[]): string {
  const [missing, surplus] = [
    wanted.filter((line) => !seen.includes(line)),
    seen.filter((line) => !wanted.includes(line)),
  ]
  return [
    ...missing.map((line) => `  should be: ${line}`),
    ...surplus.map((line) => `  but is:    ${line}`),
  ].join('\n')
}
