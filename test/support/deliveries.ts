import type { Context } from '../../src/context.ts'

/** What waits in the queues, as `event status attempts`, oldest first. */
export async function deliveries({ db }: Context): Promise<string[]> {
  const rows = await db.read
    .selectFrom('deliveries')
    .select(['event_id', 'status', 'attempts'])
    .orderBy('event_id')
    .execute()
  return rows.map(({ event_id, status, attempts }) => `${event_id} ${status} ${attempts}`)
}
