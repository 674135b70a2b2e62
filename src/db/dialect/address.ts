import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { ConfigError } from '../../config/read.ts'

/** Where a database server is, and who asks. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  /** A Unix socket (PostgreSQL: its folder) instead of host and port. */
  readonly socket: string | undefined
  readonly user: string
  readonly password: string
  readonly database: string
  readonly tls: ConnectionOptions | undefined
}

const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'socket']

/** Reads `scheme://user:password@host:port/database?sslmode=…`. Messages never repeat the URL. */
export function readAddress(url: string, defaultPort: number): ServerAddress {
  if (!URL.canParse(url)) throw new ConfigError('DATABASE_URL is not a valid URL')
  const { hostname, port, username, password, pathname, searchParams } = new URL(url)
  const unknown = [...searchParams.keys()].find((name) => !parameters.includes(name))
  if (unknown) {
    const known = parameters.join(', ')
    throw new ConfigError(`DATABASE_URL has a parameter "${unknown}"; it may have: ${known}`)
  }
  const database = decodeURIComponent(pathname.slice(1))
  if (database === '') throw new ConfigError('DATABASE_URL must name a database: …/shop')
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: port === '' ? defaultPort : Number(port),
    socket: searchParams.get('socket') ?? undefined,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database,
    tls: tlsOptions(searchParams),
  }
}

/** The modes and what they check are those of libpq, for every server. */
function tlsOptions(parameters: URLSearchParams): ConnectionOptions | undefined {
  const mode = parameters.get('sslmode') ?? 'disable'
  const file = (name: string) => {
    const path = parameters.get(name)
    return path === null ? {} : { [fileOptions[name] ?? '']: readFileSync(path, 'utf8') }
  }
  const files = { ...file('sslrootcert'), ...file('sslcert'), ...file('sslkey') }
  switch (mode) {
    case 'disable':
      return undefined
    case 'require':
      return { ...files, rejectUnauthorized: false }
    case 'verify-ca':
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    case 'verify-full':
      return { ...files, rejectUnauthorized: true }
    default:
      throw new ConfigError(
        `sslmode in DATABASE_URL must be disable, require, verify-ca or verify-full, not "${mode}"`,
      )
  }
}

const fileOptions: Readonly<Record<string, string>> = {
  sslrootcert: 'ca',
  sslcert: 'cert',
  sslkey: 'key',
}
