import type { Generated } from 'kysely'

export interface CustomerGroupTable {
  id: string
  code: string
  name: string
  is_tax_exempt: 0 | 1
  version: Generated<number>
  created_at: number
  updated_at: number
}

export interface CustomerGroupMemberTable {
  group_id: string
  customer_id: string
}

export interface GroupTables {
  customer_groups: CustomerGroupTable
  customer_group_members: CustomerGroupMemberTable
}
