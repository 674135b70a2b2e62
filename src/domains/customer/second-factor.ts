import { randomInt } from 'node:crypto'
import type { Context } from '../../context.ts'
import { ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { seal, tokenHash, unseal } from '../../sealing.ts'
import { announceFactorChange, endOtherSessions } from './factor-changes.ts'
import { assertOwner, type Owner } from './own-account.ts'
import {
  confirmFactor,
  countRecoveryCodes,
  deletePendingFactor,
  deleteRecoveryCodes,
  deleteSecondFactor,
  findSecondFactor,
  insertRecoveryCodes,
  insertSecondFactor,
  spendRecoveryCode,
  spendStep,
} from './factor-queries.ts'
import type { SecondFactorTable } from './factor-tables.ts'
import { countingGuesses } from './guesses.ts'

/** A code of the authenticator, or one of those that were written down; exactly one is given. */
export interface GivenCode {
  readonly code?: string | undefined
  readonly recoveryCode?: string | undefined
}

/** Loaded at the first use, like all that only signing in needs. */
const otpauth = () => import('otpauth')

/** RFC 6238 as every authenticator app understands it; RFC 4226 §4 wants 160 bits. */
const periodSeconds = 30
const shape = { algorithm: 'SHA1', digits: 6, period: periodSeconds } as const
const secretBytes = 20
/** Clocks may differ by one step in either direction (RFC 6238 §6). */
const window = 1

const recoveryCodeCount = 10

export interface SecondFactorState {
  readonly confirmedAt: number | null
  readonly recoveryCodesLeft: number
}

export async function secondFactorState(
  ctx: Context,
  customerId: string,
): Promise<SecondFactorState> {
  const factor = await findSecondFactor(ctx.db.read, customerId)
  const confirmedAt = factor?.confirmed_at ?? null
  const isActive = confirmedAt !== null
  const recoveryCodesLeft = isActive ? await countRecoveryCodes(ctx.db.read, customerId) : 0
  return { confirmedAt, recoveryCodesLeft }
}

/**
 * Begins with a second factor: a secret that is asked for at sign-in once a code of it has been
 * shown. Beginning again replaces what was not confirmed. Throws SECOND_FACTOR_ACTIVE.
 */
export async function beginSecondFactor(
  ctx: Context,
  owner: Owner,
  password: string | undefined,
): Promise<{ readonly secret: string; readonly uri: string }> {
  const { id, email } = await assertOwner(ctx, owner, password)
  const { Secret, TOTP } = await otpauth()
  const secret = new Secret({ size: secretBytes })
  const row: SecondFactorTable = {
    customer_id: id,
    sealed_secret: seal(ctx.secrets, 'second-factors', secret.base32),
    last_step: 0,
    created_at: ctx.clock.now(),
    confirmed_at: null,
  }
  await ctx.db.transaction(async (tx) => {
    await deletePendingFactor(tx, { customer_id: id })
    if (!(await insertSecondFactor(tx, row))) throw new ShopError('SECOND_FACTOR_ACTIVE')
  })
  const { name: issuer } = ctx.config.store
  const uri = new TOTP({ ...shape, issuer, label: email, secret }).toString()
  return { secret: secret.base32, uri }
}

/**
 * From now on the second factor is asked for. Returns the recovery codes, which are never shown
 * again. Throws INVALID_CODE, also where nothing is waiting to be confirmed.
 */
export async function confirmSecondFactor(
  ctx: Context,
  { customerId }: Owner,
  code: string,
): Promise<string[]> {
  const codes = newRecoveryCodes()
  await countingGuesses(ctx, { of: 'code', customerId }, () =>
    ctx.db.transaction(async (tx) => {
      const factor = await findSecondFactor(tx, customerId)
      const step = factor && (await stepOf(ctx, factor, code))
      if (!factor || step === undefined) throw new ShopError('INVALID_CODE')
      const { sealed_secret } = factor
      const now = ctx.clock.now()
      const { changes } = await confirmFactor(tx, {
        ...{ customer_id: customerId, sealed_secret, step, now },
      })
      if (changes !== 1) throw new ShopError('INVALID_CODE')
      await keepRecoveryCodes(tx, customerId, codes)
      await announceFactorChange(ctx, tx, { customerId, change: 'second_factor_enabled' })
    }),
  )
  return codes
}

/** The password alone is enough again. All other sessions end. */
export async function removeSecondFactor(
  ctx: Context,
  owner: Owner,
  { password, ...given }: GivenCode & { readonly password: string | undefined },
): Promise<void> {
  await assertOwner(ctx, owner, password)
  const { customerId } = owner
  await countingGuesses(ctx, { of: 'code', customerId }, () =>
    ctx.db.transaction(async (tx) => {
      await spendCode(ctx, tx, { customerId, ...given })
      await deleteSecondFactor(tx, { customer_id: customerId })
      await deleteRecoveryCodes(tx, { customer_id: customerId })
      await endOtherSessions(ctx, tx, owner)
      await announceFactorChange(ctx, tx, { customerId, change: 'second_factor_removed' })
    }),
  )
}

/** A new set of recovery codes; the old ones are worth nothing any more. */
export async function renewRecoveryCodes(
  ctx: Context,
  owner: Owner,
  { password, code }: { readonly password: string | undefined; readonly code: string },
): Promise<string[]> {
  await assertOwner(ctx, owner, password)
  const { customerId } = owner
  const codes = newRecoveryCodes()
  await countingGuesses(ctx, { of: 'code', customerId }, () =>
    ctx.db.transaction(async (tx) => {
      await spendCode(ctx, tx, { customerId, code })
      await keepRecoveryCodes(tx, customerId, codes)
      await announceFactorChange(ctx, tx, { customerId, change: 'recovery_codes_renewed' })
    }),
  )
  return codes
}

/**
 * Uses up a code of an account. Throws INVALID_CODE if it is wrong, too old, or was used before:
 * of many who show the same code at the same moment, one is right.
 */
export async function spendCode(
  ctx: Context,
  tx: Tx,
  { customerId, code, recoveryCode }: GivenCode & { readonly customerId: string },
): Promise<void> {
  const factor = await findSecondFactor(tx, customerId)
  if (!factor || factor.confirmed_at === null) throw new ShopError('INVALID_CODE')
  const isGood =
    recoveryCode === undefined
      ? await spendTimeCode(ctx, tx, { factor, code: code ?? '' })
      : await spendWrittenCode(ctx, tx, { customerId, recoveryCode })
  if (!isGood) throw new ShopError('INVALID_CODE')
}

async function spendTimeCode(
  ctx: Context,
  tx: Tx,
  { factor, code }: { factor: SecondFactorTable; code: string },
): Promise<boolean> {
  const step = await stepOf(ctx, factor, code)
  if (step === undefined) return false
  const { customer_id, sealed_secret } = factor
  return (await spendStep(tx, { customer_id, sealed_secret, step })).changes === 1
}

async function spendWrittenCode(
  ctx: Context,
  tx: Tx,
  { customerId, recoveryCode }: { customerId: string; recoveryCode: string },
): Promise<boolean> {
  const hash = tokenHash(plainCode(recoveryCode))
  const spent = { customer_id: customerId, hash, now: ctx.clock.now() }
  if ((await spendRecoveryCode(tx, spent)).changes !== 1) return false
  await announceFactorChange(ctx, tx, { customerId, change: 'recovery_code_used' })
  return true
}

/** The time step that a code belongs to; undefined if it is wrong, or of another time. */
async function stepOf(
  ctx: Context,
  factor: SecondFactorTable,
  code: string,
): Promise<number | undefined> {
  const secret = unseal(ctx.secrets, 'second-factors', factor.sealed_secret)
  if (secret === undefined) return undefined
  const { Secret, TOTP } = await otpauth()
  const timestamp = ctx.clock.now()
  const totp = new TOTP({ ...shape, secret: Secret.fromBase32(secret) })
  const delta = totp.validate({ token: code, timestamp, window })
  return delta === null ? undefined : Math.floor(timestamp / 1_000 / periodSeconds) + delta
}

async function keepRecoveryCodes(
  tx: Tx,
  customerId: string,
  codes: readonly string[],
): Promise<void> {
  const rows = codes.map((code) => ({
    customer_id: customerId,
    hash: tokenHash(plainCode(code)),
  }))
  await deleteRecoveryCodes(tx, { customer_id: customerId })
  await insertRecoveryCodes(tx, rows)
}

/** Crockford's base 32: no letter of it is taken for a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** Of 5 bits each: 120 bits. From 112 on a plain hash may keep them (OWASP ASVS 5.0, 6.5.2). */
const lettersPerCode = 24

function newRecoveryCodes(): string[] {
  return Array.from({ length: recoveryCodeCount }, () => {
    const letters = Array.from({ length: lettersPerCode }, () => alphabet[randomInt(32)])
    return letters.join('').replace(/.{4}(?=.)/g, '$&-')
  })
}

/** However it was copied: in capitals, with other gaps, with letters that look like digits. */
function plainCode(text: string): string {
  const letters = text.toLowerCase().replace(/[\s-]/g, '')
  return letters.replaceAll('o', '0').replace(/[il]/g, '1')
}
