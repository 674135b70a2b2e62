import assert from 'node:assert/strict'
import { test } from 'node:test'
import { may, permissions, type Permission } from './permissions.ts'

const all = Object.keys(permissions) as Permission[]
const principal = { customerId: 'id', number: 1 }

test('customers have no permission, administrators have each', () => {
  assert.ok(all.length >= 5)
  for (const permission of all) {
    assert.equal(may({ ...principal, role: 'customer' }, permission), false, permission)
    assert.equal(may({ ...principal, role: 'admin' }, permission), true, permission)
  }
})

test('a permission that is not in the list is nobody’s', () => {
  const unknown = 'shop:burn' as Permission
  assert.equal(may({ ...principal, role: 'admin' }, unknown), false)
})
