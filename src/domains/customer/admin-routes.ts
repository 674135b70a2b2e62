import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { callerOf, inNameOf } from '../../http/auth.ts'
import { demandedVersion, sendCacheable } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { cursorPage } from '../../http/paging.ts'
import { IdParams } from '../../http/schema.ts'
import { eraseAccount } from '../privacy/erasure.ts'
import { changeCustomer, getCustomer } from './customers.ts'
import { profileOf } from './routes.ts'
import { AccountBody, AccountQuery, AccountView, RoleOfAccountBody } from './schema.ts'
import { assignRole, searchAccounts, setBlocked } from './staff.ts'
import { accountView } from './views.ts'

const tags = ['Administration']
const Account = envelope(AccountView)
const manage = { allow: 'customer:manage' } as const

export function registerCustomerAdminRoutes(app: App, ctx: Context): void {
  registerAccountReads(app, ctx)
  registerAccountChanges(app, ctx)
  registerRights(app, ctx)
}

function registerAccountReads(app: App, ctx: Context): void {
  app.get(
    '/admin/accounts',
    {
      schema: {
        tags,
        summary: 'Accounts of customers and staff, newest first',
        querystring: AccountQuery,
        response: { 200: listEnvelope(AccountView) },
      },
      config: { allow: 'customer:read' },
    },
    async (request) => {
      const { role, search, blocked: isDisabled } = request.query
      const { rows, meta } = await cursorPage(request.query, {
        read: (after, limit) => {
          const before = after === undefined ? undefined : Number(after)
          return searchAccounts(ctx, { role, search, isDisabled }, { before, limit })
        },
        placeOf: ({ number }) => number,
      })
      return success(rows.map(accountView), 'Accounts listed', { meta })
    },
  )

  app.get(
    '/admin/accounts/:id',
    {
      schema: { tags, summary: 'One account', params: IdParams, response: { 200: Account } },
      config: { allow: 'customer:read', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const found = await getCustomer(ctx, referenceOf(request.params.id))
      const body = JSON.stringify(success(accountView(found), 'Account found'))
      return sendCacheable({ request, reply }, body, found.version)
    },
  )
}

function registerAccountChanges(app: App, ctx: Context): void {
  app.patch(
    '/admin/accounts/:id',
    {
      schema: {
        tags,
        summary: 'Change the account of somebody who may do no more than you',
        params: IdParams,
        body: AccountBody,
        response: { 200: Account },
      },
      config: { ...manage, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { id } = await getCustomer(ctx, referenceOf(request.params.id))
      const at = { id, by: callerOf(request), version: demandedVersion(request) }
      const changed = await changeCustomer(inNameOf(ctx, request), at, profileOf(request.body))
      return success(accountView(changed), 'Account changed')
    },
  )

  app.delete(
    '/admin/accounts/:id',
    {
      schema: {
        tags,
        summary: 'Erase an account; its orders stay in the books, without a name',
        params: IdParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...manage, errors: ['NOT_FOUND', 'LAST_ADMIN'] },
    },
    async (request) => {
      const { id } = await getCustomer(ctx, referenceOf(request.params.id))
      await eraseAccount(inNameOf(ctx, request), id, callerOf(request))
      return success(null, 'Account erased')
    },
  )
}

function registerRights(app: App, ctx: Context): void {
  app.put(
    '/admin/accounts/:id/role',
    {
      schema: {
        tags,
        summary: 'Give an account a role that allows no more than you may do yourself',
        params: IdParams,
        body: RoleOfAccountBody,
        response: { 200: Account },
      },
      config: { allow: 'role:manage', errors: ['NOT_FOUND', 'LAST_ADMIN'] },
    },
    async (request) => {
      const { id } = await getCustomer(ctx, referenceOf(request.params.id))
      const { role } = request.body
      const changed = await assignRole(inNameOf(ctx, request), callerOf(request), { id, role })
      return success(accountView(changed), 'Role given')
    },
  )

  const block = (isBlocked: boolean) => ({
    schema: {
      tags,
      summary: isBlocked
        ? 'Block an account: its sessions end, its keys stop'
        : 'Let a blocked account in again',
      params: IdParams,
      response: { 200: Account },
    },
    config: { ...manage, errors: ['NOT_FOUND', 'LAST_ADMIN'] as const },
  })
  app.put('/admin/accounts/:id/block', block(true), async (request) => {
    const { id } = await getCustomer(ctx, referenceOf(request.params.id))
    const at = { id, isBlocked: true }
    const blocked = await setBlocked(inNameOf(ctx, request), callerOf(request), at)
    return success(accountView(blocked), 'Account blocked')
  })
  app.delete('/admin/accounts/:id/block', block(false), async (request) => {
    const { id } = await getCustomer(ctx, referenceOf(request.params.id))
    const at = { id, isBlocked: false }
    const opened = await setBlocked(inNameOf(ctx, request), callerOf(request), at)
    return success(accountView(opened), 'Account open again')
  })
}
