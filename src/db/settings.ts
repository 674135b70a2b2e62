import type { Db, Tx } from './database.ts'

export interface SettingsTables {
  settings: { name: string; value: string }
}

/** A fact about this shop that must outlive the process, such as "the demo data is complete". */
export async function findSetting(db: Db, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.value
}

/** Keeps the first value ever written; true if this call wrote it. */
export async function insertSetting(tx: Tx, name: string, value: string): Promise<boolean> {
  return tx.dialect.insertOnce(tx, 'settings', { name, value })
}

/**
 * Makes transactions that touch what this name stands for take turns, from here to their end. The
 * first of all may meet no row yet, and makes it.
 */
export async function lockSetting(tx: Tx, name: string): Promise<void> {
  await tx.dialect.insertOnce(tx, 'settings', { name: `lock:${name}`, value: '' })
  await tx.updateTable('settings').set({ value: '' }).where('name', '=', `lock:${name}`).execute()
}
