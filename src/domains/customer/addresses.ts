import type { Context } from '../../context.ts'
import {
  addressProblems,
  normalisedAddress,
  wrongAddressParts,
  type Address,
  type AddressProblem,
} from '../../core/address.ts'
import { invalid, notFound, ShopError } from '../../core/errors.ts'
import type { Db, Tx } from '../../db/database.ts'
import { addressFormats } from './address-formats.ts'
import {
  clearDefault,
  deleteAddress,
  insertAddress,
  listAddressRows,
  lockCustomer,
  setDefault,
  updateAddress,
  type AddressRow,
} from './address-queries.ts'
import type { AddressPurpose } from './tables.ts'

export const addressCountMax = 50

/** An address that a customer keeps. */
export interface SavedAddress {
  readonly id: string
  readonly address: Address
  readonly isDefault: Readonly<Record<AddressPurpose, boolean>>
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** An address to be kept. What a purpose does not say stays as it is. */
export interface AddressDraft {
  readonly address: Address
  readonly isDefault: Readonly<Partial<Record<AddressPurpose, boolean>>>
}

interface OneOf {
  readonly customerId: string
  readonly id: string
}

/** The addresses of a customer, the oldest first; at most 50. */
export async function listAddresses(db: Db, customerId: string): Promise<SavedAddress[]> {
  return (await listAddressRows(db, { customerId })).map(savedAddress)
}

/** NOT_FOUND for what is not there and for what is another customer's. */
export async function getAddress(db: Db, { customerId, id }: OneOf): Promise<SavedAddress> {
  const found = (await listAddresses(db, customerId)).find((address) => address.id === id)
  if (!found) throw notFound('Address')
  return found
}

function savedAddress(row: AddressRow): SavedAddress {
  return {
    id: row.id,
    address: JSON.parse(row.address) as Address,
    isDefault: { shipping: row.shipping_id !== null, billing: row.billing_id !== null },
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/**
 * Keeps an address. Refuses with VALIDATION_ERROR one that its country's post could not deliver to,
 * with LIMIT_REACHED the 51st, with INVALID_TOKEN for an account that is gone.
 */
export async function addAddress(
  ctx: Context,
  tx: Tx,
  { customerId, draft }: { customerId: string; draft: AddressDraft },
): Promise<SavedAddress> {
  const id = ctx.newId()
  const address = textOf(draft.address)
  // The count of two that come at once is right only if they count one after the other.
  if (!(await lockCustomer(tx, customerId))) throw new ShopError('INVALID_TOKEN')
  const row = { id, customer_id: customerId, address, created_at: ctx.clock.now() }
  if (!(await insertAddress(tx, row, addressCountMax))) {
    throw new ShopError('LIMIT_REACHED', { limit: addressCountMax, resource: 'addresses' })
  }
  await saveDefaults(tx, { customerId, id }, draft)
  return getAddress(tx, { customerId, id })
}

/** Replaces an address; VERSION_CONFLICT if it is not at the version that was demanded. */
export function changeAddress(
  ctx: Context,
  { customerId, id, version }: OneOf & { readonly version: number | undefined },
  draft: AddressDraft,
): Promise<SavedAddress> {
  const address = textOf(draft.address)
  const one = { customerId, id }
  return ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now()
    const changed = await updateAddress(tx, { ...one, version }, { address, now })
    if (!changed) await refuseVersion(tx, one)
    await saveDefaults(tx, one, draft)
    return getAddress(tx, one)
  })
}

/** Deletes an address; orders keep their copies of it. */
export function removeAddress(
  ctx: Context,
  { customerId, id, version }: OneOf & { readonly version: number | undefined },
): Promise<void> {
  return ctx.db.transaction(async (tx) => {
    const deleted = await deleteAddress(tx, { customerId, id, version })
    if (!deleted) await refuseVersion(tx, { customerId, id })
  })
}

async function refuseVersion(tx: Tx, one: OneOf): Promise<never> {
  const { version: current } = await getAddress(tx, one)
  throw new ShopError('VERSION_CONFLICT', { current })
}

async function saveDefaults(tx: Tx, one: OneOf, { isDefault }: AddressDraft): Promise<void> {
  for (const purpose of ['shipping', 'billing'] as const) {
    if (isDefault[purpose] === true) await setDefault(tx, purpose, one)
    if (isDefault[purpose] === false) await clearDefault(tx, { ...one, purpose })
  }
}

/** The address as it is kept, in the form of its country. */
function textOf(address: Address): string {
  const formats = addressFormats()
  refuse(addressProblems(formats, address))
  return JSON.stringify(normalisedAddress(formats, address))
}

/**
 * Refuses an address of a checkout that cannot be right: a country that does not exist, a postal
 * code or state that the country does not have. What is merely missing is let pass, unlike in the
 * address book: many front-ends never ask for a postal code or a state, and a parcel finds its way
 * by street and city; a wrong code sends it elsewhere.
 */
export function refuseWrongAddress(part: string, address: Address): void {
  refuse(wrongAddressParts(addressFormats(), address), `${part}.`)
}

function refuse([problem]: readonly AddressProblem[], prefix = ''): void {
  if (problem) throw invalid(`${prefix}${problem.field}`, problem.issue)
}

/** An address as it was sent, one that the customer keeps, or whatever is the default. */
export type AddressChoice = Address | { readonly id: string } | undefined
export type AddressChoices = Readonly<Record<AddressPurpose, AddressChoice>>
export type ChosenAddresses = Readonly<Record<AddressPurpose, Address>>

/**
 * The addresses of an order: those that were sent, or copies of those that the customer keeps. What
 * was not chosen is the customer's default; billing without one goes to the shipping address.
 * NOT_FOUND for an address that is not theirs, VALIDATION_ERROR without any to ship to.
 */
export async function chooseAddresses(
  db: Db,
  customerId: string | undefined,
  choices: AddressChoices,
): Promise<ChosenAddresses> {
  const isSent = Object.values(choices).every((choice) => choice && !('id' in choice))
  const saved = customerId === undefined || isSent ? [] : await listAddresses(db, customerId)
  const shipping = chosen(saved, 'shipping', choices.shipping)
  if (!shipping) throw invalid('shipping_info', 'is required, for there is no default address')
  return { shipping, billing: chosen(saved, 'billing', choices.billing) ?? shipping }
}

function chosen(
  saved: readonly SavedAddress[],
  purpose: AddressPurpose,
  choice: AddressChoice,
): Address | undefined {
  if (choice === undefined) return saved.find(({ isDefault }) => isDefault[purpose])?.address
  if (!('id' in choice)) return choice
  const found = saved.find(({ id }) => id === choice.id)
  if (!found) throw notFound('Address')
  return found.address
}
