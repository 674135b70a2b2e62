import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openDatabase } from '../../src/db/open.ts'
import { engines, forEachDatabase } from '../support/databases.ts'
import { assertRan, makePlace } from './support.ts'

const [event, mail, refused, waiting] = [1, 2, 3, 4].map(
  (digit) => `00000000-0000-7000-8000-00000000000${digit}`,
)

forEachDatabase((name) => {
  test('retry puts back what was given up, and leaves the rest alone', async () => {
    const engine = engines().find((one) => one.name === name)
    assert.ok(engine)
    await using place = await makePlace()
    await using target = await engine.fresh({})
    await using database = await openDatabase(target.url)
    await database.transaction(async (tx) => {
      for (const id of [event, mail, refused, waiting]) {
        const status = id === event ? 'failed' : 'delivered'
        await sql`insert into outbox
          (id, topic, payload, status, attempts, available_at, created_at)
          values (${id}, 'order.placed', '{}', ${status}, 32, 1, 1)`.execute(tx)
      }
      for (const [id, status, attempts] of [
        [mail, 'failed', 32],
        [refused, 'refused', 1],
        [waiting, 'pending', 7],
      ]) {
        await sql`insert into deliveries
          (event_id, subscriber, status, attempts, available_at, created_at)
          values (${id}, 'mail', ${status}, ${attempts}, 1, 1)`.execute(tx)
      }
    })
    const ran = await place.cli(['retry'], { DATABASE_URL: target.url })
    assertRan(ran)
    assert.equal(ran.out, '1 events and 2 deliveries are tried again\n')
    const events = await database.read
      .selectFrom('outbox')
      .select(['id', 'status', 'attempts'])
      .where('status', '<>', 'delivered')
      .execute()
    assert.deepEqual(
      events.map((row) => ({ ...row })),
      [{ id: event, status: 'pending', attempts: 0 }],
    )
    const rows = await database.read
      .selectFrom('deliveries')
      .select(['event_id', 'status', 'attempts'])
      .orderBy('event_id')
      .execute()
    assert.deepEqual(
      rows.map(({ event_id, status, attempts }) => [event_id, status, attempts]),
      [
        [mail, 'pending', 0],
        [refused, 'pending', 0],
        [waiting, 'pending', 7],
      ],
    )
  })
})
