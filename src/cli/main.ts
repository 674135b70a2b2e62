import { existsSync } from 'node:fs'
import { ConfigError, readSettings, type RawSettings } from '../config/read.ts'
import type * as Shop from './context.ts'
import { printSettings } from '../config/config.ts'
import { ShopError } from '../core/errors.ts'
import { SchemaError, UnavailableError } from '../db/errors.ts'

interface Command {
  readonly help: string
  /** What `--help` prints, where one line is not enough. */
  usage?(): Promise<string>
  run(raw: RawSettings, args: readonly string[]): Promise<void>
}

/** Loaded only when called, so that the server starts without the rest. */
const commands: Readonly<Record<string, Command>> = {
  serve: {
    help: 'run the shop (--empty: without demo data, --print-config: show the settings)',
    run: async (raw, args) => (await import('./serve.ts')).serve(raw, args),
  },
  audit: {
    help: 'check the ledger: stock, holds, orders and payments must agree to the last piece',
    run: async (raw) => withShop(raw, (await import('./audit.ts')).auditCommand),
  },
  user: {
    help: 'create the account of a customer: user <email>, the password is read from PASSWORD',
    run: async (raw, args) => {
      const { userCommand } = await import('./user.ts')
      await withShop(raw, (ctx) => userCommand(ctx, { args, password: raw.PASSWORD }))
    },
  },
  admin: {
    help: 'create an administrator: admin create <email>; admin rotate-keys',
    usage: async () => (await import('./admin.ts')).usage,
    run: async (raw, args) => {
      const { adminCommand } = await import('./admin.ts')
      await withShop(raw, (ctx) => adminCommand(ctx, { args, password: raw.PASSWORD }))
    },
  },
  demo: {
    help: 'load the demo catalogue into a new shop',
    run: async (raw) => withShop(raw, (await import('./demo.ts')).demoCommand),
  },
  retry: {
    help: 'have everything delivered again that was given up: events, mails',
    run: async (raw) => withShop(raw, (await import('./retry.ts')).retryCommand),
  },
  migrate: {
    help: 'bring the schema up to date (--plan, --status, --to <name>)',
    usage: async () => (await import('./migrate.ts')).usage,
    run: async (raw, args) => (await import('./migrate.ts')).migrateCommand(raw, args),
  },
  backup: {
    help: 'copy the database into a file: backup <file>, while the shop runs',
    usage: async () => (await import('./backup.ts')).usage,
    run: async (raw, args) => (await import('./backup.ts')).backupCommand(raw, args),
  },
  restore: {
    help: 'put a backup in the place of the database: restore <file> [--force]',
    usage: async () => (await import('./restore.ts')).usage,
    run: async (raw, args) => (await import('./restore.ts')).restoreCommand(raw, args),
  },
  copy: {
    help: 'move to another database: copy --to <url> [--from <url>]',
    usage: async () => (await import('./copy.ts')).usage,
    run: async (raw, args) => (await import('./copy.ts')).copyCommand(raw, args),
  },
}

async function withShop(...given: Parameters<typeof Shop.withShop>): Promise<void> {
  const { withShop: run } = await import('./context.ts')
  await run(...given)
}

async function main([name = 'serve', ...args]: readonly string[]): Promise<void> {
  const command = commands[name]
  if (!command) {
    printHelp()
    process.exitCode = name === 'help' || name === '--help' ? 0 : 2
    return
  }
  if (args.includes('--help')) {
    process.stdout.write(`${(await command.usage?.())?.trim() ?? `${name}: ${command.help}`}\n`)
    return
  }
  // A .env file in the current folder; what the environment itself says comes first.
  if (existsSync('.env')) process.loadEnvFile('.env')
  const raw = readSettings(process.env)
  if (args.includes('--print-config')) process.stdout.write(`${printSettings(raw)}\n`)
  else await command.run(raw, args)
}

function printHelp(): void {
  const lines = Object.entries(commands).map(([name, { help }]) => `  ${name.padEnd(8)} ${help}`)
  process.stdout.write(`Usage: npm run cartwright -- <command>\n\n${lines.join('\n')}\n`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isExplained =
    error instanceof ConfigError ||
    error instanceof SchemaError ||
    error instanceof UnavailableError ||
    error instanceof ShopError
  const { message, stack } = error as Error
  process.stderr.write(`${isExplained ? message : String(stack)}\n`)
  if (error instanceof ShopError) process.stderr.write(`${error.hint}\n`)
  process.exitCode = error instanceof ConfigError ? 2 : 1
}
