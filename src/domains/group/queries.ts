import type { Db, Tx } from '../../db/database.ts'
import { preparedQuery } from '../../db/prepared.ts'

export interface GroupRow {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly is_tax_exempt: 0 | 1
  readonly version: number
}

const groupColumns = ['id', 'code', 'name', 'is_tax_exempt', 'version'] as const

export const listGroupRows = preparedQuery<object, GroupRow>((db) =>
  db.selectFrom('customer_groups').select(groupColumns).orderBy('code'),
)

const groupById = preparedQuery<{ id: string }, GroupRow>((db, param) =>
  db.selectFrom('customer_groups').select(groupColumns).where('id', '=', param('id')),
)

export async function findGroup(db: Db, id: string): Promise<GroupRow | undefined> {
  return (await groupById(db, { id }))[0]
}

export function insertGroup(
  tx: Tx,
  row: Omit<GroupRow, 'version'> & { created_at: number; updated_at: number },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'customer_groups', { ...row })
}

export interface GroupPatch {
  readonly name?: string
  readonly is_tax_exempt?: 0 | 1
}

/** Changes a group if it is still at `version`, where one is demanded; says whether it was. */
export async function updateGroup(
  tx: Tx,
  at: { id: string; version: number | undefined; now: number },
  patch: GroupPatch,
): Promise<boolean> {
  const { id, version, now } = at
  const { numUpdatedRows } = await tx
    .updateTable('customer_groups')
    .set((set) => ({ ...patch, version: set('version', '+', 1), updated_at: now }))
    .where('id', '=', id)
    .$if(version !== undefined, (update) => update.where('version', '=', version ?? 0))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function deleteGroup(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('customer_groups').where('id', '=', id).execute()
}

const groupsOf = preparedQuery<{ customerId: string }, { group_id: string }>((db, param) =>
  db
    .selectFrom('customer_group_members')
    .select('group_id')
    .where('customer_id', '=', param('customerId'))
    .orderBy('group_id'),
)

export async function listGroupsOf(db: Db, customerId: string): Promise<string[]> {
  return (await groupsOf(db, { customerId })).map(({ group_id }) => group_id)
}

export async function listMembers(
  db: Db,
  { groupId, limit, offset }: { groupId: string; limit: number; offset: number },
): Promise<{ id: string; number: number; email: string }[]> {
  return db
    .selectFrom('customer_group_members as m')
    .innerJoin('customers as c', 'c.id', 'm.customer_id')
    .select(['c.id', 'c.number', 'c.email'])
    .where('m.group_id', '=', groupId)
    .orderBy('c.number')
    .limit(limit)
    .offset(offset)
    .execute()
}

export function insertMember(
  tx: Tx,
  row: { group_id: string; customer_id: string },
): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'customer_group_members', row)
}

export async function deleteMember(
  tx: Tx,
  { groupId, customerId }: { groupId: string; customerId: string },
): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('customer_group_members')
    .where('group_id', '=', groupId)
    .where('customer_id', '=', customerId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}
