import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { UuidParams } from '../../http/schema.ts'
import { changeLocation, createLocation, listLocations, type LocationRow } from './locations.ts'
import { LocationBody, LocationView, NewLocationBody, tags } from './schema.ts'

const locationView = ({ is_default, is_active, ...row }: LocationRow) => ({
  ...row,
  is_default: is_default === 1,
  is_active: is_active === 1,
})

export function registerLocationRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/locations',
    {
      schema: {
        tags,
        summary: 'The places where goods are kept, in the order in which they are asked',
        response: { 200: envelope(Type.Array(LocationView)) },
      },
      config: { allow: 'inventory:read' },
    },
    async () => success((await listLocations(ctx.db.read)).map(locationView), 'Locations listed'),
  )

  app.post(
    '/admin/locations',
    {
      schema: {
        tags,
        summary: 'Open a place to keep goods at',
        body: NewLocationBody,
        response: { 201: envelope(LocationView) },
      },
      config: { allow: 'inventory:manage', errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, name, priority = 0, is_active: isActive = true } = request.body
      const location = { code, name, priority, isActive }
      const created = await createLocation(inNameOf(ctx, request), location)
      return reply.code(201).send(success(locationView(created), 'Location created'))
    },
  )

  app.patch(
    '/admin/locations/:id',
    {
      schema: {
        tags,
        summary: 'Rename a location, open or close it to buyers, make it the default',
        params: UuidParams,
        body: LocationBody,
        response: { 200: envelope(LocationView) },
      },
      config: { allow: 'inventory:manage', errors: ['NOT_FOUND', 'IN_USE', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const { name, priority, is_active: isActive, is_default: isDefault } = request.body
      const change = { name, priority, isActive, isDefault }
      const changed = await changeLocation(inNameOf(ctx, request), at, change)
      return success(locationView(changed), 'Location changed')
    },
  )
}
