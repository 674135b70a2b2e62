import { actingAs, type Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { insertSetting } from '../../db/settings.ts'
import { isSame, stamp } from '../../sealing.ts'
import { adminRole } from '../access/permissions.ts'
import { systemActor } from '../audit/log.ts'
import { assertPassword, getCustomer, insertAccount } from './customers.ts'
import { hashPassword } from './passwords.ts'
import { listCustomers, type CustomerRow } from './queries.ts'

const settingName = 'administrator_made'

/**
 * The one-time code with which the first administrator of an embedded shop is made; undefined where
 * there is one, and in production, where only the command line makes administrators.
 */
export async function setupCode(ctx: Context): Promise<string | undefined> {
  const { production, data } = ctx.config
  if (production || !data.isEmbedded) return undefined
  const [admin] = await listCustomers(ctx.db.read, { role: adminRole }, firstOnly)
  return admin ? undefined : codeOf(ctx)
}

const firstOnly = { before: undefined, limit: 1 }

const codeOf = (ctx: Context) => stamp(ctx.secrets, 'setup', 'administrator')

export interface FirstAdministrator {
  readonly code: string
  readonly email: string
  readonly password: string
}

/** Makes the first administrator, once. INVALID_LINK for a wrong code and for any later use. */
export async function claimShop(
  ctx: Context,
  { code, email, password }: FirstAdministrator,
): Promise<CustomerRow> {
  const expected = await setupCode(ctx)
  if (expected === undefined || !isSame(code, expected)) throw new ShopError('INVALID_LINK')
  assertPassword(password, { email })
  const passwordHash = await hashPassword(password)
  const id = ctx.newId()
  const inOwnName = actingAs(ctx, { ...systemActor, kind: 'account', id, name: email })
  await ctx.db.transaction(async (tx) => {
    if (!(await insertSetting(tx, settingName, id))) throw new ShopError('INVALID_LINK')
    await insertAccount(inOwnName, tx, {
      id,
      email,
      passwordHash,
      role: adminRole,
      isVerified: true,
    })
  })
  return getCustomer(ctx, { by: 'id', id })
}
