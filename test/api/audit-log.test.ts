import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addProduct, describeOnEveryDatabase, signUp, type TestShop } from '../support/shop.ts'
import { refused, refusedField } from './support.ts'

type Entry = Readonly<Record<string, unknown>>

async function log(shop: TestShop, token: string, query = ''): Promise<Entry[]> {
  const answer = await shop.call('GET', `/api/v1/admin/audit-log${query}`, { token })
  assert.equal(answer.status, 200, answer.text)
  return answer.body.data as Entry[]
}

describeOnEveryDatabase('the audit log', (openShop) => {
  test('says who changed what, from what to what, when and by which request', async () => {
    await using shop = await openShop()
    const { token, id, email } = await signUp(shop, { role: 'admin' })
    const product = await addProduct(shop.ctx, { name: 'Old' })
    const path = `/api/v1/admin/products/${product.number}`
    const headers = { 'x-request-id': 'change-1' }
    await shop.call('PATCH', path, { token, headers, body: { name: 'New' } })
    const [entry] = await log(shop, token)
    const { id: _, created_at, ip, ...rest } = entry ?? {}
    assert.deepEqual(rest, {
      ...{ actor_kind: 'account', actor_id: id, actor_name: email },
      ...{ action: 'product.changed', subject_kind: 'product', subject_id: product.id },
      ...{ before: { name: 'Old' }, after: { name: 'New' }, request_id: 'change-1' },
    })
    assert.match(String(ip), /127\.0\.0\.1/)
    assert.ok(Math.abs(Date.parse(String(created_at)) - Date.now()) < 60_000)
  })

  test('has every change that staff and keys make, and none that was refused', async () => {
    await using shop = await openShop()
    const { token, id: adminId } = await signUp(shop, { role: 'admin' })
    const customer = await signUp(shop)
    const call = async (method: string, path: string, body?: object, by = token) => {
      const request = { token: by, ...(body ? { body } : {}) }
      const answer = await shop.call(method, `/api/v1/admin${path}`, request)
      assert.ok(answer.status < 300, answer.text)
      return answer.body.data
    }
    const variant = { sku: 'A-1', price: '1.00' }
    const product = await call('POST', '/products', {
      name: 'A',
      description: '',
      variants: [variant],
    })
    await call('POST', `/products/${product.id}/variants`, { sku: 'A-2', price: '2.00' })
    const [first] = product.variants as { id: string }[]
    await call('PATCH', `/variants/${first?.id}`, { price: '3.00' })
    await call('DELETE', `/products/${product.id}`)
    const category = await call('POST', '/categories', { name: 'C', description: '' })
    await call('PATCH', `/categories/${category.id}`, { name: 'D' })
    await call('DELETE', `/categories/${category.id}`)
    await call('POST', '/roles', { code: 'packer', name: 'P', permissions: [] })
    await call('PATCH', '/roles/packer', { name: 'Q' })
    await call('PUT', `/accounts/${customer.id}/role`, { role: 'packer' })
    await call('PUT', `/accounts/${customer.id}/block`)
    await call('DELETE', `/accounts/${customer.id}/block`)
    await call('PATCH', `/accounts/${customer.id}`, { first_name: 'Eve' })
    await call('DELETE', `/accounts/${customer.id}`)
    await call('DELETE', '/roles/packer')
    const key = await call('POST', '/api-keys', { name: 'Robot', permissions: ['inventory:write'] })
    const adjustment = { variant_id: first?.id, quantity: 5, kind: 'receipt' }
    await call('POST', '/stock-adjustments', adjustment, key.key)
    await call('DELETE', `/api-keys/${key.id}`)
    const refusedOne = await shop.call('DELETE', '/api/v1/admin/roles/admin', { token })
    assert.equal(refusedOne.status, 409)
    const entries = (await log(shop, token, '?per_page=100')).toReversed()
    assert.deepEqual(
      entries.map(({ action }) => action),
      [
        ...['product.created', 'variant.created', 'variant.changed', 'product.changed'],
        ...['category.created', 'category.changed', 'category.deleted'],
        ...['role.created', 'role.changed', 'account.role_changed', 'account.blocked'],
        ...['account.unblocked', 'account.changed', 'account.erased', 'role.deleted'],
        ...['api_key.created', 'stock.adjusted', 'api_key.revoked'],
      ],
    )
    const byKey = entries.filter(({ actor_kind }) => actor_kind === 'key')
    assert.deepEqual(
      byKey.map(({ actor_id, actor_name, action }) => [actor_id, actor_name, action]),
      [[key.id, 'Robot', 'stock.adjusted']],
    )
    const byAdmin = entries.filter(({ actor_id }) => actor_id === adminId)
    assert.equal(byAdmin.length, entries.length - 1)
  })

  test('is searched by what was done, to what, by whom and when', async () => {
    await using shop = await openShop()
    const { token, id } = await signUp(shop, { role: 'admin' })
    const post = (path: string, body: object) =>
      shop.call('POST', `/api/v1/admin${path}`, { token, body })
    await post('/categories', { name: 'C', description: '' })
    await post('/roles', { code: 'packer', name: 'P', permissions: [] })
    const actions = async (query: string) =>
      (await log(shop, token, query)).map(({ action }) => action)
    assert.deepEqual(await actions('?action=role.created'), ['role.created'])
    assert.deepEqual(await actions('?action=cat'), [])
    assert.deepEqual(await actions('?action=category.'), ['category.created'])
    assert.deepEqual(await actions('?subject_kind=role&subject_id=packer'), ['role.created'])
    assert.deepEqual(await actions(`?actor_id=${id}`), ['role.created', 'category.created'])
    assert.deepEqual(await actions('?to=2020-01-01T00:00:00Z'), [])
    assert.equal((await actions('?from=2020-01-01T00:00:00Z')).length, 2)
    const odd = await shop.call('GET', '/api/v1/admin/audit-log?from=yesterday', { token })
    refusedField(odd, 'from')
    const unknown = await shop.call('GET', '/api/v1/admin/audit-log?who=me', { token })
    refusedField(unknown, 'who')
  })

  test('is exported whole, as JSON lines and as CSV that no spreadsheet runs', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'admin' })
    const body = { code: 'packer', name: '=HYPERLINK("x")', permissions: [] }
    await shop.call('POST', '/api/v1/admin/roles', { token, body })
    const get = (format: string) =>
      shop.call('GET', `/api/v1/admin/audit-log/export?format=${format}`, { token })
    const lines = (await get('jsonl')).text.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Entry)['action']),
      ['role.created'],
    )
    const csv = await get('csv')
    assert.match(csv.headers.get('content-disposition') ?? '', /filename="audit-log.csv"/)
    const [head, row = ''] = csv.text.split('\r\n')
    assert.match(head ?? '', /^id,created_at,actor_kind,/)
    assert.ok(row.includes('role.created') && !/(^|,)"?=/.test(row), row)
  })

  test('is closed to those without the right, and nobody can change or delete it', async () => {
    await using shop = await openShop()
    const { token } = await signUp(shop, { role: 'support' })
    for (const path of ['', '/export']) {
      const answer = await shop.call('GET', `/api/v1/admin/audit-log${path}`, { token })
      refused(answer, 403, 'FORBIDDEN')
    }
    const admin = await signUp(shop, { role: 'admin' })
    const body = { code: 'packer', name: 'P', permissions: [] }
    await shop.call('POST', '/api/v1/admin/roles', { token: admin.token, body })
    const { db } = shop.ctx
    await assert.rejects(
      db.transaction((tx) => tx.updateTable('audit_entries').set({ action: 'x' }).execute()),
    )
    await assert.rejects(db.transaction((tx) => tx.deleteFrom('audit_entries').execute()))
    assert.deepEqual(
      (await log(shop, admin.token)).map(({ action }) => action),
      ['role.created'],
    )
  })
})
