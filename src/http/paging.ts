import { Type } from 'typebox'
import {
  badCursor,
  pageSizeDefault,
  pageSizeMax,
  pagingOf,
  writeCursor,
  type Page,
  type Paging,
} from '../core/paging.ts'
import { uuidPattern } from './schema.ts'

export const PageQuery = {
  page: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1, description: 'Page, from 1' }),
  ),
  per_page: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageSizeMax, default: pageSizeDefault }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 500, description: 'meta.next_cursor of the page before' }),
  ),
}

/** For lists that are read from one end: what they are in all is not counted. */
export const CursorQuery = Type.Object(
  { per_page: PageQuery.per_page, cursor: PageQuery.cursor },
  { additionalProperties: false },
)

const isPlace = new RegExp(`^(?:${uuidPattern}|[1-9][0-9]{0,14})$`)

interface CursorList<Row> {
  /** Rows after the one whose place is given, or from the beginning. */
  read(after: string | undefined, limit: number): Promise<readonly Row[]>
  /** The UUID or the number that the list is ordered by. */
  placeOf(row: Row): string | number
}

/** One page of a list that is walked by the place of its last row. */
export async function cursorPage<Row>(
  query: { readonly per_page?: number; readonly cursor?: string },
  { read, placeOf }: CursorList<Row>,
) {
  const { perPage, after } = pagingOf(query)
  const place = after?.[0]
  if (after && !isPlace.test(String(place))) throw badCursor()
  const found = await read(place === undefined ? undefined : String(place), perPage + 1)
  const rows = found.slice(0, perPage)
  const last = rows.at(-1)
  const next = found.length > perPage && last ? writeCursor([placeOf(last)]) : null
  return { rows, meta: { per_page: perPage, next_cursor: next } }
}

export function pageMeta(paging: Paging, { counted, next }: Page<unknown>) {
  return {
    page: paging.page,
    per_page: paging.perPage,
    total: counted.total,
    total_pages: Math.ceil(counted.total / paging.perPage),
    ...(counted.capped ? { total_capped: true } : {}),
    next_cursor: next,
  }
}

/** `self`, `next` and `prev` for a list, keeping the caller's filters. */
export function pageLinks(
  url: string,
  { page, perPage, after }: Paging,
  { counted }: Page<unknown>,
) {
  const links: Record<string, string> = { self: url }
  if (after !== undefined) return links
  if (page * perPage < counted.total) links['next'] = withPage(url, page + 1)
  if (page > 1) links['prev'] = withPage(url, page - 1)
  return links
}

function withPage(url: string, page: number): string {
  // Only the first question mark divides: those after it belong to the query.
  const at = url.indexOf('?')
  const params = new URLSearchParams(at < 0 ? '' : url.slice(at + 1))
  params.set('page', String(page))
  return `${at < 0 ? url : url.slice(0, at)}?${params.toString()}`
}
