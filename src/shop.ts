import type { Context } from './context.ts'
import { migrate } from './db/migrate.ts'
import { ensureSigningKey } from './domains/access/signing-keys.ts'
import { ensureDefaultLocation } from './domains/inventory/inventory.ts'
import { currentSettings } from './domains/pricing/settings.ts'
import { ensureShippingMethods } from './domains/shipping/shipping.ts'

/** Brings the schema up to date and gives a new shop what it cannot sell without. */
export async function prepareShop(ctx: Context): Promise<void> {
  const applied = await migrate(ctx.db)
  if (applied.length > 0) ctx.log.info({ applied }, 'database migrated')
  await ctx.db.transaction(async (tx) => {
    await ensureDefaultLocation(ctx, tx)
    await ensureShippingMethods(ctx, tx)
  })
  await ensureSigningKey(ctx)
  // The first shopper shall not wait for it.
  await currentSettings(ctx, ctx.db.read)
}
