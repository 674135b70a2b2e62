import { Buffer } from 'node:buffer'
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
  WebAuthnCredential,
} from '@simplewebauthn/server'
import type { Context } from '../../context.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import { tokenHash } from '../../sealing.ts'
import { assertFreshSession } from '../access/sessions.ts'
import { issueTicket, readTicket, type Ticket } from '../access/tickets.ts'
import { getCustomer } from './customers.ts'
import { announceFactorChange, assertOtherWayIn, endOtherSessions } from './factor-changes.ts'
import type { Owner } from './own-account.ts'
import { insertUsedToken } from './factor-queries.ts'
import {
  advanceCounter,
  deletePasskeyRow,
  findPasskey,
  insertPasskey,
  listPasskeys,
  renamePasskeyRow,
  type PasskeyRow,
} from './passkey-queries.ts'

/** What a browser makes of a new passkey, as JSON (WebAuthn §5.1). */
export type NewPasskeyAnswer = RegistrationResponseJSON
/** What a browser makes of a challenge, signed by a passkey. */
export type PasskeyAnswer = AuthenticationResponseJSON

/** Nobody has so many devices. */
const passkeysMax = 20
const idLengthMax = 1_023 // WebAuthn §4, in bytes

/** Ed25519, ES256 and RS256 (RFC 9053, RFC 8812): each authenticator has one of them. */
const supportedAlgorithmIDs = [-8, -7, -257]

/** Loaded at the first use: it would cost a tenth of the start, and many shops have no passkeys. */
const webauthn = () => import('@simplewebauthn/server')

/** Passkeys are made for the host of PUBLIC_URL, and work on its pages alone. */
function relyingParty({ config }: Context) {
  const { hostname, origin } = new URL(config.server.publicUrl)
  return { id: hostname, origin, name: config.store.name }
}

/** A challenge is a ticket: its bytes are sealed by us, so that they need not be kept. */
const bytesOf = (ticket: string) => new Uint8Array(Buffer.from(ticket, 'base64url'))

const descriptorOf = ({ credential_id: id, transports }: PasskeyRow) => ({
  id,
  transports: JSON.parse(transports) as string[],
})

/** What a browser needs for making a passkey. Asks for a sign-in of a moment ago. */
export async function registrationOptions(
  ctx: Context,
  { customerId, id: sessionId }: Owner,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  await assertFreshSession(ctx, sessionId)
  const customer = await getCustomer(ctx, { by: 'id', id: customerId })
  const known = await passkeysOf(ctx, customerId)
  const { generateRegistrationOptions } = await webauthn()
  const { id: rpID, name: rpName } = relyingParty(ctx)
  return generateRegistrationOptions({
    rpID,
    rpName,
    userName: customer.email,
    userDisplayName: customer.first_name ?? customer.email,
    userID: new Uint8Array(Buffer.from(userHandleOf(customerId), 'base64url')),
    challenge: bytesOf(issueTicket(ctx, 'passkey_registration', { customerId })),
    attestationType: 'none',
    supportedAlgorithmIDs,
    excludeCredentials: known.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  })
}

/** Who a passkey is for, as the authenticator keeps it: nothing that says who that is. */
const userHandleOf = (customerId: string) =>
  Buffer.from(customerId.replaceAll('-', ''), 'hex').toString('base64url')

/**
 * Keeps a new passkey. Throws INVALID_PASSKEY if the answer is not one to a challenge that was made
 * for this account, on our pages, just now; ALREADY_EXISTS if it is registered already.
 */
export async function addPasskey(
  ctx: Context,
  owner: Owner,
  { name, answer }: { readonly name: string; readonly answer: NewPasskeyAnswer },
): Promise<PasskeyRow> {
  await assertFreshSession(ctx, owner.id)
  const { customerId } = owner
  if ((await passkeysOf(ctx, customerId)).length >= passkeysMax) {
    throw invalid('passkey', `is one too many: an account has ${passkeysMax} at most`)
  }
  const { credential, ticket } = await verifyNew(ctx, customerId, answer)
  const row = passkeyRow(ctx, { customerId, name }, credential)
  await ctx.db.transaction(async (tx) => {
    await spendTicket(ctx, tx, { ticket, customerId })
    if (!(await insertPasskey(tx, row))) {
      throw new ShopError('ALREADY_EXISTS', { resource: 'account', field: 'passkey' })
    }
    await announceFactorChange(ctx, tx, { customerId, change: 'passkey_added' })
  })
  return row
}

function passkeyRow(
  ctx: Context,
  { customerId, name }: { customerId: string; name: string },
  { id, publicKey, counter, transports = [] }: WebAuthnCredential,
): PasskeyRow {
  return {
    id: ctx.newId(),
    customer_id: customerId,
    name,
    credential_hash: tokenHash(id),
    credential_id: id,
    public_key: Buffer.from(publicKey).toString('base64url'),
    counter,
    transports: JSON.stringify(transports.slice(0, 10)),
    created_at: ctx.clock.now(),
    last_used_at: null,
  }
}

async function verifyNew(ctx: Context, customerId: string, response: NewPasskeyAnswer) {
  const { verifyRegistrationResponse } = await webauthn()
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(ctx)
  let ticket: Ticket<'passkey_registration'> | undefined
  const expectedChallenge = (challenge: string): boolean => {
    ticket = readTicket(ctx, 'passkey_registration', challenge)
    return ticket?.facts.customerId === customerId
  }
  const expected = { expectedChallenge, expectedOrigin, expectedRPID, supportedAlgorithmIDs }
  const { verified, registrationInfo } = await orInvalid(async () => {
    await assertNoAttestation(response)
    // Whether its owner has to unlock it is asked for when it stands for the password.
    return verifyRegistrationResponse({ response, ...expected, requireUserVerification: false })
  })
  const credential = registrationInfo?.credential
  const isUsable =
    credential !== undefined && Buffer.byteLength(credential.id, 'base64url') <= idLengthMax
  if (!verified || !ticket || !isUsable) throw new ShopError('INVALID_PASSKEY')
  return { credential, ticket }
}

/**
 * Which make an authenticator is of was not asked for, so browsers do not tell. Statements that
 * tell are refused unread: checking their certificates would call addresses that stand in them.
 */
async function assertNoAttestation({ response }: NewPasskeyAnswer): Promise<void> {
  const { decodeAttestationObject, isoBase64URL } = await import('@simplewebauthn/server/helpers')
  const object = decodeAttestationObject(isoBase64URL.toBuffer(response.attestationObject))
  const isSelfMade = object.get('fmt') === 'packed' && !object.get('attStmt').get('x5c')
  if (object.get('fmt') !== 'none' && !isSelfMade) throw new ShopError('INVALID_PASSKEY')
}

/** What the library refuses, and what it stumbles over, is an answer that proves nothing. */
async function orInvalid<T>(verify: () => Promise<T>): Promise<T> {
  return verify().catch(() => {
    throw new ShopError('INVALID_PASSKEY')
  })
}

/**
 * What a browser needs for using a passkey, be it whichever it has for this shop, or one of the
 * account whose second factor is asked for.
 */
export async function signInOptions(
  ctx: Context,
  customerId: string | undefined,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await webauthn()
  const shared = {
    rpID: relyingParty(ctx).id,
    challenge: bytesOf(issueTicket(ctx, 'passkey_sign_in', { customerId })),
  }
  if (customerId === undefined) {
    return generateAuthenticationOptions({ ...shared, userVerification: 'required' })
  }
  const allowCredentials = (await passkeysOf(ctx, customerId)).map(descriptorOf)
  return generateAuthenticationOptions({ ...shared, allowCredentials })
}

/**
 * Checks what a passkey has signed, and uses the challenge up; says whose passkey it is. Instead of
 * a password (`customerId` undefined) the owner must have unlocked it; as the second factor it must
 * be one of this account. Throws INVALID_PASSKEY.
 */
export async function usePasskey(
  ctx: Context,
  answer: PasskeyAnswer,
  { customerId }: { readonly customerId: string | undefined },
): Promise<string> {
  const passkey = await findPasskey(ctx.db.read, tokenHash(answer.id))
  if (!passkey || (customerId ?? passkey.customer_id) !== passkey.customer_id) {
    throw new ShopError('INVALID_PASSKEY')
  }
  const { ticket, counter } = await verifyUse(ctx, answer, { passkey, customerId })
  const { id, customer_id: ownerId } = passkey
  await ctx.db.transaction(async (tx) => {
    await spendTicket(ctx, tx, { ticket, customerId: ownerId })
    const used = await advanceCounter(tx, { id, counter, now: ctx.clock.now() })
    if (used.changes === 1) return
    ctx.log.warn({ passkeyId: id }, 'a passkey counts backwards: there may be a copy of it')
    throw new ShopError('INVALID_PASSKEY')
  })
  return ownerId
}

async function verifyUse(
  ctx: Context,
  response: PasskeyAnswer,
  { passkey, customerId }: { passkey: PasskeyRow; customerId: string | undefined },
) {
  const { verifyAuthenticationResponse } = await webauthn()
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(ctx)
  const { userHandle } = response.response
  if (userHandle && userHandle !== userHandleOf(passkey.customer_id)) {
    throw new ShopError('INVALID_PASSKEY')
  }
  let ticket: Ticket<'passkey_sign_in'> | undefined
  const expectedChallenge = (challenge: string): boolean => {
    ticket = readTicket(ctx, 'passkey_sign_in', challenge)
    return ticket !== undefined && ticket.facts.customerId === customerId
  }
  const publicKey = new Uint8Array(Buffer.from(passkey.public_key, 'base64url'))
  const { verified, authenticationInfo } = await orInvalid(() =>
    verifyAuthenticationResponse({
      response,
      expectedChallenge,
      expectedOrigin,
      expectedRPID,
      // That the counter goes on is for the write to decide, not for what was read before it.
      credential: { id: passkey.credential_id, publicKey, counter: 0 },
      requireUserVerification: customerId === undefined,
    }),
  )
  if (!verified || !ticket) throw new ShopError('INVALID_PASSKEY')
  return { ticket, counter: authenticationInfo.newCounter }
}

/** A challenge is good once: the row that says it was used can be there once. */
async function spendTicket(
  ctx: Context,
  tx: Tx,
  {
    ticket,
    customerId,
  }: { ticket: Ticket<'passkey_registration' | 'passkey_sign_in'>; customerId: string },
): Promise<void> {
  const now = ctx.clock.now()
  const isFirst = await insertUsedToken(tx, {
    id: ctx.newId(),
    customer_id: customerId,
    purpose: ticket.kind,
    hash: tokenHash(ticket.id),
    data: '{}',
    created_at: now,
    expires_at: ticket.expiresAt,
    used_at: now,
  })
  if (!isFirst) throw new ShopError('INVALID_PASSKEY')
}

/** The passkeys of an account, oldest first. */
export function passkeysOf(ctx: Context, customerId: string): Promise<PasskeyRow[]> {
  return listPasskeys(ctx.db.read, { customer_id: customerId })
}

async function getPasskey(ctx: Context, customerId: string, id: string): Promise<PasskeyRow> {
  const found = (await passkeysOf(ctx, customerId)).find((passkey) => passkey.id === id)
  if (!found) throw notFound('Passkey')
  return found
}

export async function renamePasskey(
  ctx: Context,
  { customerId }: Owner,
  { id, name }: { id: string; name: string },
): Promise<PasskeyRow> {
  await ctx.db.transaction((tx) => renamePasskeyRow(tx, { id, name, customer_id: customerId }))
  return getPasskey(ctx, customerId, id)
}

/** Forgets a passkey; all other sessions end. Throws LAST_WAY_IN, REAUTHENTICATION_REQUIRED. */
export async function removePasskey(ctx: Context, owner: Owner, id: string): Promise<void> {
  await assertFreshSession(ctx, owner.id)
  const { customerId } = owner
  await ctx.db.transaction(async (tx) => {
    await assertOtherWayIn(tx, customerId, id)
    const { changes } = await deletePasskeyRow(tx, { id, customer_id: customerId })
    if (changes !== 1) throw notFound('Passkey')
    await endOtherSessions(ctx, tx, owner)
    await announceFactorChange(ctx, tx, { customerId, change: 'passkey_removed' })
  })
}

export type { PasskeyRow }
