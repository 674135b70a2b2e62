import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import { getCustomer } from './customers.ts'
import { inNameOfCustomer } from './factor-changes.ts'
import { countingGuesses } from './guesses.ts'
import { usePasskey, type PasskeyAnswer } from './passkeys.ts'
import { spendCode, type GivenCode } from './second-factor.ts'
import { openChallenge } from './second-step.ts'
import { enter, type Entrance, type SignedIn } from './sign-in.ts'

/** Exactly one of code, recovery code and passkey is given. */
export interface SecondProof extends GivenCode {
  readonly challenge: string
  readonly passkey?: PasskeyAnswer | undefined
}

/**
 * Ends a sign-in that needed a second factor. Throws INVALID_CODE or INVALID_PASSKEY,
 * INVALID_CHALLENGE where it has to be begun again, and TOO_MANY_REQUESTS.
 */
export async function completeSignIn(
  ctx: Context,
  { challenge, passkey, ...given }: SecondProof,
  entrance: Entrance,
): Promise<SignedIn> {
  const { ticket, customer } = await openChallenge(ctx, challenge)
  const { id: customerId } = customer
  const acting = inNameOfCustomer(ctx, customer, entrance.client)
  await countingGuesses(ctx, { of: 'code', customerId, ticketId: ticket.id }, async () => {
    if (passkey) await usePasskey(acting, passkey, { customerId })
    else await acting.db.transaction((tx) => spendCode(acting, tx, { customerId, ...given }))
  })
  return enter(ctx, customer, { method: ticket.facts.method, ...entrance })
}

/**
 * Signs in with a passkey alone, which is two factors at once: the device, and what unlocks it.
 * Throws INVALID_PASSKEY.
 */
export async function signInWithPasskey(
  ctx: Context,
  answer: PasskeyAnswer,
  entrance: Entrance,
): Promise<SignedIn> {
  const id = await usePasskey(ctx, answer, { customerId: undefined })
  const customer = await getCustomer(ctx, { by: 'id', id })
  if (customer.disabled_at !== null) throw new ShopError('INVALID_PASSKEY')
  return enter(ctx, customer, { method: 'passkey', ...entrance })
}
