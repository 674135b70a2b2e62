import { hash } from 'node:crypto'
import {
  constants,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context } from '../../src/context.ts'
import { declineDemoData } from '../../src/demo/load.ts'
import { insertOneCategory } from '../../src/domains/catalog/categories.ts'
import { insertProducts } from '../../src/domains/catalog/writes.ts'
import { createLog } from '../../src/log.ts'
import { prepareShop } from '../../src/shop.ts'
import { productAt, type Source } from './source.ts'

/** Fixed, so that two shops on the same data sign and answer alike. */
export const secrets = { JWT_SECRET: 'j'.repeat(43), COOKIE_SECRET: 'c'.repeat(43) } as const

/** Stands in the answers of both servers, so that their bytes can be compared. */
export const publicUrl = 'http://shop.example'

export type Progress = (text: string) => void

const root = join(import.meta.dirname, '../..')
const chunkSize = 500

/** What the loaded data depends on besides the products: a change here makes it anew. */
function fingerprint(source: Source): string {
  const patterns = [
    'src/db/migrations/*.ts',
    'src/db/dialect/sqlite/search.ts',
    'bench/data/source.ts',
  ]
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'))
  return hash('sha256', [source.name, ...texts].join('\n')).slice(0, 12)
}

/** The folder of a shop with `count` products; made once and kept among the temporary files. */
export async function loadedFolder(
  source: Source,
  { count, progress }: { count: number; progress: Progress },
): Promise<string> {
  const parent = join(tmpdir(), 'cartwright-bench')
  const folder = join(parent, `${count}-${fingerprint(source)}`)
  if (existsSync(folder)) return folder
  for (const old of globSync(`${count}-*`, { cwd: parent })) {
    rmSync(join(parent, old), { recursive: true, force: true })
  }
  const unfinished = `${folder}.unfinished`
  mkdirSync(unfinished, { recursive: true })
  await load(source, { folder: unfinished, count, progress })
  renameSync(unfinished, folder)
  return folder
}

async function load(
  source: Source,
  { folder, count, progress }: { folder: string; count: number; progress: Progress },
): Promise<void> {
  await using ctx = await openContext(folder)
  await prepareShop(ctx)
  await declineDemoData(ctx)
  await fillShop(ctx, source, { count, progress })
}

/** A shop's context on a folder, without any server. */
export function openContext(folder: string): Promise<Context> {
  const raw = {
    ...readSettings({}),
    DATA_DIR: folder,
    PUBLIC_URL: publicUrl,
    RATE_LIMIT: 'off',
    MAIL_DRIVER: 'none',
    ...secrets,
  }
  return createContext({
    config: configOf(raw),
    secrets: { jwt: raw.JWT_SECRET, cookie: raw.COOKIE_SECRET },
    log: createLog('silent'),
  })
}

/** Puts `count` products into an empty shop by its own use-cases, a chunk to a transaction. */
export async function fillShop(
  ctx: Context,
  source: Source,
  { count, progress }: { count: number; progress: Progress },
): Promise<void> {
  const categoryIds = await fillCategories(ctx, source)
  for (let start = 0; start < count; start += chunkSize) {
    const size = Math.min(chunkSize, count - start)
    const chunk = Array.from({ length: size }, (_, offset) =>
      productAt(source, { index: start + offset, categoryIds }),
    )
    await ctx.db.transaction((tx) => insertProducts(ctx, tx, chunk))
    progress(`loading products: ${start + size} of ${count}`)
  }
}

async function fillCategories(ctx: Context, source: Source): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  await ctx.db.transaction(async (tx) => {
    for (const { key, parent, name, description } of source.categories) {
      const parentId = parent === null ? null : (ids.get(parent) ?? null)
      const category = { slug: `c-${key}`, name, description, parentId }
      ids.set(key, await insertOneCategory(ctx, tx, category))
    }
  })
  return ids
}

/** A copy to write to; where the file system can, it shares the blocks with the original. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE })
}
