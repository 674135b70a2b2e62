import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Context } from '../../context.ts'
import { takingTurns } from './hot.ts'

const contextWith = (rowLocks: boolean) =>
  ({ db: { dialect: { can: { rowLocks } } } }) as unknown as Context

/** Starts `count` pieces of work that go on until they are told to end. */
function start(ctx: Context, articles: readonly (readonly string[])[]) {
  const running: number[] = []
  const ends: (() => void)[] = []
  const all = articles.map((variantIds, index) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    ends[index] = resolve
    return takingTurns(ctx, variantIds, async () => {
      running.push(index)
      await promise
      return index
    })
  })
  return { running, end: (index: number) => ends[index]?.(), all: Promise.all(all) }
}

const times = (count: number, articles: readonly string[]) =>
  Array.from({ length: count }, () => articles)

test('eight at once may want the same article, and the others follow in their order', async () => {
  const { running, end, all } = start(contextWith(true), times(11, ['lamp']))
  await nextTurn()
  assert.deepEqual(running, [0, 1, 2, 3, 4, 5, 6, 7])
  end(3)
  await nextTurn()
  assert.deepEqual(running.slice(8), [8])
  for (let index = 0; index < 11; index++) end(index)
  assert.deepEqual(await all, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(running.slice(8), [8, 9, 10])
})

test('those who want different articles do not wait for each other', async () => {
  const articles = Array.from({ length: 20 }, (_, index) => [`lamp-${index}`])
  const { running, end, all } = start(contextWith(true), articles)
  await nextTurn()
  assert.equal(running.length, 20)
  for (let index = 0; index < 20; index++) end(index)
  await all
})

test('carts with the same articles in another order cannot block each other', async () => {
  const articles = [...times(10, ['a', 'b']), ...times(10, ['b', 'a', 'b'])]
  const { running, end, all } = start(contextWith(true), articles)
  await nextTurn()
  assert.equal(running.length, 8)
  for (let index = 0; index < 20; index++) end(index)
  assert.equal((await all).length, 20)
})

test('work that fails gives its place to the next', async () => {
  const ctx = contextWith(true)
  const failing = () => takingTurns(ctx, ['lamp'], () => Promise.reject(new Error('sold out')))
  const failures = await Promise.allSettled(Array.from({ length: 20 }, failing))
  assert.ok(failures.every(({ status }) => status === 'rejected'))
  assert.equal(await takingTurns(ctx, ['lamp'], () => Promise.resolve('sold')), 'sold')
})

test('where transactions run one at a time anyway nobody waits', async () => {
  const { running, end, all } = start(contextWith(false), times(20, ['lamp']))
  await nextTurn()
  assert.equal(running.length, 20)
  for (let index = 0; index < 20; index++) end(index)
  await all
})
