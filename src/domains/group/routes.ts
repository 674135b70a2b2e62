import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { Code, IdOrNumber, Label, Uuid, UuidParams } from '../../http/schema.ts'
import {
  changeGroup,
  createGroup,
  joinGroup,
  leaveGroup,
  listGroups,
  membersOf,
  removeGroup,
  type GroupRow,
} from './groups.ts'

const tags = ['Administration']
const config = { allow: 'pricing:write' } as const
const closed = { additionalProperties: false }

const GroupView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    is_tax_exempt: Type.Boolean(),
    version: Type.Integer(),
  },
  { title: 'CustomerGroup' },
)

const NewGroupBody = Type.Object(
  {
    code: Code,
    name: Label,
    is_tax_exempt: Type.Optional(
      Type.Boolean({ default: false, description: 'Its members pay no tax' }),
    ),
  },
  closed,
)

const GroupBody = Type.Object(
  { name: Type.Optional(Label), is_tax_exempt: Type.Optional(Type.Boolean()) },
  { ...closed, minProperties: 1 },
)

const groupView = (row: GroupRow) => ({ ...row, is_tax_exempt: row.is_tax_exempt === 1 })

export function registerGroupRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/customer-groups',
    {
      schema: {
        tags,
        summary: 'All customer groups',
        response: { 200: envelope(Type.Array(GroupView)) },
      },
      config,
    },
    async () => success((await listGroups(ctx.db.read)).map(groupView), 'Customer groups listed'),
  )

  app.post(
    '/admin/customer-groups',
    {
      schema: {
        tags,
        summary: 'Create a customer group',
        body: NewGroupBody,
        response: { 201: envelope(GroupView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, name, is_tax_exempt: isTaxExempt = false } = request.body
      const group = await createGroup(inNameOf(ctx, request), { code, name, isTaxExempt })
      return reply.code(201).send(success(groupView(group), 'Customer group created'))
    },
  )
  registerGroupChanges(app, ctx)
  registerMembers(app, ctx)
}

function registerGroupChanges(app: App, ctx: Context): void {
  app.patch(
    '/admin/customer-groups/:id',
    {
      schema: {
        tags,
        summary: 'Change a customer group',
        params: UuidParams,
        body: GroupBody,
        response: { 200: envelope(GroupView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { is_tax_exempt, name } = request.body
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const group = await changeGroup(inNameOf(ctx, request), at, {
        ...(name === undefined ? {} : { name }),
        ...(is_tax_exempt === undefined ? {} : { is_tax_exempt: is_tax_exempt ? 1 : 0 }),
      })
      return success(groupView(group), 'Customer group changed')
    },
  )

  app.delete(
    '/admin/customer-groups/:id',
    {
      schema: {
        tags,
        summary: 'Delete a customer group; its members lose what it gave them',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      await removeGroup(inNameOf(ctx, request), request.params.id.toLowerCase())
      return success(null, 'Customer group deleted')
    },
  )
}

const MemberParams = Type.Object({ ...UuidParams.properties, customer: IdOrNumber })
const MemberView = Type.Object({ id: Uuid, number: Type.Integer(), email: Type.String() })

function registerMembers(app: App, ctx: Context): void {
  app.get(
    '/admin/customer-groups/:id/members',
    {
      schema: {
        tags,
        summary: 'The members of a customer group, by number',
        params: UuidParams,
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 100 })),
            offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
          },
          closed,
        ),
        response: { 200: envelope(Type.Array(MemberView)) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { limit = 100, offset = 0 } = request.query
      const found = await membersOf(ctx, request.params.id.toLowerCase(), { limit, offset })
      return success(found, 'Members listed')
    },
  )

  app.put(
    '/admin/customer-groups/:id/members/:customer',
    {
      schema: {
        tags,
        summary: 'Put a customer into a group',
        params: MemberParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      await joinGroup(inNameOf(ctx, request), params.id.toLowerCase(), referenceOf(params.customer))
      return success(null, 'Member added')
    },
  )

  app.delete(
    '/admin/customer-groups/:id/members/:customer',
    {
      schema: {
        tags,
        summary: 'Take a customer out of a group',
        params: MemberParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      await leaveGroup(
        inNameOf(ctx, request),
        params.id.toLowerCase(),
        referenceOf(params.customer),
      )
      return success(null, 'Member removed')
    },
  )
}
