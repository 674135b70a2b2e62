import { ConfigError } from '../config/read.ts'
import { actingAs, type Context } from '../context.ts'
import { commandActor } from '../domains/audit/log.ts'
import { register } from '../domains/customer/customers.ts'

interface NewUser {
  readonly args: readonly string[]
  readonly password: string
}

/** Creates the account of a customer from the command line. */
export async function userCommand(ctx: Context, { args, password }: NewUser): Promise<void> {
  const [email] = args.filter((arg) => !arg.startsWith('--'))
  if (!email?.includes('@')) throw new ConfigError('Name the e-mail address: user ada@example.com')
  if (args.includes('--admin')) throw new ConfigError(`Use: admin create ${email}`)
  if (password === '') throw new ConfigError('Set PASSWORD to the new password in the environment')
  const { number } = await register(actingAs(ctx, commandActor), { email, password })
  process.stdout.write(`Created customer ${number}: ${email}\n`)
}
