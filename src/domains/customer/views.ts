import { timeView } from '../catalog/views.ts'
import type { CustomerRow } from './customers.ts'

/** An account as its owner sees it; the password hash has no way out of the domain. */
export function customerView(row: CustomerRow) {
  return {
    id: row.id,
    number: row.number,
    username: row.username,
    email: row.email,
    email_verified: row.email_verified_at !== null,
    first_name: row.first_name,
    last_name: row.last_name,
    role: row.role,
    created_at: timeView(row.created_at),
    updated_at: timeView(row.updated_at),
  }
}

/** The same for staff. */
export function accountView(row: CustomerRow) {
  return { ...customerView(row), blocked: row.disabled_at !== null, version: row.version }
}
