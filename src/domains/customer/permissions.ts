import type { Role } from './tables.ts'

/** Everything that is not open to every shopper. Listed in docs/permissions.md. */
export const permissions = {
  'catalog:write': 'Create, change and archive products, variants, brands and categories',
  'inventory:read': 'See stock levels and movements',
  'inventory:write': 'Receive and adjust stock',
  'order:read': 'Read the orders of all customers',
  'customer:manage': 'Read, change and delete the accounts of others',
} as const

export type Permission = keyof typeof permissions

/** Who is calling. */
export interface Principal {
  readonly customerId: string
  readonly number: number
  readonly role: Role
}

const granted: Readonly<Record<Role, readonly Permission[]>> = {
  customer: [],
  admin: Object.keys(permissions) as Permission[],
}

export function may(principal: Principal, permission: Permission): boolean {
  return granted[principal.role].includes(permission)
}
