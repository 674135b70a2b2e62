import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrationStatus } from '../../src/db/migrate.ts'
import { enqueue } from '../../src/db/outbox.ts'
import { audit } from '../../src/domains/audit/audit.ts'
import { inParallel } from '../race/support.ts'
import { engines, reportMissing } from '../support/databases.ts'
import { addProduct } from '../support/shop.ts'
import { addTo, buyAt, countOutcomes } from './processes-buyer.ts'
import { assertMoney } from './provider-checks.ts'
import { hotOn, openCluster, type Cluster } from './processes.ts'

/** As many as two cores can start in the time a test may take; by hand there are four. */
const processes = 2

for (const engine of engines().filter(({ name }) => name !== 'sqlite')) {
  describe(`${processes} servers on one database (${engine.name})`, () => {
    if (engine.missing !== undefined) return reportMissing(engine.name, engine.missing)
    let cluster: Cluster
    before(async () => {
      cluster = await openCluster(engine, { processes, logLevel: 'debug' })
    })
    after(() => cluster[Symbol.asyncDispose]())

    test('start together on an empty database, which is set up once', async () => {
      const { db } = cluster.office
      const states = await migrationStatus(db)
      assert.deepEqual(new Set(states.map(({ state }) => state)), new Set(['done']))
      const locations = await db.read.selectFrom('locations').select('code').execute()
      assert.deepEqual(
        locations.map(({ code }) => code),
        ['main'],
      )
      const methods = await db.read.selectFrom('shipping_methods').select('code').execute()
      assert.equal(new Set(methods.map(({ code }) => code)).size, methods.length)
      for (const server of cluster.servers)
        assert.doesNotMatch(server.log(), /"level":"(error|fatal)"/)
    })

    test('sell 30 pieces to 300 buyers exactly 30 times', async () => {
      const tally = await hotOn(cluster, { engine, rounds: 1 })
      assert.deepEqual(tally, {
        rounds: 1,
        sold: 30,
        told: { 201: 30, '409 INSUFFICIENT_STOCK': 270 },
      })
    })

    test('settle what was left behind once, whoever of them does it', async () => {
      const { office, provider, servers } = cluster
      const { variantId } = await addProduct(office, { onHand: 40 })
      await provider.behave({ always: { charge: '500-after' } })
      const replies = await inParallel(40, 20, async (index) => {
        const session = `left-${index}`
        const url = servers[index % processes]?.url ?? ''
        await addTo(url, { session, variantId })
        return buyAt(url, session)
      })
      assert.deepEqual(countOutcomes(replies), { '503 PAYMENT_UNAVAILABLE': 40 })
      await provider.behave({})
      const pending = () =>
        office.db.read.selectFrom('payments').select('id').where('status', '=', 'pending').execute()
      // Everything becomes due at the same moment, and its reservation runs out.
      await office.db.transaction(async (tx) => {
        await tx
          .updateTable('stock_holds')
          .set({ expires_at: 1 })
          .where('status', '=', 'active')
          .execute()
        await tx
          .updateTable('payments')
          .set({ check_at: 1 })
          .where('status', '=', 'pending')
          .execute()
      })
      while ((await pending()).length > 0) await sleep(50)
      const found = await assertMoney({ shop: { ctx: office }, provider })
      assert.equal(found.paid, 70)
      assert.deepEqual(await audit(office), [])
    })

    test('hand each event to its subscribers once, whoever of them does it', async () => {
      const { office, servers } = cluster
      const ids = Array.from({ length: 1_000 }, (_, index) => `relayed-${index}`)
      await office.db.transaction(async (tx) => {
        for (const order_id of ids) {
          const payload = { order_id, number: 1 }
          await enqueue(office, tx, { topic: 'order.refunded', payload })
        }
      })
      const pending = () =>
        office.db.read.selectFrom('outbox').select('id').where('status', '=', 'pending').execute()
      while ((await pending()).length > 0) await sleep(50)
      const told = () => servers.flatMap((server) => server.log().match(/relayed-\d+/g) ?? [])
      // The log is written a moment after what it tells of.
      while (new Set(told()).size < ids.length) await sleep(50)
      await sleep(1_000)
      assert.equal(told().length, ids.length)
    })
  })
}
