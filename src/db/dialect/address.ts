import { readFileSync } from 'node:fs'
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
  readonly tls: Tls | undefined
}

/** Encryption of the connection; certificates and keys as PEM text. */
export interface Tls {
  /** Whether the server's certificate is checked, and that it was issued for this host. */
  readonly verify: 'none' | 'authority' | 'authority and host'
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
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
const verifications: Readonly<Record<string, Tls['verify']>> = {
  require: 'none',
  'verify-ca': 'authority',
  'verify-full': 'authority and host',
}

function tlsOptions(parameters: URLSearchParams): Tls | undefined {
  const mode = parameters.get('sslmode') ?? 'disable'
  if (mode === 'disable') return undefined
  const verify = verifications[mode]
  if (!verify) {
    throw new ConfigError(
      `sslmode in DATABASE_URL must be disable, require, verify-ca or verify-full, not "${mode}"`,
    )
  }
  const file = (name: string, parameter: string) => {
    const path = parameters.get(parameter)
    return path === null ? {} : { [name]: readFileSync(path, 'utf8') }
  }
  const files = {
    ...file('ca', 'sslrootcert'),
    ...file('cert', 'sslcert'),
    ...file('key', 'sslkey'),
  }
  return { verify, ...files }
}
