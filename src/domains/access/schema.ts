import { Type } from 'typebox'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { allPermissions } from './permissions.ts'

const closed = { additionalProperties: false }

export const PermissionName = Type.Enum(allPermissions, { title: 'Permission' })
const NewPermissions = Type.Array(PermissionName, { maxItems: 100, uniqueItems: true })
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })
const Description = Type.String({ maxLength: 1_000 })

export const RoleCode = Type.String({
  pattern: '^[a-z][a-z0-9_]{1,19}$',
  description: '2 to 20 small letters, digits or underscores',
  examples: ['packer'],
})

export const RoleView = Type.Object(
  {
    code: Type.String(),
    name: Type.String(),
    description: Type.String(),
    permissions: Type.Array(Type.String()),
    built_in: Type.Boolean(),
    version: Type.Integer(),
  },
  { title: 'Role' },
)

export const NewRoleBody = Type.Object(
  {
    code: RoleCode,
    name: Name,
    description: Type.Optional(Description),
    permissions: NewPermissions,
  },
  {
    ...closed,
    examples: [{ code: 'packer', name: 'Packer', permissions: ['inventory:read', 'order:read'] }],
  },
)

export const RoleBody = Type.Object(
  {
    name: Type.Optional(Name),
    description: Type.Optional(Description),
    permissions: Type.Optional(NewPermissions),
  },
  { ...closed, minProperties: 1, examples: [{ permissions: ['inventory:read'] }] },
)

export const RoleParams = Type.Object({ code: Type.String({ minLength: 1, maxLength: 50 }) })

export const ApiKeyView = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    prefix: Type.String({ description: 'The first characters of the key' }),
    owner_id: Uuid,
    permissions: Type.Array(Type.String()),
    created_at: Timestamp,
    expires_at: Type.Union([Timestamp, Type.Null()]),
    last_used_at: Type.Union([Timestamp, Type.Null()], {
      description: 'To the minute',
    }),
    revoked_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'ApiKey' },
)

export const NewApiKeyView = Type.Object(
  {
    ...ApiKeyView.properties,
    key: Type.String({ description: 'Shown here and never again: keep it in a safe place' }),
  },
  { title: 'NewApiKey' },
)

export const NewApiKeyBody = Type.Object(
  {
    name: Name,
    permissions: Type.Array(PermissionName, { minItems: 1, maxItems: 100, uniqueItems: true }),
    expires_at: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { ...closed, examples: [{ name: 'Stock robot', permissions: ['inventory:write'] }] },
)

export const OwnSessionView = Type.Object(
  {
    id: Uuid,
    current: Type.Boolean({ description: 'The session of this request' }),
    method: Type.String(),
    user_agent: Type.String(),
    ip: Type.String(),
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
  },
  { title: 'Session' },
)

export const RefreshBody = Type.Object(
  { refresh_token: Type.String({ minLength: 1, maxLength: 500 }) },
  closed,
)

export const TokensView = Type.Object({
  access_token: Type.String({ description: 'To be sent as "Authorization: Bearer <token>"' }),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds' }),
  refresh_token: Type.String({ description: 'For the next pair of tokens; good once' }),
  refresh_expires_in: Type.Integer({ description: 'Seconds' }),
})
