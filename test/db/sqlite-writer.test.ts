import assert from 'node:assert/strict'
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Tx } from '../../src/db/database.ts'
import { SqliteConnection } from '../../src/db/dialect/sqlite/connection.ts'
import { sqliteDialect } from '../../src/db/dialect/sqlite/dialect.ts'
import { SqliteWriter } from '../../src/db/dialect/sqlite/writer.ts'
import { makeFolder } from '../support/server-process.ts'

async function openWriter(t: TestContext) {
  const folder = await makeFolder('sqlite')
  const file = join(folder, 'test.db')
  const connection = new SqliteConnection({ file, readOnly: false, busyTimeoutMs: 1_000 })
  connection.run('create table notes (text text primary key) strict', [])
  const statements = t.mock.method(connection, 'run')
  const commits = () =>
    statements.mock.calls.filter((call) => call.arguments[0] === 'commit').length
  return {
    file,
    writer: new SqliteWriter(connection),
    commits,
    notes: () => connection.all('select text from notes order by text', []).map(textOf),
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const textOf = (row: unknown) => (row as { text: string }).text

function write(text: string) {
  return async (tx: Tx) => {
    await tx.runner.run('insert into notes (text) values (?)', [text])
    return text
  }
}

test('transactions that wait together share one COMMIT', async (t) => {
  await using opened = await openWriter(t)
  const { writer, commits, notes } = opened
  const texts = Array.from({ length: 100 }, (_, index) => `note ${String(index).padStart(2, '0')}`)
  assert.deepEqual(await Promise.all(texts.map((text) => writer.transaction(write(text)))), texts)
  assert.equal(commits(), 1)
  assert.deepEqual(notes(), texts)
})

test('a group is bounded, so the first of it does not wait for ever', async (t) => {
  await using opened = await openWriter(t)
  const { writer, commits, notes } = opened
  const texts = Array.from({ length: 300 }, (_, index) => String(index))
  await Promise.all(texts.map((text) => writer.transaction(write(text))))
  assert.equal(commits(), 3)
  assert.equal(notes().length, 300)
})

test('one of a group that fails rolls back alone, and hears it after the COMMIT', async (t) => {
  await using opened = await openWriter(t)
  const { writer, commits, notes } = opened
  const results = await Promise.allSettled([
    writer.transaction(write('a')),
    writer.transaction(async (tx) => {
      await write('b')(tx)
      throw new Error('changed my mind')
    }),
    writer.transaction(write('a')),
    writer.transaction(write('c')),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.equal(commits(), 1)
  assert.deepEqual(notes(), ['a', 'c'])
})

test('a COMMIT that fails fails the whole group, and nothing of it stays', async (t) => {
  await using opened = await openWriter(t)
  const { writer, notes } = opened
  const heard: string[] = []
  const results = await Promise.allSettled([
    writer.transaction(async (tx) => {
      tx.afterCommit(() => heard.push('a'))
      await write('a')(tx)
    }),
    writer.transaction(async (tx) => {
      await write('b')(tx)
      // Only the COMMIT of this deferred key finds out.
      await tx.runner.run('create table parents (id integer primary key) strict', [])
      await tx.runner.run(
        `create table children (id integer references parents (id)
          deferrable initially deferred) strict`,
        [],
      )
      await tx.runner.run('insert into children (id) values (1)', [])
    }),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(heard, [])
  assert.deepEqual(notes(), [])
  await writer.transaction(write('later'))
  assert.deepEqual(notes(), ['later'])
})

test('another process that writes is waited for without keeping anybody else waiting', async (t) => {
  await using opened = await openWriter(t)
  const { writer, file, notes } = opened
  using other = new DatabaseSync(file)
  other.exec("begin immediate; insert into notes (text) values ('theirs')")
  const ours = writer.transaction(write('ours'))
  let turns = 0
  for (; turns < 100; turns++) await nextTurn()
  assert.deepEqual(notes(), [])
  other.exec('commit')
  assert.equal(await ours, 'ours')
  assert.deepEqual(notes(), ['ours', 'theirs'])
})

test('another process that never stops writing is given up on, and those waiting are told', async (t) => {
  await using opened = await openWriter(t)
  const { writer, file, notes } = opened
  using other = new DatabaseSync(file)
  other.exec('begin immediate')
  const results = await Promise.allSettled([
    writer.transaction(write('a')),
    writer.transaction(write('b')),
  ])
  const kinds = results.map((result) =>
    result.status === 'rejected' ? sqliteDialect.readFault(result.reason).kind : 'written',
  )
  assert.deepEqual(kinds, ['retry', 'retry'])
  other.exec('rollback')
  assert.equal(await writer.transaction(write('c')), 'c')
  assert.deepEqual(notes(), ['c'])
})
