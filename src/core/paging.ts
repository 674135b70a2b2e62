import { invalid } from './errors.ts'

export const pageSizeDefault = 20
export const pageSizeMax = 100
/** Counting further would cost more than the number is worth. */
export const countMax = 10_000

export type PlaceKey = string | number

/**
 * How to page: by number, or from a place on (`after`), which stays exact while rows come and go.
 */
export interface Paging {
  readonly page: number
  readonly perPage: number
  readonly after: readonly PlaceKey[] | undefined
}

export interface Counted {
  readonly total: number
  readonly capped: boolean
}

/** One page: its rows, how many there are in all, and where the next one starts. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly counted: Counted
  readonly next: string | null
}

export function countedOf(count: number): Counted {
  return { total: Math.min(count, countMax), capped: count > countMax }
}

export function pagingOf(query: {
  readonly page?: number
  readonly per_page?: number
  readonly cursor?: string
}): Paging {
  return {
    page: query.page ?? 1,
    perPage: query.per_page ?? pageSizeDefault,
    after: query.cursor === undefined ? undefined : readCursor(query.cursor),
  }
}

export function writeCursor(place: readonly PlaceKey[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function readCursor(cursor: string): readonly PlaceKey[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(place) && place.length <= 3 && place.every(isKey)) return place
  } catch {
    // falls through to the refusal
  }
  throw badCursor()
}

export function badCursor() {
  return invalid('cursor', 'must be a next_cursor from an earlier answer with the same sort')
}

function isKey(value: unknown): value is PlaceKey {
  return (typeof value === 'string' && !value.includes('\0')) || Number.isSafeInteger(value)
}
