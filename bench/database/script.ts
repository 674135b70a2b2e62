import type { Step } from './recorder.ts'

/** One operation of the shop, as its database server saw it. */
export interface Recording {
  readonly steps: readonly Step[]
  /** Texts that were made for this operation: another one must have others. */
  readonly ownTexts: readonly string[]
  /** The time that stood still while it ran. */
  readonly nowMs: number
}

/** A time, told from the one at which the operation ran. */
export interface Time {
  readonly afterMs: number
}

/** Where a text has an id of its own (by its place among all ids), or a time. */
export type Gap = { readonly id: number } | Time

/** A text with gaps to be filled for each operation. */
export interface Template {
  readonly pieces: readonly (string | Gap)[]
}

/** A parameter: what it always was, or what has to be made anew. */
export type Value = null | boolean | number | string | Time | Template

/** What differs between operations of the same kind: other articles, other prices. */
export interface Variant {
  readonly params: readonly (readonly Value[])[]
  readonly rows: readonly number[]
}

/** An operation that can be repeated without the shop, by whoever can run SQL. */
export interface Script {
  readonly steps: readonly Pick<Step, 'kind' | 'sql' | 'joined'>[]
  readonly idCount: number
  readonly variants: readonly Variant[]
}

/** For a connection of its own that repeats a script: the variants that it may take. */
export interface Share {
  readonly first: number
  readonly count: number
}

/** One script for recordings that ran the same statements; refuses others. */
export function scriptOf(recordings: readonly Recording[]): Script {
  const [first, ...others] = recordings
  if (!first) throw new Error('nothing was recorded')
  const steps = first.steps.map(({ kind, sql, joined }) => ({ kind, sql, joined }))
  const shape = JSON.stringify(steps)
  for (const { steps: other } of others) {
    const found = other.map(({ kind, sql, joined }) => ({ kind, sql, joined }))
    if (JSON.stringify(found) !== shape) throw new Error(differenceOf(steps, found))
  }
  if (steps.some(({ kind }) => kind === 'rollback')) throw new Error('a transaction was undone')
  const idCounts = new Set(recordings.map(({ ownTexts }) => ownTexts.length))
  if (idCounts.size > 1) throw new Error('operations of one kind made different numbers of ids')
  return { steps, idCount: first.ownTexts.length, variants: recordings.map(variantOf) }
}

type Shape = Script['steps']

function differenceOf(expected: Shape, found: Shape): string {
  const at = expected.findIndex((step, index) => step.sql !== found[index]?.sql)
  const [left, right] = [expected, found].map((steps) => steps[at]?.sql ?? '(nothing)')
  return `operations of one kind differ at statement ${at + 1}:\n  ${left}\n  ${right}`
}

function variantOf(recording: Recording): Variant {
  const fill = templateMaker(recording)
  return {
    params: recording.steps.map(({ params }) => params.map(fill)),
    rows: recording.steps.map(({ rows }) => rows),
  }
}

/** Times are taken for such if they lie between the operation and the end of what it may keep. */
const futureMaxMs = 400 * 24 * 3_600_000

function templateMaker({ ownTexts, nowMs }: Recording): (value: unknown) => Value {
  const isTime = (value: number) => value >= nowMs && value <= nowMs + futureMaxMs
  // Times have as many digits as now; longest first, since one text may begin like another.
  const texts = ownTexts.toSorted((left, right) => right.length - left.length)
  const pattern = new RegExp(`(${[...texts.map(RegExp.escape), '\\b\\d{13}\\b'].join('|')})`)
  const pieceOf = (part: string, index: number): string | Gap => {
    if (index % 2 === 0) return part
    const id = ownTexts.indexOf(part)
    if (id >= 0) return { id }
    return isTime(Number(part)) ? { afterMs: Number(part) - nowMs } : part
  }
  return (value) => {
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'number') return isTime(value) ? { afterMs: value - nowMs } : value
    if (typeof value !== 'string') throw new Error(`a parameter is a ${typeof value}`)
    const pieces = value
      .split(pattern)
      .map(pieceOf)
      .filter((piece) => piece !== '')
    return pieces.every((piece) => typeof piece === 'string') ? value : { pieces }
  }
}

/** What is new in each operation. */
export interface Fresh {
  readonly ids: readonly string[]
  readonly nowMs: number
}

/** The parameter as it is sent. */
export function bind(value: Value, { ids, nowMs }: Fresh): null | boolean | number | string {
  if (value === null || typeof value !== 'object') return value
  if ('afterMs' in value) return nowMs + value.afterMs
  const texts = value.pieces.map((piece) => {
    if (typeof piece === 'string') return piece
    return 'id' in piece ? ids[piece.id] : String(nowMs + piece.afterMs)
  })
  return texts.join('')
}

/** Shares the variants out, so that no two connections of different shares take the same one. */
export function shareOf(
  script: Script,
  { index, shares }: { index: number; shares: number },
): Share {
  const { count, size } = sharesOf(script, shares)
  return { first: (index % count) * size, count: size }
}

/** There cannot be more shares than variants. */
export function sharesOf({ variants }: Script, wanted: number): { count: number; size: number } {
  const count = Math.min(wanted, variants.length)
  return { count, size: Math.floor(variants.length / count) }
}
