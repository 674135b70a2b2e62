import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { ConfigError } from '../../src/config/read.ts'
import type { Database, Runner } from '../../src/db/database.ts'
import { CommitUnknownError, UnavailableError } from '../../src/db/errors.ts'
import { defaultLimits } from '../../src/db/limits.ts'
import { openDatabase } from '../../src/db/open.ts'
import { forEachDatabase, type OpenFresh } from '../support/databases.ts'
import { startProxy } from '../support/proxy.ts'
import { settingNames, writeSetting } from './fixtures.ts'

forEachDatabase((name, openFresh) => {
  if (name === 'sqlite') return

  test('every connection has the settings that correctness rests on', async () => {
    await using fresh = await openFresh({ poolSize: 3, lockTimeoutMs: 2_000 })
    const { database } = fresh
    const seen = await Promise.all(
      [1, 2, 3].map(() => database.transaction((tx) => settingsOf(name, tx.runner))),
    )
    const reads = [await settingsOf(name, database.read.runner)]
    for (const settings of [...seen, ...reads]) assert.deepEqual(settings, expected[name])
  })

  test('a server that is not there is "unavailable" at once', async () => {
    const url = `${name}://nobody@127.0.0.1:1/nothing`
    await assert.rejects(openDatabase(url), UnavailableError)
  })

  test('a broken connection is "unavailable", and the pool recovers by itself', async () => {
    await using broken = await openBehindProxy(openFresh)
    const { database, proxy } = broken
    await database.transaction((tx) => writeSetting(tx, 'before', '1'))
    proxy.cut()
    for (let round = 0; round < 3; round++) {
      await assert.rejects(settingNames(database.read), isUnavailable(database))
      await assert.rejects(
        database.transaction((tx) => writeSetting(tx, 'meanwhile', '1')),
        isUnavailable(database),
      )
      await assert.rejects(database.ping(), isUnavailable(database))
    }
    proxy.restore()
    await database.ping()
    await database.transaction((tx) => writeSetting(tx, 'after', '1'))
    assert.deepEqual(await settingNames(database.read), ['after', 'before'])
  })

  test('connections that died while idle are replaced without an error', async () => {
    await using broken = await openBehindProxy(openFresh)
    const { database, proxy } = broken
    const touch = () => settingNames(database.read)
    await Promise.all(Array.from({ length: 10 }, touch))
    proxy.cut()
    proxy.restore()
    await database.transaction((tx) => writeSetting(tx, 'a', '1'))
    const seen = await Promise.all(Array.from({ length: 10 }, touch))
    assert.deepEqual(new Set(seen.flat()), new Set(['a']))
  })

  test('work whose connection broke before COMMIT is run again, and counts once', async () => {
    await using broken = await openBehindProxy(openFresh)
    const { database, proxy } = broken
    const heard: number[] = []
    let attempts = 0
    await database.transaction(async (tx) => {
      attempts += 1
      const attempt = attempts
      tx.afterCommit(() => heard.push(attempt))
      await writeSetting(tx, 'a', '1')
      if (attempts > 1) return
      proxy.cut()
      proxy.restore()
      await writeSetting(tx, 'b', '1').catch(() => undefined)
    })
    assert.equal(attempts, 2)
    assert.deepEqual(heard, [2])
    assert.deepEqual(await settingNames(database.read), ['a'])
  })

  test('a COMMIT whose answer was lost is reported as unknown and never repeated', async () => {
    await using broken = await openBehindProxy(openFresh)
    const { database, proxy } = broken
    let attempts = 0
    const heard: string[] = []
    const work = database.transaction(async (tx) => {
      attempts += 1
      tx.afterCommit(() => heard.push('done'))
      await writeSetting(tx, 'a', '1')
      proxy.cutAfter('commit')
    })
    await assert.rejects(work, CommitUnknownError)
    assert.equal(attempts, 1)
    assert.deepEqual(heard, [])
    // Here it had arrived, which is exactly why it must not be repeated.
    await untilEqual(() => settingNames(database.read), ['a'])
  })

  test('work that leaves its transaction idle for too long loses it, and is not repeated', async () => {
    await using fresh = await openFresh({ idleTransactionTimeoutMs: 1_000 })
    const { database } = fresh
    let attempts = 0
    const work = database.transaction(async (tx) => {
      attempts += 1
      await writeSetting(tx, 'a', '1')
      await sleep(2_500)
      await writeSetting(tx, 'b', '1')
    })
    await assert.rejects(work, isUnavailable(database))
    assert.equal(attempts, 1)
    assert.deepEqual(await settingNames(database.read), [])
  })

  test('a URL that cannot be right is refused before anything is opened', async () => {
    const refusals: readonly (readonly [string, RegExp])[] = [
      [`${name}://localhost`, /must name a database/],
      [`${name}://localhost/shop?sslmode=maybe`, /sslmode in DATABASE_URL must be/],
      [`${name}://localhost/shop?pool=3`, /a parameter "pool"/],
      ['oracle://localhost/shop', /must start with/],
    ]
    for (const [url, message] of refusals) {
      await assert.rejects(openDatabase(url), (error) => {
        return error instanceof ConfigError && message.test(error.message)
      })
    }
  })
})

async function openBehindProxy(openFresh: OpenFresh) {
  const fresh = await openFresh()
  const proxy = await startProxy(fresh.url)
  const limits = { ...defaultLimits, poolWaitMs: 1_000 }
  const database = await openDatabase(proxy.through(fresh.url), limits)
  return {
    database,
    proxy,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
      await fresh[Symbol.asyncDispose]()
    },
  }
}

const isUnavailable = (database: Database) => (error: unknown) =>
  database.dialect.readFault(error).kind === 'unavailable'

async function untilEqual<T>(read: () => Promise<T>, value: T): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    if (isDeepStrictEqual(await read(), value)) return
    await sleep(20)
  }
  assert.deepEqual(await read(), value)
}

const settingQueries = {
  postgres: `select current_setting('transaction_isolation') as isolation,
    current_setting('TimeZone') as zone, current_setting('lock_timeout') as lock_wait,
    current_setting('application_name') as program`,
  mysql: `select @@time_zone as zone, @@innodb_lock_wait_timeout as lock_wait,
    @@sql_mode like '%STRICT_ALL_TABLES%' as is_strict`,
}

const expected = {
  postgres: { isolation: 'read committed', zone: 'UTC', lock_wait: '2s', program: 'cartwright' },
  mysql: { isolation: 'READ-COMMITTED', zone: '+00:00', lock_wait: 2, is_strict: 1 },
}

async function settingsOf(name: 'postgres' | 'mysql', runner: Runner): Promise<unknown> {
  const [row] = await runner.all(settingQueries[name], [])
  if (name === 'postgres') return { ...(row as object) }
  // MariaDB calls it tx_isolation, MySQL transaction_isolation.
  const [found] = await runner.all("show session variables like 't%isolation'", [])
  return { ...(row as object), isolation: (found as { Value: string }).Value }
}
