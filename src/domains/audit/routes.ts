import { Readable } from 'node:stream'
import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { csvTable } from '../../csv.ts'
import type { App } from '../../http/app.ts'
import { listEnvelope, success } from '../../http/envelope.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { exportLog, searchLog, type AuditEntry } from './log.ts'

const tags = ['Administration']
const config = { allow: 'audit:read' } as const

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }))

const filters = {
  actor_id: Type.Optional(Type.String({ format: 'uuid', description: 'Who acted' })),
  action: text(60, 'An action, or the beginning of one with its dot: account.'),
  subject_kind: text(40, 'What was acted on, such as product'),
  subject_id: text(100, 'Its id'),
  request_id: text(100, 'Everything that one request has done'),
  from: Type.Optional(Type.String({ format: 'date-time' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'Not included' })),
}

const LogQuery = Type.Object(
  { ...CursorQuery.properties, ...filters },
  { additionalProperties: false },
)
const ExportQuery = Type.Object(
  { ...filters, format: Type.Optional(Type.Enum(['jsonl', 'csv'])) },
  { additionalProperties: false },
)

const nullableText = Type.Union([Type.String(), Type.Null()])
const Change = Type.Union([Type.Object({}), Type.Null()])

const EntryView = Type.Object(
  {
    id: Uuid,
    created_at: Timestamp,
    actor_kind: Type.String(),
    actor_id: nullableText,
    actor_name: Type.String(),
    action: Type.String(),
    subject_kind: Type.String(),
    subject_id: Type.String(),
    before: Change,
    after: Change,
    request_id: nullableText,
    ip: nullableText,
  },
  { title: 'AuditEntry' },
)

function entryView({ before_change, after_change, ...row }: AuditEntry) {
  const opened = (json: string | null) => (json === null ? null : (JSON.parse(json) as object))
  const created_at = new Date(row.created_at).toISOString()
  return { ...row, created_at, before: opened(before_change), after: opened(after_change) }
}

function filterOf(query: Omit<Static<typeof ExportQuery>, 'format'>) {
  const timeOf = (given: string | undefined) =>
    given === undefined ? undefined : Date.parse(given)
  return {
    actorId: query.actor_id?.toLowerCase(),
    action: query.action,
    subjectKind: query.subject_kind,
    subjectId: query.subject_id,
    requestId: query.request_id,
    from: timeOf(query.from),
    to: timeOf(query.to),
  }
}

export function registerAuditRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/audit-log',
    {
      schema: {
        tags,
        summary: 'What staff, API keys and the command line have done, newest first',
        querystring: LogQuery,
        response: { 200: listEnvelope(EntryView) },
      },
      config,
    },
    async (request) => {
      const { rows, meta } = await cursorPage(request.query, {
        read: (before, limit) => searchLog(ctx, filterOf(request.query), { before, limit }),
        placeOf: ({ id }) => id,
      })
      return success(rows.map(entryView), 'Log searched', { meta })
    },
  )

  app.get(
    '/admin/audit-log/export',
    {
      schema: {
        tags,
        summary: 'The same, all of it, as JSON lines or CSV',
        querystring: ExportQuery,
        response: {
          200: {
            content: {
              'application/jsonl': { schema: Type.String() },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
      config,
    },
    async (request, reply) => {
      const { format = 'jsonl', ...query } = request.query
      const lines = format === 'csv' ? csvOf : jsonLinesOf
      reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl')
      reply.header('content-disposition', `attachment; filename="audit-log.${format}"`)
      return reply.send(Readable.from(lines(exportLog(ctx, filterOf(query)))) as never)
    },
  )
}

type Pages = AsyncIterable<readonly AuditEntry[]>

async function* jsonLinesOf(pages: Pages): AsyncGenerator<string> {
  for await (const rows of pages) {
    yield rows.map((row) => `${JSON.stringify(entryView(row))}\n`).join('')
  }
}

const columns = Object.fromEntries(
  Object.keys(EntryView.properties).map((name) => [
    name,
    (entry: AuditEntry) => {
      const value = entryView(entry)[name as keyof ReturnType<typeof entryView>]
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    },
  ]),
)

const csvOf = (pages: Pages) => csvTable(columns, pages)
