import { ConfigError } from '../config/read.ts'
import { actingAs, type Context } from '../context.ts'
import { rotateSigningKeys } from '../domains/access/signing-keys.ts'
import { commandActor } from '../domains/audit/log.ts'
import { register } from '../domains/customer/customers.ts'

export const usage = `
admin create <email>   make an administrator; the password is read from PASSWORD
admin rotate-keys      sign access tokens with a new key from now on
`

interface AdminCommand {
  readonly args: readonly string[]
  readonly password: string
}

/** What only whoever holds the shop's environment may do. */
export async function adminCommand(given: Context, command: AdminCommand): Promise<void> {
  const ctx = actingAs(given, commandActor)
  const [action, email] = command.args
  if (action === 'create') return createAdmin(ctx, email, command.password)
  if (action !== 'rotate-keys') throw new ConfigError(`Say what to do:\n${usage}`)
  await rotateSigningKeys(ctx)
  process.stdout.write(
    'A new key signs access tokens; those of the old one run out by themselves.\n',
  )
}

async function createAdmin(
  ctx: Context,
  email: string | undefined,
  password: string,
): Promise<void> {
  if (!email?.includes('@')) throw new ConfigError('Name the e-mail address: admin create a@b.com')
  if (password === '') throw new ConfigError('Set PASSWORD to the new password in the environment')
  const { number } = await register(ctx, { email, password, role: 'admin', isVerified: true })
  process.stdout.write(`Created administrator ${number}: ${email}\n`)
}
