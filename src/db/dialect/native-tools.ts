import { readAddress, type ServerAddress } from './address.ts'

/** The programs that a database server brings for backups, as lines for a shell. */
export interface NativeTools {
  readonly product: string
  readonly backup: string
  /** Into a database that is empty. */
  readonly restore: string
  /** How these programs are told the password, which is never on their command line. */
  readonly password: string
}

/** For a database on a server; `undefined` for one that this program backs up itself. */
export function nativeTools(url: string, file: string): NativeTools | undefined {
  return tools[url.slice(0, url.indexOf(':'))]?.(url, file)
}

const tools: Readonly<Record<string, (url: string, file: string) => NativeTools>> = {
  postgres: postgresTools,
  postgresql: postgresTools,
  mysql: mysqlTools,
  mariadb: mysqlTools,
}

function postgresTools(url: string, file: string): NativeTools {
  readAddress(url, 5432)
  const address = new URL(url)
  address.password = ''
  const socket = address.searchParams.get('socket')
  address.searchParams.delete('socket')
  if (socket !== null) address.searchParams.set('host', socket)
  const options = ['--no-owner', '--no-privileges', `--dbname=${address.href}`]
  return {
    product: 'PostgreSQL',
    backup: line('pg_dump', '--format=custom', ...options, `--file=${file}`),
    restore: line('pg_restore', '--exit-on-error', '--single-transaction', ...options, file),
    password: 'PGPASSWORD, or a line in ~/.pgpass',
  }
}

function mysqlTools(url: string, file: string): NativeTools {
  const address = readAddress(url, 3306)
  const options = ['--default-character-set=utf8mb4', ...connectionOptions(address, url)]
  const { database } = address
  const dump = ['--single-transaction', '--triggers', `--result-file=${file}`, database]
  return {
    product: 'MariaDB (on MySQL: mysqldump and mysql)',
    backup: line('mariadb-dump', ...options, ...dump),
    restore: `${line('mariadb', ...options, database)} < ${quoted(file)}`,
    password: 'MYSQL_PWD, or a [client] section in ~/.my.cnf',
  }
}

function connectionOptions(address: ServerAddress, url: string): string[] {
  const { host, port, socket, user, tls } = address
  const { searchParams } = new URL(url)
  const file = (option: string, parameter: string) => {
    const path = searchParams.get(parameter)
    return path === null ? [] : [`--${option}=${path}`]
  }
  return [
    ...(socket === undefined ? [`--host=${host}`, `--port=${port}`] : [`--socket=${socket}`]),
    `--user=${user}`,
    ...(tls ? [tls.verify === 'none' ? '--ssl' : '--ssl-verify-server-cert'] : []),
    ...file('ssl-ca', 'sslrootcert'),
    ...file('ssl-cert', 'sslcert'),
    ...file('ssl-key', 'sslkey'),
  ]
}

const line = (...words: readonly string[]) => words.map(quoted).join(' ')

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
