import type { Generated } from 'kysely'

export type Role = 'customer' | 'admin'

export interface CustomerTable {
  number: Generated<number>
  id: string
  username: string | null
  username_key: string | null
  email: string
  email_key: string
  name: string | null
  password_hash: string
  role: Role
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface CustomerTables {
  customers: CustomerTable
}
