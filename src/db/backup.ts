import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup } from 'node:sqlite'
import { sql } from 'kysely'
import { ConfigError } from '../config/read.ts'
import type { SqliteConnection } from './dialect/sqlite/connection.ts'
import {
  assertShop,
  beginSnapshot,
  findDamage,
  isDamage,
  makeSingleFile,
  openReadOnly,
  queriesOn,
} from './sqlite-file.ts'

export interface PagesDone {
  readonly done: number
  readonly total: number
}

export interface Contents {
  readonly products: number
  readonly customers: number
  readonly orders: number
}

export interface FileCopy {
  readonly file: string
  readonly bytes: number
  readonly contents: Contents
}

interface FilePair {
  /** The database, or the backup that is restored. */
  readonly from: string
  readonly to: string
  readonly onProgress: (pages: PagesDone) => void
}

/** Pages between two reports: 4 MiB at SQLite's usual page size. */
const pagesAtOnce = 1_024

/** Copies a database into a new file while servers use it, and checks the copy. */
export async function backupSqlite({ from, to, onProgress }: FilePair): Promise<FileCopy> {
  assertAbsent(to)
  mkdirSync(dirname(resolve(to)), { recursive: true })
  const draft = `${to}.partial`
  try {
    const contents = await copyChecked({ from, to: draft, onProgress })
    moveTo(draft, to)
    return { file: resolve(to), bytes: statSync(to).size, contents }
  } finally {
    removeDatabase(draft)
  }
}

export interface Restored extends FileCopy {
  /** Where the database that was there before is kept. */
  readonly replaced: string | undefined
}

interface Restore extends FilePair {
  /** Puts a database that is there aside, instead of refusing. */
  readonly force: boolean
}

/** Puts a backup in the place of the database, which no server may be using. */
export async function restoreSqlite({ from, to, force, onProgress }: Restore): Promise<Restored> {
  if (resolve(from) === resolve(to)) throw new ConfigError(`${from} is the database itself.`)
  await identify(from)
  assertReplaceable(to, force)
  mkdirSync(dirname(resolve(to)), { recursive: true })
  const draft = `${to}.restoring`
  try {
    const contents = await copyChecked({ from, to: draft, onProgress })
    // Asked again, because a server may have started while the copy was made.
    assertReplaceable(to, force)
    adopt(draft, to)
    const replaced = existsSync(to) ? setAside(to) : undefined
    moveTo(draft, to)
    return { file: resolve(to), bytes: statSync(to).size, contents, replaced }
  } finally {
    removeDatabase(draft)
  }
}

async function identify(file: string): Promise<void> {
  using connection = openReadOnly(file)
  await assertShop(connection, file)
}

/** Copies into a file that must not be used yet, and refuses to give it away if it is damaged. */
async function copyChecked({ from, to, onProgress }: FilePair): Promise<Contents> {
  removeDatabase(to)
  await copyPages({ from, to, onProgress })
  // Customers and the hashes of their passwords are in it.
  chmodSync(to, 0o600)
  makeSingleFile(to)
  using copy = openReadOnly(to)
  const damage = await findDamage(copy)
  if (damage.length > 0) {
    throw new ConfigError(`${from} is damaged, and was not copied:\n  ${damage.join('\n  ')}`)
  }
  return countContents(copy)
}

/**
 * SQLite's backup by pages, not VACUUM INTO, which is silent until its end. It starts again
 * whenever another connection writes, so on a busy shop it would never finish; a read transaction
 * held around it gives all its steps one state, and nobody who writes waits for it (only the log
 * grows meanwhile).
 */
async function copyPages({ from, to, onProgress }: FilePair): Promise<void> {
  using connection = openReadOnly(from)
  await assertShop(connection, from)
  beginSnapshot(connection)
  const total = await backup(connection.database, to, {
    rate: pagesAtOnce,
    progress: ({ totalPages, remainingPages }) =>
      onProgress({ done: totalPages - remainingPages, total: totalPages }),
  })
  // The last step does not report itself.
  onProgress({ done: total, total })
}

async function countContents(connection: SqliteConnection): Promise<Contents> {
  const { rows } = await sql<Contents>`select (select count(*) from products) as products,
    (select count(*) from customers) as customers, (select count(*) from orders) as orders
    `.execute(queriesOn(connection))
  return { ...(rows[0] ?? { products: 0, customers: 0, orders: 0 }) }
}

function assertAbsent(file: string): void {
  if (!existsSync(file)) return
  throw new ConfigError(`${file} exists. Choose another name, or move it away first.`)
}

function assertReplaceable(file: string, force: boolean): void {
  if (!existsSync(file)) return
  if (!force) {
    throw new ConfigError(
      `There is a database at ${file}. With --force it is kept beside the restored one.`,
    )
  }
  if (isFree(file)) return
  throw new ConfigError(`A server has ${file} open. Stop it, then restore again.`)
}

function isFree(file: string): boolean {
  try {
    return makeSingleFile(file) === 'single'
  } catch (error) {
    // A file that SQLite cannot read is perhaps the reason for restoring.
    if (isDamage(error)) return true
    throw error
  }
}

/** A restore by root must leave a file that the server's own user can write. */
function adopt(draft: string, file: string): void {
  const like = statSync(existsSync(file) ? file : dirname(resolve(file)))
  if (process.getuid?.() === 0) chownSync(draft, like.uid, like.gid)
  if (like.isFile()) chmodSync(draft, like.mode)
}

const sideFiles = ['', '-wal', '-shm', '-journal']

/** Renames a database with whatever belongs to it; returns its new name. */
function setAside(file: string): string {
  const kept = `${file}.replaced-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`
  for (const side of sideFiles) {
    if (existsSync(file + side)) renameSync(file + side, kept + side)
  }
  return kept
}

function removeDatabase(file: string): void {
  for (const side of sideFiles) rmSync(file + side, { force: true })
}

/** Unlike a rename, a link never replaces a file that has come into being meanwhile. */
function moveTo(draft: string, file: string): void {
  try {
    linkSync(draft, file)
    unlinkSync(draft)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') assertAbsent(file)
    // Some file systems have no links.
    assertAbsent(file)
    renameSync(draft, file)
  }
}
