import { Type } from 'typebox'
import { pageSizeDefault, pageSizeMax, type Page, type Paging } from '../core/paging.ts'

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
