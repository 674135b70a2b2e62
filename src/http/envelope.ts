import { Type, type TSchema } from 'typebox'

export type Links = Readonly<Record<string, string>>

export interface Envelope<T> {
  readonly success: true
  readonly data: T
  readonly message: string
}

/** The body of every successful answer. `extra` is its `meta` (paging) and `links`. */
export function success<T, Extra extends { meta?: object; links?: Links } = object>(
  data: T,
  message: string,
  extra?: Extra,
): Envelope<T> & Extra {
  return { success: true, data, message, ...(extra as Extra) }
}

const LinksSchema = Type.Record(Type.String(), Type.String())

export function envelope<T extends TSchema>(data: T) {
  return Type.Object({
    success: Type.Literal(true),
    data,
    message: Type.String(),
    links: Type.Optional(LinksSchema),
  })
}

export const PageMeta = Type.Object({
  page: Type.Optional(Type.Integer()),
  per_page: Type.Integer(),
  total: Type.Optional(Type.Integer()),
  total_pages: Type.Optional(Type.Integer()),
  total_capped: Type.Optional(Type.Boolean()),
  next_cursor: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

export function listEnvelope<T extends TSchema>(item: T) {
  return Type.Object({
    success: Type.Literal(true),
    data: Type.Array(item),
    message: Type.String(),
    meta: PageMeta,
    links: Type.Optional(LinksSchema),
  })
}

/** How the units door refuses. */
export const MessageBody = Type.Object({
  message: Type.Union([Type.String(), Type.Record(Type.String(), Type.Array(Type.String()))]),
})

export const ErrorBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String(),
      message: Type.String(),
      details: Type.Record(Type.String(), Type.Unknown()),
      request_id: Type.String(),
    }),
  },
  { title: 'Error' },
)
