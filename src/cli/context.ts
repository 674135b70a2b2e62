import { configOf } from '../config/config.ts'
import type { RawSettings } from '../config/read.ts'
import { readSecrets } from '../config/secrets.ts'
import { createContext, type Context } from '../context.ts'
import { createLog } from '../log.ts'
import { prepareShop } from '../shop.ts'

/** Runs one command on the shop's own data, migrated, and closes everything again. */
export async function withShop(
  raw: RawSettings,
  work: (ctx: Context) => Promise<void>,
): Promise<void> {
  const parts = { config: configOf(raw), secrets: readSecrets(raw), log: createLog('warn') }
  await using ctx = await createContext(parts)
  await prepareShop(ctx)
  await work(ctx)
}
