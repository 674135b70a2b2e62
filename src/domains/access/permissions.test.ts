import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allPermissions,
  builtInRoles,
  may,
  missingPermission,
  permissionsOf,
  type Permission,
  type Principal,
} from './permissions.ts'

test('customers have no permission, administrators have each', () => {
  assert.ok(allPermissions.length >= 9)
  assert.equal(permissionsOf('customer', null).size, 0)
  assert.deepEqual([...permissionsOf('admin', null)], allPermissions)
})

test('a principal may do what it has the permission for, and no more', () => {
  const principal: Principal = {
    ...{ kind: 'account', accountId: '1', id: '2', name: 'Ada', customerId: '1' },
    permissions: permissionsOf('finance', null),
  }
  assert.deepEqual(
    allPermissions.filter((permission) => may(principal, permission)),
    [
      ...['order:read', 'document:write', 'payment:read', 'payment:write', 'payment:refund'],
      'audit:read',
    ],
  )
})

test('no role but that of the administrator may give out rights', () => {
  for (const [code, { permissions }] of Object.entries(builtInRoles)) {
    if (code === 'admin') continue
    assert.ok(!permissions.includes('role:manage') && !permissions.includes('key:manage'), code)
  }
})

test('a role that is not known allows nothing, whatever it is called', () => {
  for (const role of ['', 'root', 'constructor', '__proto__', 'toString']) {
    assert.deepEqual([...permissionsOf(role, null)], [], role)
  }
})

test('a role of the shop allows what it lists, and nothing that this version does not know', () => {
  const listed = JSON.stringify(['order:read', 'shop:burn', 'toString'])
  assert.deepEqual([...permissionsOf('packer', listed)], ['order:read'])
  assert.deepEqual([...permissionsOf('customer', listed)], [], 'a built-in role is what it is')
})

test('what is missing is the first permission that the holder lacks', () => {
  const held = permissionsOf('support', null)
  assert.equal(missingPermission(held, ['order:read', 'customer:manage']), undefined)
  assert.equal(missingPermission(held, ['order:read', 'audit:read', 'key:manage']), 'audit:read')
  assert.equal(missingPermission(held, ['shop:burn' as Permission]), 'shop:burn')
})
