import type { Context } from '../../context.ts'
import { notFound, ShopError } from '../../core/errors.ts'
import type { CardVault, PaymentDriver, SavedCard } from '../../drivers/payment/driver.ts'
import { deletePaymentAccount, findPaymentAccount } from './account-queries.ts'

interface Vault {
  readonly provider: string
  readonly cards: CardVault
}

/** The first method that is offered and keeps cards. Refuses if there is none (NOT_FOUND). */
function vaultOf(ctx: Context): Vault {
  for (const { code: provider, cards } of ctx.drivers.payment.values()) {
    if (cards) return { provider, cards }
  }
  throw notFound('Payment method that keeps cards')
}

interface Payer {
  readonly driver: PaymentDriver
  readonly customerId: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * By what name the provider knows who pays; undefined for guests and for whoever has no cards
 * there. Who wants a card kept is made known first. Guests cannot (UNAUTHENTICATED).
 */
export async function payerOf(
  ctx: Context,
  { driver: { code: provider, cards }, customerId, data }: Payer,
): Promise<string | undefined> {
  if (!cards) return undefined
  const wantsSaving = data['save_card'] === true
  if (customerId === undefined) {
    if (wantsSaving) throw new ShopError('UNAUTHENTICATED')
    return undefined
  }
  const known = await findPaymentAccount(ctx.db.read, { provider, customerId })
  if (known || !wantsSaving) return known?.reference
  return openAccount(ctx, { provider, cards }, customerId)
}

async function openAccount(
  ctx: Context,
  { provider, cards }: Vault,
  customerId: string,
): Promise<string> {
  const reference = await reachable(provider, () => cards.open({ key: customerId }))
  await ctx.db.transaction((tx) =>
    tx.dialect.insertOnce(tx, 'payment_accounts', {
      ...{ provider, customer_id: customerId, reference },
      created_at: ctx.clock.now(),
    }),
  )
  // Of two at one moment the first is kept: the provider gave both the same name by the same key.
  return reference
}

async function reachable<T>(provider: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof ShopError) throw error
    throw new ShopError('PROVIDER_UNAVAILABLE', { provider })
  }
}

export interface CardSetup {
  readonly provider: string
  readonly id: string
  readonly clientSecret: string
}

/** Begins to save a card of a customer, which the client hands to the provider itself. */
export async function setUpCard(ctx: Context, customerId: string): Promise<CardSetup> {
  const vault = vaultOf(ctx)
  const { provider, cards } = vault
  const known = await findPaymentAccount(ctx.db.read, { provider, customerId })
  const payer = known?.reference ?? (await openAccount(ctx, vault, customerId))
  const setup = await reachable(provider, () => cards.setUp(payer, ctx.newId()))
  return { provider, ...setup }
}

/** The cards that a customer has saved. */
export async function listCards(ctx: Context, customerId: string): Promise<SavedCard[]> {
  const { provider, cards } = vaultOf(ctx)
  const known = await findPaymentAccount(ctx.db.read, { provider, customerId })
  return known ? reachable(provider, () => cards.list(known.reference)) : []
}

/** Forgets a card; what is somebody else's is not found (NOT_FOUND). */
export async function removeCard(ctx: Context, customerId: string, card: string): Promise<void> {
  const { provider, cards } = vaultOf(ctx)
  const known = await findPaymentAccount(ctx.db.read, { provider, customerId })
  const isGone = known && (await reachable(provider, () => cards.remove(known.reference, card)))
  if (isGone !== true) throw notFound('Card')
}

/** Has every provider forget somebody whose account is erased; throws if one does not answer. */
export async function forgetPayer(ctx: Context, customerId: string): Promise<void> {
  for (const { code: provider, cards } of ctx.drivers.payment.values()) {
    const known = await findPaymentAccount(ctx.db.read, { provider, customerId })
    if (!known || !cards) continue
    await cards.forget(known.reference)
    await ctx.db.transaction((tx) => deletePaymentAccount(tx, { provider, customerId }))
  }
}
