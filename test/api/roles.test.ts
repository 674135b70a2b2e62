import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allPermissions, type Permission } from '../../src/domains/access/permissions.ts'
import { describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField, unchanged } from './support.ts'

type Who = { readonly token: string }

const call = (shop: TestShop, { token }: Who, method: string, path: string, body?: object) =>
  shop.call(method, `/api/v1/admin${path}`, { token, ...(body ? { body } : {}) })

const give = (shop: TestShop, by: Who, id: string, role: string) =>
  call(shop, by, 'PUT', `/accounts/${id}/role`, { role })

/** Somebody who may make roles and keys, and this. */
async function manager(shop: TestShop, admin: Who, more: readonly Permission[] = []) {
  const permissions = ['role:manage', 'key:manage', 'customer:read', 'customer:manage', ...more]
  const body = { code: 'manager', name: 'Manager', permissions }
  const made = await call(shop, admin, 'POST', '/roles', body)
  assert.equal(made.status, 201, made.text)
  return signUp(shop, { role: 'manager' })
}

describeOnEveryDatabase('a role', (openShop) => {
  test('of the shop is made, shown, changed and deleted', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const body = { code: 'packer', name: 'Packer', permissions: ['order:read', 'inventory:read'] }
    const made = await call(shop, admin, 'POST', '/roles', body)
    const packer = { ...body, description: '', built_in: false, version: 1 }
    assert.deepEqual([made.status, made.body.data], [201, packer])
    const again = await call(shop, admin, 'POST', '/roles', body)
    refused(again, 409, 'ALREADY_EXISTS')
    const patch = { permissions: ['order:read'] }
    const changed = await call(shop, admin, 'PATCH', '/roles/packer', patch)
    assert.deepEqual(changed.body.data, { ...packer, ...patch, version: 2 })
    const list = await call(shop, admin, 'GET', '/roles')
    assert.deepEqual(
      list.body.data.map(({ code }: { code: string }) => code),
      ['customer', 'support', 'catalogue_manager', 'warehouse', 'finance', 'admin', 'packer'],
    )
    assert.equal((await call(shop, admin, 'DELETE', '/roles/packer')).status, 200)
    refused(await call(shop, admin, 'GET', '/roles/packer'), 404, 'NOT_FOUND')
  })

  test('allows what it says from the next request on, and no more', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const body = { code: 'packer', name: 'Packer', permissions: ['inventory:read'] }
    await call(shop, admin, 'POST', '/roles', body)
    const packer = await signUp(shop)
    refused(await call(shop, packer, 'GET', '/stock/none'), 403, 'FORBIDDEN')
    assert.equal((await give(shop, admin, packer.id, 'packer')).status, 200)
    refused(await call(shop, packer, 'GET', '/stock/none'), 404, 'NOT_FOUND')
    refused(await call(shop, packer, 'GET', '/roles'), 403, 'FORBIDDEN')
    await call(shop, admin, 'PATCH', '/roles/packer', { permissions: [] })
    refused(await call(shop, packer, 'GET', '/stock/none'), 403, 'FORBIDDEN')
  })

  test('that is built in cannot be changed, deleted or made again', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const patch = { permissions: ['order:read'] }
    refused(await call(shop, admin, 'PATCH', '/roles/customer', patch), 409, 'BUILT_IN')
    refused(await call(shop, admin, 'DELETE', '/roles/admin'), 409, 'BUILT_IN')
    const body = { code: 'admin', name: 'Me', permissions: [] }
    refused(await call(shop, admin, 'POST', '/roles', body), 409, 'ALREADY_EXISTS')
  })

  test('that somebody has is not deleted, and none is given that is not there', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    await call(shop, admin, 'POST', '/roles', { code: 'packer', name: 'P', permissions: [] })
    const { id } = await signUp(shop, { role: 'packer' })
    refused(await call(shop, admin, 'DELETE', '/roles/packer'), 409, 'IN_USE')
    for (const role of ['nobody', 'constructor', '__proto__']) {
      refused(await give(shop, admin, id, role), 404, 'NOT_FOUND')
    }
    await give(shop, admin, id, 'customer')
    assert.equal((await call(shop, admin, 'DELETE', '/roles/packer')).status, 200)
  })

  test('is refused with a permission that does not exist, naming the field', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const body = { code: 'packer', name: 'Packer', permissions: ['shop:burn'] }
    refusedField(await call(shop, admin, 'POST', '/roles', body), 'permissions.0')
  })
})

describeOnEveryDatabase('nobody', (openShop) => {
  test('can put into a role what they lack, or widen one beyond themselves', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const { token } = await manager(shop, admin)
    await unchanged(shop, async () => {
      const made = await call(shop, { token }, 'POST', '/roles', {
        ...{ code: 'more', name: 'More', permissions: ['order:read'] },
      })
      assert.equal(refused(made, 403, 'FORBIDDEN').details.permission, 'order:read')
      const patch = { permissions: ['role:manage', 'catalog:write'] }
      refused(await call(shop, { token }, 'PATCH', '/roles/manager', patch), 403, 'FORBIDDEN')
    })
    const roles = await call(shop, admin, 'GET', '/roles')
    assert.equal(roles.body.data.length, 7)
  })

  test('can give a role that allows more than they may, to others or themselves', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const boss = await manager(shop, admin)
    const customer = await signUp(shop)
    await unchanged(shop, async () => {
      for (const id of [customer.id, boss.id]) {
        for (const role of ['admin', 'warehouse', 'support']) {
          refused(await give(shop, boss, id, role), 403, 'FORBIDDEN')
        }
      }
    })
    assert.equal((await give(shop, boss, customer.id, 'manager')).status, 200)
  })

  test('can take a role away, block, change or erase somebody who may do more', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const boss = await manager(shop, admin)
    const at = `/accounts/${admin.id}`
    await unchanged(shop, async () => {
      refused(await give(shop, boss, admin.id, 'customer'), 403, 'FORBIDDEN')
      refused(await call(shop, boss, 'PUT', `${at}/block`), 403, 'FORBIDDEN')
      refused(await call(shop, boss, 'PATCH', at, { email: 'eve@example.com' }), 403, 'FORBIDDEN')
      refused(await call(shop, boss, 'DELETE', at), 403, 'FORBIDDEN')
      const body = { password: 'Analytical1' }
      const put = await shop.call('PUT', `/api/users/${admin.number}`, { token: boss.token, body })
      refused(put, 403, 'FORBIDDEN')
    })
  })

  test('can take the last administrator away, also not two who do it to each other', async () => {
    await using shop = await openShop()
    const [one, two] = [
      await signUp(shop, { role: 'admin' }),
      await signUp(shop, { role: 'admin' }),
    ]
    const answers = await Promise.all([
      give(shop, one, two.id, 'customer'),
      call(shop, two, 'PUT', `/accounts/${one.id}/block`),
      give(shop, two, one.id, 'customer'),
      call(shop, one, 'PUT', `/accounts/${two.id}/block`),
    ])
    for (const { status, text } of answers) assert.ok([200, 401, 403, 409].includes(status), text)
    const left = await shop.ctx.db.read
      .selectFrom('customers')
      .select('id')
      .where('role', '=', 'admin')
      .where('disabled_at', 'is', null)
      .execute()
    assert.equal(left.length, 1)
    const last = left[0]?.id === one.id ? one : two
    const at = `/accounts/${last.id}`
    refused(await give(shop, last, last.id, 'customer'), 409, 'LAST_ADMIN')
    refused(await call(shop, last, 'PUT', `${at}/block`), 409, 'LAST_ADMIN')
    refused(await call(shop, last, 'DELETE', at), 409, 'LAST_ADMIN')
    const own = await shop.call('DELETE', `/api/users/${last.number}`, { token: last.token })
    refused(own, 409, 'LAST_ADMIN')
  })
})

describeOnEveryDatabase('an API key', (openShop) => {
  const make = (shop: TestShop, by: Who, body: object) =>
    call(shop, by, 'POST', '/api-keys', { name: 'Robot', permissions: ['inventory:read'], ...body })

  test('is shown once and kept as a hash; it does what it was made for', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const made = await make(shop, admin, {})
    assert.equal(made.status, 201, made.text)
    assert.equal(made.headers.get('cache-control'), 'no-store')
    const { key, id, prefix } = made.body.data
    assert.match(key, /^ck_[\w-]{43}$/)
    assert.equal(prefix, key.slice(0, 9))
    const shown = await call(shop, admin, 'GET', `/api-keys/${id}`)
    assert.equal(shown.text.includes(key), false)
    const rows = await shop.ctx.db.read.selectFrom('api_keys').selectAll().execute()
    assert.equal(JSON.stringify(rows).includes(key.slice(9)), false)
    refused(await call(shop, { token: key }, 'GET', '/stock/none'), 404, 'NOT_FOUND')
    refused(await call(shop, { token: key }, 'GET', '/roles'), 403, 'FORBIDDEN')
    const used = await call(shop, admin, 'GET', `/api-keys/${id}`)
    assert.notEqual(used.body.data.last_used_at, null)
  })

  test('is no person: it has no account, no orders and no sessions', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const { key: token } = (await make(shop, admin, { permissions: allPermissions })).body.data
    for (const path of ['/customers/me', '/orders', '/sessions']) {
      refused(await shop.call('GET', `/api/v1${path}`, { token }), 403, 'ACCOUNT_REQUIRED')
    }
    assert.equal((await shop.call('GET', '/api/v1/cart', { token, session: 's' })).status, 200)
  })

  test('never does more than its owner may, now', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const boss = await manager(shop, admin, ['inventory:read'])
    refused(await make(shop, boss, { permissions: ['audit:read'] }), 403, 'FORBIDDEN')
    const { key: token } = (await make(shop, boss, {})).body.data
    refused(await call(shop, { token }, 'GET', '/stock/none'), 404, 'NOT_FOUND')
    await give(shop, admin, boss.id, 'customer')
    refused(await call(shop, { token }, 'GET', '/stock/none'), 403, 'FORBIDDEN')
    await give(shop, admin, boss.id, 'manager')
    await call(shop, admin, 'PUT', `/accounts/${boss.id}/block`)
    refused(await call(shop, { token }, 'GET', '/stock/none'), 401, 'INVALID_TOKEN')
  })

  test('opens nothing once it has expired or was revoked, nor when it was made up', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    const past = { expires_at: '2020-01-01T00:00:00Z' }
    refusedField(await make(shop, admin, past), 'expires_at')
    const soon = { expires_at: new Date(Date.now() + 3_600_000).toISOString() }
    const { key: token, id } = (await make(shop, admin, soon)).body.data
    refused(await call(shop, { token }, 'GET', '/stock/none'), 404, 'NOT_FOUND')
    const revoked = await call(shop, admin, 'DELETE', `/api-keys/${id}`)
    assert.notEqual(revoked.body.data.revoked_at, null)
    const again = await call(shop, admin, 'DELETE', `/api-keys/${id}`)
    assert.deepEqual(again.body.data, revoked.body.data)
    for (const bad of [token, `${token}x`, token.toLowerCase(), 'ck_', `ck_${'a'.repeat(43)}`]) {
      refused(await call(shop, { token: bad }, 'GET', '/stock/none'), 401, 'INVALID_TOKEN')
    }
  })

  test('list walks all of them, newest first', async () => {
    await using shop = await openShop()
    const admin = await signUp(shop, { role: 'admin' })
    for (const name of ['a', 'b', 'c']) await make(shop, admin, { name })
    const first = await call(shop, admin, 'GET', '/api-keys?per_page=2')
    const names = (list: { name: string }[]) => list.map(({ name }) => name)
    assert.deepEqual(names(first.body.data), ['c', 'b'])
    const cursor = first.body.meta.next_cursor as string
    const rest = await call(shop, admin, 'GET', `/api-keys?per_page=2&cursor=${cursor}`)
    assert.deepEqual(names(rest.body.data), ['a'])
    assert.equal(rest.body.meta.next_cursor, null)
    const broken = Buffer.from('["x"]').toString('base64url')
    refusedField(await call(shop, admin, 'GET', `/api-keys?cursor=${broken}`), 'cursor')
  })
})
