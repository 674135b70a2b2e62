import type { Generated } from 'kysely'

export interface CustomerTable {
  number: Generated<number>
  id: string
  username: string | null
  username_key: string | null
  email: string
  email_key: string
  first_name: string | null
  last_name: string | null
  /** As one line, for the doors that know no address book. */
  postal_address: string | null
  password_hash: string
  /** A built-in role, or the code of one that the shop has made. */
  role: string
  email_verified_at: number | null
  password_changed_at: number | null
  disabled_at: number | null
  version: Generated<number>
  created_at: number
  updated_at: number
}

/** What a link in a mail lets whoever follows it do. */
export type TokenPurpose =
  'verify_email' | 'reset_password' | 'change_email_old' | 'change_email_new'

export interface OneTimeTokenTable {
  id: string
  customer_id: string
  purpose: TokenPurpose
  /** Of the token: it follows from the id and a secret, and is kept nowhere. */
  hash: string
  /** JSON */
  data: string
  created_at: number
  expires_at: number
  used_at: number | null
}

export interface CustomerAddressTable {
  id: string
  customer_id: string
  /** An `Address` as JSON. */
  address: string
  version: Generated<number>
  created_at: number
  updated_at: number
}

export type AddressPurpose = 'shipping' | 'billing'

export interface CustomerTables {
  customers: CustomerTable
  one_time_tokens: OneTimeTokenTable
  customer_addresses: CustomerAddressTable
  customer_default_addresses: {
    customer_id: string
    purpose: AddressPurpose
    address_id: string
  }
}
