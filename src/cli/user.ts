import { ConfigError } from '../config/read.ts'
import type { Context } from '../context.ts'
import { register } from '../domains/customer/customers.ts'

interface NewUser {
  readonly args: readonly string[]
  readonly password: string
}

/** Creates an account from the command line: the way to the first administrator. */
export async function userCommand(ctx: Context, { args, password }: NewUser): Promise<void> {
  const [email] = args.filter((arg) => !arg.startsWith('--'))
  if (!email?.includes('@')) throw new ConfigError('Name the e-mail address: user ada@example.com')
  if (password.length < 8) {
    throw new ConfigError('Set PASSWORD to at least 8 characters in the environment')
  }
  const role = args.includes('--admin') ? 'admin' : 'customer'
  const { number } = await register(ctx, { email, password, role })
  process.stdout.write(`Created ${role} ${number}: ${email}\n`)
}
