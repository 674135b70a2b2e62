import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import type { App } from '../../http/app.ts'
import { demandedVersion, etagOf, sendCacheable } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { timeView } from '../catalog/views.ts'
import { signedIn } from '../../http/auth.ts'
import {
  addAddress,
  changeAddress,
  getAddress,
  listAddresses,
  removeAddress,
  type AddressDraft,
  type SavedAddress,
} from './addresses.ts'
import { AddressParams, SavedAddressBody, SavedAddressView } from './address-schema.ts'

const tags = ['Customers']
const path = '/customers/me/addresses'

export function registerAddressRoutes(app: App, ctx: Context): void {
  registerAddressList(app, ctx)
  registerOneAddress(app, ctx)
}

function view({ id, address, isDefault, version, createdAt, updatedAt }: SavedAddress) {
  return {
    id,
    ...address,
    default_shipping: isDefault.shipping,
    default_billing: isDefault.billing,
    version,
    created_at: timeView(createdAt),
    updated_at: timeView(updatedAt),
  }
}

/** What a GET of the address answers, which its ETag is about. */
function bodyOf(saved: SavedAddress): string {
  return JSON.stringify(success(view(saved), 'Address found'))
}

function draftOf({ default_shipping, default_billing, ...address }: SavedAddressBody) {
  const isDefault = {
    ...(default_shipping === undefined ? {} : { shipping: default_shipping }),
    ...(default_billing === undefined ? {} : { billing: default_billing }),
  }
  return { address: address as Address, isDefault } satisfies AddressDraft
}

function oneOf(request: FastifyRequest & { params: { id: string } }) {
  return { customerId: signedIn(request).customerId, id: request.params.id.toLowerCase() }
}

function registerAddressList(app: App, ctx: Context): void {
  app.get(
    path,
    {
      schema: {
        tags,
        summary: 'Your addresses, the oldest first',
        response: { 200: envelope(Type.Array(SavedAddressView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const saved = await listAddresses(ctx.db.read, signedIn(request).customerId)
      return success(saved.map(view), 'Addresses listed')
    },
  )

  app.post(
    path,
    {
      schema: {
        tags,
        summary: 'Keep an address, at most 50',
        description:
          'What the post of the country asks for is required; state and postal code are kept as ' +
          'it writes them.',
        body: SavedAddressBody,
        response: { 201: envelope(SavedAddressView) },
      },
      config: {
        allow: 'customer',
        errors: ['LIMIT_REACHED', 'IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'],
      },
    },
    async (request, reply) => {
      const { customerId } = signedIn(request)
      const draft = draftOf(request.body)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => addAddress(ctx, tx, { customerId, draft }),
          render: (saved) => ({ status: 201, body: success(view(saved), 'Address saved') }),
        },
      )
    },
  )
}

function registerOneAddress(app: App, ctx: Context): void {
  const url = `${path}/:id`
  app.get(
    url,
    {
      schema: {
        tags,
        summary: 'One of your addresses',
        params: AddressParams,
        response: { 200: envelope(SavedAddressView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      const saved = await getAddress(ctx.db.read, oneOf(request))
      return sendCacheable({ request, reply }, bodyOf(saved), saved.version)
    },
  )

  app.put(
    url,
    {
      schema: {
        tags,
        summary: 'Replace an address; If-Match refuses to overwrite a newer version',
        params: AddressParams,
        body: SavedAddressBody,
        response: { 200: envelope(SavedAddressView) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request, reply) => {
      const one = { ...oneOf(request), version: demandedVersion(request) }
      const saved = await changeAddress(ctx, one, draftOf(request.body))
      reply.header('etag', etagOf(bodyOf(saved), saved.version))
      return success(view(saved), 'Address changed')
    },
  )

  app.delete(
    url,
    {
      schema: {
        tags,
        summary: 'Delete an address; orders keep their copies',
        params: AddressParams,
        response: { 200: envelope(Type.Object({ id: Type.String() })) },
      },
      config: { allow: 'customer', errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const one = oneOf(request)
      await removeAddress(ctx, { ...one, version: demandedVersion(request) })
      return success({ id: one.id }, 'Address deleted')
    },
  )
}
