import type { Context } from '../../context.ts'
import { seal, unseal } from '../../sealing.ts'
import type { SignInMethod } from './tables.ts'

/** What each kind of ticket says; one of another kind is none. */
export interface TicketFacts {
  /** The first factor of a sign-in was right; the second is awaited. */
  second_factor: {
    readonly customerId: string
    readonly method: SignInMethod
    /** A new password makes what was begun with the old one void. */
    readonly passwordChangedAt: number | null
  }
  /** The challenge that a new passkey has to sign. */
  passkey_registration: { readonly customerId: string }
  /** The challenge for signing in with a passkey; of one account where it is the second factor. */
  passkey_sign_in: { readonly customerId: string | undefined }
  /** What a browser keeps while somebody signs in at another provider. */
  identity_flow: {
    readonly state: string
    readonly nonce: string
    readonly codeVerifier: string
    readonly returnTo: string
    /** Set where an identity is to be linked to the account of this session. */
    readonly link: { readonly customerId: string; readonly sessionId: string } | undefined
  }
}

export type TicketKind = keyof TicketFacts

export interface Ticket<K extends TicketKind> {
  /** Tells tickets apart: one text can be written in several ways, the id cannot. */
  readonly id: string
  readonly kind: K
  /** UTC milliseconds. */
  readonly expiresAt: number
  readonly facts: TicketFacts[K]
}

const minuteMs = 60_000

const lifetimesMs: Readonly<Record<TicketKind, number>> = {
  second_factor: 5 * minuteMs,
  passkey_registration: 5 * minuteMs,
  passkey_sign_in: 5 * minuteMs,
  identity_flow: 10 * minuteMs,
}

/**
 * Facts that whoever holds the text can neither read nor change, for some minutes. Nothing of it is
 * kept: what may happen once has to be made so by what the ticket is used for.
 */
export function issueTicket<K extends TicketKind>(
  ctx: Context,
  kind: K,
  facts: TicketFacts[K],
): string {
  const expiresAt = ctx.clock.now() + lifetimesMs[kind]
  const ticket: Ticket<K> = { id: ctx.newId(), kind, expiresAt, facts }
  return seal(ctx.secrets, 'tickets', JSON.stringify(ticket))
}

/** The ticket, if it is ours, of this kind, and not too old. */
export function readTicket<K extends TicketKind>(
  ctx: Context,
  kind: K,
  text: string,
): Ticket<K> | undefined {
  const opened = unseal(ctx.secrets, 'tickets', text)
  if (opened === undefined) return undefined
  const ticket = JSON.parse(opened) as Ticket<K>
  return ticket.kind === kind && ticket.expiresAt > ctx.clock.now() ? ticket : undefined
}

export const ticketSeconds = (kind: TicketKind): number => lifetimesMs[kind] / 1_000
