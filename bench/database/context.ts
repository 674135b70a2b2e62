import { configOf } from '../../src/config/config.ts'
import { readSettings } from '../../src/config/read.ts'
import { createContext, type Context, type ContextParts } from '../../src/context.ts'
import { createLog } from '../../src/log.ts'
import { publicUrl, secrets } from '../data/load.ts'

const settingsOf = (url: string) => ({
  ...readSettings({}),
  DATABASE_URL: url,
  PUBLIC_URL: publicUrl,
  MAIL_DRIVER: 'none',
  ...secrets,
  RATE_LIMIT: 'off',
})

/** A shop's context on a database, without any server. */
export function openContextOn(
  url: string,
  parts: Pick<ContextParts, 'clock' | 'newId'> = {},
): Promise<Context> {
  const raw = settingsOf(url)
  return createContext({
    config: configOf(raw),
    secrets: { jwt: raw.JWT_SECRET, cookie: raw.COOKIE_SECRET },
    log: createLog('silent'),
    ...parts,
  })
}

/** How many connections a shop has by default, and how long its statements may take. */
export const limitsOf = (url: string) => configOf(settingsOf(url)).database
