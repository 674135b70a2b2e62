import { Readable } from 'node:stream'
import { Type, type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { invalid, type ErrorCode } from '../core/errors.ts'
import { countedOf, pagingOf, writeCursor, type PlaceKey } from '../core/paging.ts'
import { csvTable, type Cell } from '../csv.ts'
import type { Permission } from '../domains/access/permissions.ts'
import type { App } from './app.ts'
import { listEnvelope, success } from './envelope.ts'
import { CursorQuery } from './paging.ts'

const day = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
const time = 'T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,3})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})'

/** A moment, or a day, which begins at midnight UTC. */
export const Moment = Type.String({
  pattern: `^${day}(?:${time})?$`,
  description: 'A day such as 2026-11-21, or a moment such as 2026-11-21T10:30:00Z',
  examples: ['2026-11-21'],
})

/** UTC milliseconds of a Moment. Throws VALIDATION_ERROR for what the calendar has not. */
export function timeOf(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw invalid(field, 'is no moment of the calendar')
  return at
}

/** The choices in `text`, with commas between them. Throws VALIDATION_ERROR for others. */
export function choicesOf(
  field: string,
  text: string | undefined,
  choices: readonly string[],
): readonly string[] | undefined {
  if (text === undefined) return undefined
  const chosen = [...new Set(text.split(',').map((choice) => choice.trim()))]
  const known = chosen.every((choice) => choices.includes(choice))
  if (!known) throw invalid(field, `must be one or more of ${choices.join(', ')}`)
  return chosen
}

export interface ListRequest<Filter> {
  readonly filter: Filter
  readonly sort: string
  readonly after: readonly PlaceKey[] | undefined
  readonly limit: number
}

/** A row, and where it stands in the list. */
export interface PlacedRow<Row> {
  readonly row: Row
  readonly place: readonly PlaceKey[]
}

/** A list for staff: what it is filtered and sorted by, and how its rows look. */
export interface StaffList<Fields extends TProperties, Filter, Row> {
  readonly path: `/admin/${string}`
  readonly tags: readonly string[]
  readonly summary: string
  readonly permission: Permission
  readonly errors?: readonly ErrorCode[]
  readonly fields: Fields
  /** The first is the default. */
  readonly sorts: readonly [string, ...string[]]
  readonly view: TSchema
  filterOf(fields: Static<TObject<Fields>>): Filter
  /** An export shows less of a row than a page does. */
  read(
    request: ListRequest<Filter>,
    use: { readonly isExport: boolean },
  ): Promise<readonly PlacedRow<Row>[]>
  /** Counted to one more than is ever reported. */
  count(filter: Filter): Promise<number>
  show(row: Row): object
  readonly columns: Readonly<Record<string, (row: Row) => Cell>>
}

const exportPage = 1_000

/**
 * Registers a list and its export as CSV, which takes the same filters. Both read on the
 * connection for long reads; the export holds a page of rows, however long it is.
 */
export function registerStaffList<Fields extends TProperties, Filter, Row>(
  app: App,
  list: StaffList<Fields, Filter, Row>,
): void {
  const { path, tags, summary, permission, fields, sorts, errors = [] } = list
  const sort = Type.Optional(Type.Enum([...sorts], { default: sorts[0] }))
  const closed = { additionalProperties: false }
  const config = { allow: permission, errors }
  const head = { tags: [...tags], summary }
  app.get(
    path,
    {
      schema: {
        ...head,
        querystring: Type.Object({ ...CursorQuery.properties, sort, ...fields }, closed),
        response: { 200: listEnvelope(list.view) },
      },
      config,
    },
    async (request) => answerPage(list, { url: request.url, query: request.query as ListQuery }),
  )
  app.get(
    `${path}/export`,
    {
      schema: {
        ...head,
        summary: `${summary}: all of it, as CSV`,
        querystring: Type.Object({ sort, ...fields }, closed),
        response: { 200: { content: { 'text/csv': { schema: Type.String() } } } },
      },
      config,
    },
    async (request, reply) => {
      const { sort: chosen = sorts[0], ...given } = request.query as ListQuery
      const filter = list.filterOf(given as unknown as Static<TObject<Fields>>)
      const name = path.slice(path.lastIndexOf('/') + 1)
      reply.type('text/csv; charset=utf-8')
      reply.header('content-disposition', `attachment; filename="${name}.csv"`)
      const pages = allPages(list, { filter, sort: chosen })
      return reply.send(Readable.from(csvTable(list.columns, pages)) as never)
    },
  )
}

interface ListQuery {
  readonly per_page?: number
  readonly cursor?: string
  readonly sort?: string
}

async function answerPage<Fields extends TProperties, Filter, Row>(
  list: StaffList<Fields, Filter, Row>,
  { url, query }: { url: string; query: ListQuery },
) {
  const { sort = list.sorts[0], ...given } = query
  const { perPage, after } = pagingOf(query)
  const filter = list.filterOf(given as unknown as Static<TObject<Fields>>)
  const [found, count] = await Promise.all([
    list.read({ filter, sort, after, limit: perPage + 1 }, { isExport: false }),
    list.count(filter),
  ])
  const page = found.slice(0, perPage)
  const last = page.at(-1)
  const next = found.length > perPage && last ? writeCursor(last.place) : null
  const { total, capped } = countedOf(count)
  return success(
    page.map(({ row }) => list.show(row)),
    'Listed',
    {
      meta: {
        per_page: perPage,
        total,
        ...(capped ? { total_capped: true } : {}),
        next_cursor: next,
      },
      links: linksOf(url, next),
    },
  )
}

function linksOf(url: string, next: string | null): Record<string, string> {
  const at = url.indexOf('?')
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
  const link = (cursor: string | undefined) => {
    const params = new URLSearchParams(query)
    params.delete('cursor')
    if (cursor !== undefined) params.set('cursor', cursor)
    return params.size === 0 ? path : `${path}?${params.toString()}`
  }
  const { cursor } = Object.fromEntries(new URLSearchParams(query))
  return {
    self: url,
    ...(cursor === undefined ? {} : { first: link(undefined) }),
    ...(next === null ? {} : { next: link(next) }),
  }
}

/** A list from its beginning to its end, a page of rows at a time. */
async function* allPages<Fields extends TProperties, Filter, Row>(
  list: StaffList<Fields, Filter, Row>,
  { filter, sort }: { filter: Filter; sort: string },
): AsyncGenerator<readonly Row[]> {
  let after: readonly PlaceKey[] | undefined
  for (;;) {
    const rows = await list.read({ filter, sort, after, limit: exportPage }, { isExport: true })
    yield rows.map(({ row }) => row)
    if (rows.length < exportPage) return
    after = rows.at(-1)?.place
  }
}
