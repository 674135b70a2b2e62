import { configOf } from '../config/config.ts'
import { ConfigError, type RawSettings } from '../config/read.ts'
import { readSecrets } from '../config/secrets.ts'
import { createContext } from '../context.ts'
import { register } from '../domains/customer/customers.ts'
import { createLog } from '../log.ts'
import { prepareShop } from '../shop.ts'

/** Creates an account from the command line: the way to the first administrator. */
export async function userCommand(raw: RawSettings, args: readonly string[]): Promise<void> {
  const [email] = args.filter((arg) => !arg.startsWith('--'))
  const password = raw.PASSWORD
  if (!email?.includes('@')) throw new ConfigError('Name the e-mail address: user ada@example.com')
  if (password.length < 8) {
    throw new ConfigError('Set PASSWORD to at least 8 characters in the environment')
  }
  const role = args.includes('--admin') ? 'admin' : 'customer'
  const log = createLog('warn')
  await using ctx = await createContext({ config: configOf(raw), secrets: readSecrets(raw), log })
  await prepareShop(ctx)
  const { number } = await register(ctx, { email, password, role })
  process.stdout.write(`Created ${role} ${number}: ${email}\n`)
}
