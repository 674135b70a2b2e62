/** Everything that is not open to every shopper. Listed in docs/permissions.md. */
export const permissions = {
  'catalog:write': 'Create, change and archive products, variants, brands and categories',
  'inventory:read': 'See stock levels and movements',
  'inventory:write': 'Receive, move, count and adjust stock',
  'inventory:manage': 'Open and close locations, and say how articles are kept and sold',
  'pricing:write': 'See and change price lists and customer groups, and try baskets out',
  'tax:write': 'See and change tax zones and rates',
  'shipping:write': 'See and change shipping zones and methods',
  'promotion:write': 'See and change promotions and coupons',
  'gift-card:write': 'Issue, see and change gift cards and store credit',
  'order:read': 'Read the orders of all customers',
  'order:write': 'Cancel and change orders, and decide about returns',
  'order:fulfil': 'Pack, ship and deliver orders, and receive returns',
  'document:write': 'Issue invoices and credit notes',
  'payment:read': 'See payments and what was done to them',
  'payment:write': 'Capture, void and book payments',
  'payment:refund': 'Give money back',
  'draft:write': 'Draft orders for customers, and place them',
  'draft:price': 'Agree on prices of one’s own in drafts',
  'customer:read': 'Read the accounts of others',
  'customer:manage': 'Change, block, export and erase the accounts of others',
  'role:manage': 'Make roles and give them to accounts, as far as one’s own rights go',
  'key:manage': 'Make API keys, as far as one’s own rights go, and revoke those of others',
  'audit:read': 'Search and export the log of what staff and keys have done',
} as const

export type Permission = keyof typeof permissions
export type Permissions = ReadonlySet<Permission>

export const allPermissions = Object.keys(permissions) as Permission[]

interface BuiltInRole {
  readonly name: string
  readonly description: string
  readonly permissions: readonly Permission[]
}

/** The roles that every shop has. They cannot be changed; a shop may make its own beside them. */
export const builtInRoles: Readonly<Record<string, BuiltInRole>> = {
  customer: { name: 'Customer', description: 'Shops, and no more.', permissions: [] },
  support: {
    name: 'Support',
    description: 'Helps customers with their accounts and orders.',
    permissions: [
      'order:read',
      'order:write',
      'draft:write',
      'payment:read',
      'customer:read',
      'customer:manage',
    ],
  },
  catalogue_manager: {
    name: 'Catalogue manager',
    description: 'Keeps products and categories.',
    permissions: ['catalog:write', 'inventory:read'],
  },
  warehouse: {
    name: 'Warehouse',
    description: 'Receives, counts and sends goods.',
    permissions: [
      'inventory:read',
      'inventory:write',
      'inventory:manage',
      'order:read',
      'order:fulfil',
    ],
  },
  finance: {
    name: 'Finance',
    description: 'Looks at orders and at what was done to them; collects money and gives it back.',
    permissions: [
      'order:read',
      'payment:read',
      'payment:write',
      'payment:refund',
      'document:write',
      'audit:read',
    ],
  },
  admin: { name: 'Administrator', description: 'May do everything.', permissions: allPermissions },
}

export const adminRole = 'admin'
export const customerRole = 'customer'

/** Who is calling: somebody signed in, or a program with an API key. */
export interface Principal {
  readonly kind: 'account' | 'key'
  /** The account, or the owner of the key. */
  readonly accountId: string
  /** The session of an account, or the key. */
  readonly id: string
  /** For people to read: an e-mail address, or the name of a key. */
  readonly name: string
  /** Set for accounts alone: whose cart and orders are meant. */
  readonly customerId: string | undefined
  readonly permissions: Permissions
  /** Has a role, and may do nothing of it before a second factor is set up. */
  readonly needsFactor?: boolean
}

export function may(principal: Principal, permission: Permission): boolean {
  return principal.permissions.has(permission)
}

/** The first permission of `wanted` that `holder` lacks; nobody may pass on what they lack. */
export function missingPermission(
  holder: Permissions,
  wanted: Iterable<Permission>,
): Permission | undefined {
  for (const permission of wanted) if (!holder.has(permission)) return permission
  return undefined
}

/**
 * What a role allows. `own` is the JSON list of a role that the shop has made; a role that is not
 * known (any more), and a permission that this version does not know, allow nothing.
 */
export function permissionsOf(role: string, own: string | null): Permissions {
  const builtIn = Object.hasOwn(builtInRoles, role) ? builtInRoles[role] : undefined
  const listed = builtIn?.permissions ?? (own === null ? [] : (JSON.parse(own) as Permission[]))
  return new Set(listed.filter((permission) => Object.hasOwn(permissions, permission)))
}
