import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Db } from '../../src/db/database.ts'
import { preparedQuery, preparedWrite } from '../../src/db/prepared.ts'
import { together } from '../../src/db/together.ts'
import { forEachDatabase } from '../support/databases.ts'
import { settingNames, writeSetting } from './fixtures.ts'

interface Setting {
  readonly name: string
  readonly value: string
}

/** A statement of its own, which no connection has seen yet. */
const newInsert = () =>
  preparedWrite<Setting>((db, param) =>
    db.insertInto('settings').values({ name: param('name'), value: param('value') }),
  )

const insertSetting = newInsert()

const rowsNamed = preparedQuery<{ name: string }, Setting>((db, param) =>
  db.selectFrom('settings').select(['name', 'value']).where('name', '=', param('name')),
)

/** As `name: value`. */
async function findSetting(db: Db, setting: { name: string }): Promise<string[]> {
  return (await rowsNamed(db, setting)).map(({ name, value }) => `${name}: ${value}`)
}

const one = { poolSize: 1 }

forEachDatabase((_name, openFresh) => {
  test('what is asked together runs in order, and each has its own answer', async () => {
    await using fresh = await openFresh()
    const answers = await fresh.database.transaction((tx) =>
      together(tx, [
        () => settingNames(tx),
        () => insertSetting(tx, { name: 'a', value: '1' }),
        () => findSetting(tx, { name: 'a' }),
        () => findSetting(tx, { name: 'b' }),
        () => insertSetting(tx, { name: 'b', value: '2' }),
        () => settingNames(tx),
      ]),
    )
    const [before, first, a, b, second, after] = answers
    assert.deepEqual([before, first.changes, second.changes, after], [[], 1, 1, ['a', 'b']])
    assert.deepEqual([a, b], [['a: 1'], []])
  })

  test('the first that fails is the reason for all, and nothing of them stays', async () => {
    await using fresh = await openFresh(one)
    const { database } = fresh
    const write = (values: readonly string[]) =>
      database.transaction((tx) =>
        together(
          tx,
          values.map((value) => () => insertSetting(tx, { name: value, value })),
        ),
      )
    await write(['kept'])
    const isTaken = (error: unknown) => database.dialect.readFault(error).kind === 'unique'
    await assert.rejects(write(['a', 'kept', 'b', 'kept']), isTaken)
    assert.deepEqual(await settingNames(database.read), ['kept'])
    // The connection, and what is prepared on it, are as good as before.
    await write(['b', 'a'])
    assert.deepEqual(await settingNames(database.read), ['a', 'b', 'kept'])
  })

  test('statements that failed, or stood behind one, when first used work the next time', async () => {
    await using fresh = await openFresh(one)
    const { database } = fresh
    const [failing, behind] = [newInsert(), newInsert()]
    await database.transaction((tx) => writeSetting(tx, 'a', '1'))
    for (let time = 1; time <= 2; time++) {
      const write = database.transaction((tx) =>
        together(tx, [
          () => failing(tx, { name: 'a', value: '2' }),
          () => behind(tx, { name: 'b', value: '2' }),
        ]),
      )
      await assert.rejects(write)
    }
    assert.deepEqual(await settingNames(database.read), ['a'])
    await database.transaction((tx) =>
      together(tx, [
        () => failing(tx, { name: 'b', value: '3' }),
        () => behind(tx, { name: 'c', value: '4' }),
      ]),
    )
    assert.deepEqual(await settingNames(database.read), ['a', 'b', 'c'])
  })

  test('texts of every length and every character come back as they went in', async () => {
    await using fresh = await openFresh(one)
    const { database } = fresh
    const values = [
      '',
      ' ',
      '\'\\\n\t"',
      '0',
      'null',
      'ß€😀',
      '😀'.repeat(10_000),
      'x'.repeat(60_000),
    ]
    for (const [index, value] of values.entries()) {
      const name = `text ${index}`
      const [, found] = await database.transaction((tx) =>
        together(tx, [() => insertSetting(tx, { name, value }), () => findSetting(tx, { name })]),
      )
      assert.deepEqual(found, [`${name}: ${value}`])
    }
  })

  test('what cannot be a parameter is refused alone', async () => {
    await using fresh = await openFresh(one)
    const { database } = fresh
    for (const value of [undefined, Number.NaN, 2 ** 60]) {
      const name = 'a'
      const wrong = database.transaction((tx) =>
        together(tx, [
          () => insertSetting(tx, { name: 'b', value: '1' }),
          () => insertSetting(tx, { name, value: value as unknown as string }),
        ]),
      )
      await assert.rejects(wrong, /undefined|stored exactly/)
    }
    assert.deepEqual(await settingNames(database.read), [])
    await database.transaction((tx) => insertSetting(tx, { name: 'a', value: '1' }))
    assert.deepEqual(await settingNames(database.read), ['a'])
  })
})
