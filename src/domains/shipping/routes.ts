import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { isCurrency, type Minor } from '../../core/money.ts'
import { shippingKinds, type Tariff } from '../../core/pricing/shipping.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { Amount, Code, Label, Money, Uuid, UuidParams, uuidPattern } from '../../http/schema.ts'
import { priceOf } from '../catalog/filter.ts'
import { moneyView } from '../catalog/views.ts'
import { AreaBody } from '../tax/routes.ts'
import {
  areaOf,
  changeMethod,
  changeShippingZone,
  createMethod,
  createShippingZone,
  getMethod,
  listShippingZones,
  listStoredMethods,
  removeMethod,
  removeShippingZone,
  type StoredMethod,
  type ZoneRow,
} from './shipping.ts'

const tags = ['Administration']
const config = { allow: 'shipping:write' } as const
const closed = { additionalProperties: false }

const StepBody = Type.Object(
  {
    from: Type.String({
      pattern: '^[0-9]{1,12}(\\.[0-9]{1,4})?$',
      description: 'Grams for the kind weight, an amount for the kind price',
      examples: ['1000'],
    }),
    price: Amount,
  },
  closed,
)

const TariffBody = Type.Object(
  {
    price: Amount,
    per_item: Type.Optional(Amount),
    free_from: Type.Optional(Amount),
    steps: Type.Optional(Type.Array(StepBody, { minItems: 1, maxItems: 100 })),
  },
  closed,
)

const methodFields = {
  name: Label,
  description: Type.Optional(Type.String({ maxLength: 500 })),
  kind: Type.Enum([...shippingKinds]),
  zone_id: Type.Optional(
    Type.Union([Type.String({ pattern: `^${uuidPattern}$` }), Type.Null()], {
      description: 'Where it delivers to; null: everywhere',
    }),
  ),
  tariffs: Type.Record(Type.String({ pattern: '^[A-Z]{3}$' }), TariffBody, {
    description: 'Its prices by currency; it is offered to carts in these alone',
    additionalProperties: false,
    minProperties: 1,
  }),
  weight_max_grams: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Null()]),
  ),
  days_min: Type.Integer({ minimum: 0, maximum: 365 }),
  days_max: Type.Integer({ minimum: 0, maximum: 365 }),
  position: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, default: 100 })),
  is_active: Type.Optional(Type.Boolean({ default: true })),
}

const NewMethodBody = Type.Object({ code: Code, ...methodFields }, closed)
const MethodBody = Type.Object(methodFields, closed)

const TariffView = Type.Object({
  price: Money,
  per_item: Type.Optional(Money),
  free_from: Type.Optional(Money),
  steps: Type.Optional(Type.Array(Type.Object({ from: Type.String(), price: Money }))),
})

const MethodView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    description: Type.String(),
    kind: Type.String(),
    zone_id: Type.Union([Uuid, Type.Null()]),
    tariffs: Type.Record(Type.String(), TariffView),
    weight_max_grams: Type.Union([Type.Integer(), Type.Null()]),
    days_min: Type.Integer(),
    days_max: Type.Integer(),
    position: Type.Integer(),
    is_active: Type.Boolean(),
    version: Type.Integer(),
  },
  { title: 'StoredShippingMethod' },
)

function methodView(method: StoredMethod) {
  const tariffs = Object.entries(method.tariffs).map(
    ([currency, tariff]) => [currency, tariffView(method.kind, currency, tariff)] as const,
  )
  return {
    id: method.id,
    code: method.code,
    name: method.name,
    description: method.description,
    kind: method.kind,
    zone_id: method.zoneId ?? null,
    tariffs: Object.fromEntries(tariffs),
    weight_max_grams: method.weightMaxGrams ?? null,
    days_min: method.daysMin,
    days_max: method.daysMax,
    position: method.position,
    is_active: method.isActive,
    version: method.version,
  }
}

function tariffView(kind: string, currency: string, tariff: Tariff) {
  const money = (amount: Minor) => moneyView(amount, currency)
  const from = (value: number) => (kind === 'price' ? money(value as Minor).amount : String(value))
  return {
    price: money(tariff.priceMinor),
    ...(tariff.perItemMinor === undefined ? {} : { per_item: money(tariff.perItemMinor) }),
    ...(tariff.freeFromMinor === undefined ? {} : { free_from: money(tariff.freeFromMinor) }),
    ...(tariff.steps === undefined
      ? {}
      : {
          steps: tariff.steps.map((step) => ({
            from: from(step.from),
            price: money(step.priceMinor),
          })),
        }),
  }
}

type TariffInput = Static<typeof TariffBody>

function tariffOf(kind: string, currency: string, body: TariffInput): Tariff {
  const field = `tariffs.${currency}`
  if (!isCurrency(currency)) throw invalid(field, 'is no currency of ISO 4217')
  const amount = (name: string, text: string) => priceOf(`${field}.${name}`, text, currency)
  const { per_item, free_from, steps } = body
  return {
    priceMinor: amount('price', body.price),
    ...(per_item === undefined ? {} : { perItemMinor: amount('per_item', per_item) }),
    ...(free_from === undefined ? {} : { freeFromMinor: amount('free_from', free_from) }),
    ...(steps === undefined
      ? {}
      : {
          steps: steps.map((step) => ({
            from: kind === 'price' ? amount('steps.from', step.from) : gramsOf(field, step.from),
            priceMinor: amount('steps.price', step.price),
          })),
        }),
  }
}

function gramsOf(field: string, text: string): number {
  if (!/^\d+$/.test(text)) throw invalid(`${field}.steps.from`, 'must be whole grams')
  return Number(text)
}

function methodOf(body: Static<typeof MethodBody>) {
  const tariffs = Object.entries(body.tariffs).map(
    ([currency, tariff]) => [currency, tariffOf(body.kind, currency, tariff)] as const,
  )
  return {
    name: body.name,
    description: body.description ?? '',
    kind: body.kind,
    zoneId: body.zone_id?.toLowerCase() ?? null,
    tariffs: Object.fromEntries(tariffs),
    weightMaxGrams: body.weight_max_grams ?? null,
    daysMin: body.days_min,
    daysMax: body.days_max,
    position: body.position ?? 100,
    isActive: body.is_active ?? true,
  }
}

export function registerShippingRoutes(app: App, ctx: Context): void {
  registerMethods(app, ctx)
  registerMethodChanges(app, ctx)
  registerZones(app, ctx)
  registerZoneChanges(app, ctx)
}

function registerMethods(app: App, ctx: Context): void {
  app.get(
    '/admin/shipping-methods',
    {
      schema: {
        tags,
        summary: 'All shipping methods, in the order in which they are offered',
        response: { 200: envelope(Type.Array(MethodView)) },
      },
      config,
    },
    async () => {
      const methods = await listStoredMethods(ctx, ctx.db.read)
      return success(methods.map(methodView), 'Shipping methods listed')
    },
  )

  app.post(
    '/admin/shipping-methods',
    {
      schema: {
        tags,
        summary: 'Create a shipping method',
        body: NewMethodBody,
        response: { 201: envelope(MethodView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, ...method } = request.body
      const created = await createMethod(inNameOf(ctx, request), { code, ...methodOf(method) })
      return reply.code(201).send(success(methodView(created), 'Shipping method created'))
    },
  )

  app.get(
    '/admin/shipping-methods/:id',
    {
      schema: {
        tags,
        summary: 'One shipping method',
        params: UuidParams,
        response: { 200: envelope(MethodView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const method = await getMethod(ctx, ctx.db.read, params.id.toLowerCase())
      return success(methodView(method), 'Shipping method found')
    },
  )
}

function registerMethodChanges(app: App, ctx: Context): void {
  app.put(
    '/admin/shipping-methods/:id',
    {
      schema: {
        tags,
        summary: 'Replace a shipping method, but for its code',
        params: UuidParams,
        body: MethodBody,
        response: { 200: envelope(MethodView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const method = await changeMethod(inNameOf(ctx, request), at, methodOf(request.body))
      return success(methodView(method), 'Shipping method replaced')
    },
  )

  app.delete(
    '/admin/shipping-methods/:id',
    {
      schema: {
        tags,
        summary: 'Delete a shipping method',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      await removeMethod(inNameOf(ctx, request), params.id.toLowerCase())
      return success(null, 'Shipping method deleted')
    },
  )
}

const Names = Type.Union([Type.Array(Type.String()), Type.Null()])
const ZoneView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    countries: Names,
    regions: Names,
    postcodes: Names,
    version: Type.Integer(),
  },
  { title: 'ShippingZone' },
)
const ZoneBody = Type.Object({ name: Label, ...AreaBody }, closed)
const NewZoneBody = Type.Object({ code: Code, name: Label, ...AreaBody }, closed)

function zoneView(zone: ZoneRow) {
  const { countries = null, regions = null, postcodes = null } = areaOf(zone)
  const { id, code, name, version } = zone
  return { id, code, name, countries, regions, postcodes, version }
}

function zoneOf(body: Static<typeof ZoneBody>) {
  const { name, countries = null, regions = null, postcodes = null } = body
  return { name, countries, regions, postcodes }
}

function registerZones(app: App, ctx: Context): void {
  app.get(
    '/admin/shipping-zones',
    {
      schema: {
        tags,
        summary: 'All shipping zones',
        response: { 200: envelope(Type.Array(ZoneView)) },
      },
      config,
    },
    async () =>
      success((await listShippingZones(ctx.db.read)).map(zoneView), 'Shipping zones listed'),
  )

  app.post(
    '/admin/shipping-zones',
    {
      schema: {
        tags,
        summary: 'Create a shipping zone',
        body: NewZoneBody,
        response: { 201: envelope(ZoneView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, ...zone } = request.body
      const created = await createShippingZone(inNameOf(ctx, request), { code, ...zoneOf(zone) })
      return reply.code(201).send(success(zoneView(created), 'Shipping zone created'))
    },
  )
}

function registerZoneChanges(app: App, ctx: Context): void {
  app.put(
    '/admin/shipping-zones/:id',
    {
      schema: {
        tags,
        summary: 'Replace a shipping zone, but for its code',
        params: UuidParams,
        body: ZoneBody,
        response: { 200: envelope(ZoneView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const zone = await changeShippingZone(inNameOf(ctx, request), at, zoneOf(request.body))
      return success(zoneView(zone), 'Shipping zone replaced')
    },
  )

  app.delete(
    '/admin/shipping-zones/:id',
    {
      schema: {
        tags,
        summary: 'Delete a shipping zone that no method is for',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      const { params } = request
      await removeShippingZone(inNameOf(ctx, request), params.id.toLowerCase())
      return success(null, 'Shipping zone deleted')
    },
  )
}
