import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page, Paging } from '../core/paging.ts'
import { pageLinks, pageMeta } from './paging.ts'

const paging = (page: number, after?: Paging['after']): Paging => ({ page, perPage: 10, after })
const counted = (total: number, capped = false): Page<unknown> => ({
  items: [],
  counted: { total, capped },
  next: 'next',
})

test('the meta of a page says where it is, and that a count was capped', () => {
  const meta = { page: 2, per_page: 10, total: 21, total_pages: 3, next_cursor: 'next' }
  assert.deepEqual(pageMeta(paging(2), counted(21)), meta)
  assert.deepEqual(pageMeta(paging(1), { ...counted(0), next: null }), {
    ...{ page: 1, per_page: 10, total: 0, total_pages: 0, next_cursor: null },
  })
  const capped = pageMeta(paging(1), counted(10_000, true))
  assert.equal(capped.total_capped, true)
})

test('links lead to the pages before and after, where there are any', () => {
  assert.deepEqual(pageLinks('/x', paging(1), counted(10)), { self: '/x' })
  assert.deepEqual(pageLinks('/x', paging(1), counted(11)), { self: '/x', next: '/x?page=2' })
  assert.deepEqual(pageLinks('/x?page=2&a=b', paging(2), counted(20)), {
    self: '/x?page=2&a=b',
    prev: '/x?page=1&a=b',
  })
  assert.deepEqual(pageLinks('/x?cursor=c', paging(1, [5]), counted(50)), { self: '/x?cursor=c' })
})

test('links keep what was asked, question marks and all', () => {
  const { next } = pageLinks('/x?search=why%3F?&tag=a%26b', paging(1), counted(11))
  const query = new URLSearchParams(next?.slice('/x?'.length))
  assert.deepEqual(Object.fromEntries(query), { search: 'why??', tag: 'a&b', page: '2' })
})
