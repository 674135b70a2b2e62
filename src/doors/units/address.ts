import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { listAddresses } from '../../domains/customer/addresses.ts'
import { getCustomer, type CustomerRow } from '../../domains/customer/customers.ts'
import { countryOf } from '../country.ts'

export interface Buyer {
  readonly email: string
  /**
   * Undefined: the default address of the account is meant. `none`: there is nowhere to send to.
   */
  readonly address: Address | undefined | 'none'
}

/**
 * Who orders, and where it goes: to the default address of the account, or else to the one line
 * that the account of this door has.
 */
export async function buyerOf(ctx: Context, customerId: string): Promise<Buyer> {
  const customer = await getCustomer(ctx, { by: 'id', id: customerId })
  const { email } = customer
  const saved = await listAddresses(ctx.db.read, customerId)
  if (saved.some(({ isDefault }) => isDefault.shipping)) return { email, address: undefined }
  return { email, address: lineAddress(ctx, customer) ?? 'none' }
}

/** "12 St James Sq, London" goes to London; without a comma nobody can tell where the city is. */
function lineAddress(ctx: Context, customer: CustomerRow): Address | undefined {
  const text = customer.postal_address?.trim() ?? ''
  const country = countryOf(ctx.config.store.currency)
  if (text === '' || country === undefined) return undefined
  const comma = text.lastIndexOf(',')
  const [street, city] = [text.slice(0, comma).trim(), text.slice(comma + 1).trim()]
  const isSplit = comma > 0 && street !== '' && city !== ''
  const parts = isSplit ? { address: street, city } : { address: text, city: '-' }
  return { name: nameOf(customer), ...parts, country }
}

function nameOf({ first_name, last_name, username, email }: CustomerRow): string {
  const names = [first_name, last_name].filter((name) => name !== null && name.trim() !== '')
  return names.length > 0 ? names.join(' ') : (username ?? email)
}
