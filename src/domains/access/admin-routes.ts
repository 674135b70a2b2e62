import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { callerOf, inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, listEnvelope, success } from '../../http/envelope.ts'
import { cursorPage, CursorQuery } from '../../http/paging.ts'
import { UuidParams } from '../../http/schema.ts'
import { apiKeys, createApiKey, getApiKey, revokeApiKey } from './api-keys.ts'
import { changeRole, createRole, getRole, listRoles, removeRole } from './roles.ts'
import {
  ApiKeyView,
  NewApiKeyBody,
  NewApiKeyView,
  NewRoleBody,
  PermissionName,
  RoleBody,
  RoleParams,
  RoleView,
} from './schema.ts'
import { apiKeyView, permissionViews, roleView } from './views.ts'

const tags = ['Administration']
const roles = { allow: 'role:manage' } as const
const keys = { allow: 'key:manage' } as const

export function registerAccessAdminRoutes(app: App, ctx: Context): void {
  registerRoleList(app, ctx)
  registerRoleChanges(app, ctx)
  registerKeyRoutes(app, ctx)
}

function registerRoleList(app: App, ctx: Context): void {
  app.get(
    '/admin/permissions',
    {
      schema: {
        tags,
        summary: 'Every permission that a role or an API key can have',
        response: {
          200: envelope(Type.Array(Type.Object({ name: PermissionName, allows: Type.String() }))),
        },
      },
      config: roles,
    },
    () => success(permissionViews(), 'Permissions listed'),
  )

  app.get(
    '/admin/roles',
    {
      schema: {
        tags,
        summary: 'The built-in roles and those of the shop',
        response: { 200: envelope(Type.Array(RoleView)) },
      },
      config: roles,
    },
    async () => success((await listRoles(ctx)).map(roleView), 'Roles listed'),
  )

  app.get(
    '/admin/roles/:code',
    {
      schema: {
        tags,
        summary: 'One role',
        params: RoleParams,
        response: { 200: envelope(RoleView) },
      },
      config: { ...roles, errors: ['NOT_FOUND'] },
    },
    async (request) => success(roleView(await getRole(ctx, request.params.code)), 'Role found'),
  )
}

function registerRoleChanges(app: App, ctx: Context): void {
  app.post(
    '/admin/roles',
    {
      schema: {
        tags,
        summary: 'Make a role; it can allow no more than you may do yourself',
        body: NewRoleBody,
        response: { 201: envelope(RoleView) },
      },
      config: { ...roles, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { description = '', ...body } = request.body
      const made = await createRole(inNameOf(ctx, request), callerOf(request), {
        ...body,
        description,
      })
      return reply.code(201).send(success(roleView(made), 'Role created'))
    },
  )

  app.patch(
    '/admin/roles/:code',
    {
      schema: {
        tags,
        summary: 'Change a role of the shop; whoever has it is affected at once',
        params: RoleParams,
        body: RoleBody,
        response: { 200: envelope(RoleView) },
      },
      config: { ...roles, errors: ['NOT_FOUND', 'BUILT_IN', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { code } = request.params
      const asked = { code, version: demandedVersion(request), change: request.body }
      const changed = await changeRole(inNameOf(ctx, request), callerOf(request), asked)
      return success(roleView(changed), 'Role changed')
    },
  )

  app.delete(
    '/admin/roles/:code',
    {
      schema: {
        tags,
        summary: 'Delete a role of the shop that nobody has',
        params: RoleParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...roles, errors: ['NOT_FOUND', 'BUILT_IN', 'IN_USE'] },
    },
    async (request) => {
      await removeRole(inNameOf(ctx, request), callerOf(request), request.params.code)
      return success(null, 'Role deleted')
    },
  )
}

function registerKeyRoutes(app: App, ctx: Context): void {
  registerKeyReads(app, ctx)
  app.post(
    '/admin/api-keys',
    {
      schema: {
        tags,
        summary: 'Make an API key; it can do no more than you may now',
        body: NewApiKeyBody,
        response: { 201: envelope(NewApiKeyView) },
      },
      config: keys,
    },
    async (request, reply) => {
      const { name, permissions, expires_at } = request.body
      const expiresAt = expires_at === undefined ? undefined : Date.parse(expires_at)
      const wanted = { name, permissions, expiresAt }
      const { key, text } = await createApiKey(inNameOf(ctx, request), callerOf(request), wanted)
      const data = { ...apiKeyView(key), key: text }
      return reply.code(201).send(success(data, 'API key created: it is shown only now'))
    },
  )

  app.delete(
    '/admin/api-keys/:id',
    {
      schema: {
        tags,
        summary: 'Revoke an API key: from now on it opens nothing',
        params: UuidParams,
        response: { 200: envelope(ApiKeyView) },
      },
      config: { ...keys, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const key = await revokeApiKey(inNameOf(ctx, request), request.params.id.toLowerCase())
      return success(apiKeyView(key), 'API key revoked')
    },
  )
}

function registerKeyReads(app: App, ctx: Context): void {
  app.get(
    '/admin/api-keys',
    {
      schema: {
        tags,
        summary: 'API keys, newest first, revoked ones too',
        querystring: CursorQuery,
        response: { 200: listEnvelope(ApiKeyView) },
      },
      config: keys,
    },
    async (request) => {
      const { rows, meta } = await cursorPage(request.query, {
        read: (after, limit) => apiKeys(ctx, { after, limit }),
        placeOf: ({ id }) => id,
      })
      return success(rows.map(apiKeyView), 'API keys listed', { meta })
    },
  )

  app.get(
    '/admin/api-keys/:id',
    {
      schema: {
        tags,
        summary: 'One API key, without its text',
        params: UuidParams,
        response: { 200: envelope(ApiKeyView) },
      },
      config: { ...keys, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const key = await getApiKey(ctx, request.params.id.toLowerCase())
      return success(apiKeyView(key), 'API key found')
    },
  )
}
