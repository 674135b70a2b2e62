import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { notFound } from '../../core/errors.ts'
import { postcodePattern } from '../../core/pricing/destination.ts'
import { roundings } from '../../core/ratio.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import {
  Code,
  CountryCode,
  Label,
  momentOf,
  OptionalTime,
  Timestamp,
  Uuid,
  UuidParams,
} from '../../http/schema.ts'
import { timeView } from '../catalog/views.ts'
import { taxPresets } from './presets.ts'
import {
  changeTaxZone,
  createTaxZones,
  getStoredZone,
  listOf,
  listStoredZones,
  removeTaxZone,
  taxClassNames,
  type NewTaxZone,
  type StoredZone,
} from './tax.ts'

const tags = ['Administration']
const config = { allow: 'tax:write' } as const
const closed = { additionalProperties: false }

const TaxClass = Type.String({
  pattern: '^[a-z][a-z0-9_]{0,49}$',
  description: 'A tax class: lower-case letters, digits and _',
  examples: ['standard'],
})

const RateBody = Type.Object(
  {
    tax_class: TaxClass,
    name: Label,
    percent: Type.String({
      pattern: '^[0-9]{1,3}(\\.[0-9]{1,6})?$',
      description: 'An exact percentage such as 9.975',
      examples: ['19'],
    }),
    is_compound: Type.Optional(
      Type.Boolean({ default: false, description: 'Levied on top of the rates before it' }),
    ),
    starts_at: OptionalTime,
    ends_at: OptionalTime,
  },
  closed,
)

/** A part of the world; what is absent or null means all of it. */
export const AreaBody = {
  countries: Type.Optional(
    Type.Union([Type.Array(CountryCode, { maxItems: 250, uniqueItems: true }), Type.Null()]),
  ),
  regions: Type.Optional(
    Type.Union([
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 500 }),
      Type.Null(),
    ]),
  ),
  postcodes: Type.Optional(
    Type.Union([
      Type.Array(
        Type.String({
          pattern: postcodePattern,
          description: 'A postcode; * stands for any rest, # for a digit, 51001..51005 for a range',
          examples: ['35*'],
        }),
        { maxItems: 500 },
      ),
      Type.Null(),
    ]),
  ),
}

const ZoneBody = Type.Object(
  {
    code: Code,
    name: Label,
    ...AreaBody,
    prices_include_tax: Type.Boolean(),
    rounding: Type.Optional(Type.Enum([...roundings], { default: 'half-up' })),
    round_per: Type.Optional(Type.Enum(['total', 'line'], { default: 'total' })),
    shipping_class: Type.Optional(
      Type.Union([TaxClass, Type.Null()], {
        description: 'The tax class of shipping; null: shipping is not taxed',
      }),
    ),
    reverse_charge: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Buyers with a VAT id of another country than the shop’s pay no tax',
      }),
    ),
    rates: Type.Array(RateBody, { minItems: 1, maxItems: 200 }),
  },
  closed,
)

const nullable = <T extends ReturnType<typeof Type.String>>(type: T) =>
  Type.Union([type, Type.Null()])
const Names = Type.Union([Type.Array(Type.String()), Type.Null()])

const ZoneView = Type.Object(
  {
    id: Uuid,
    code: Type.String(),
    name: Type.String(),
    countries: Names,
    regions: Names,
    postcodes: Names,
    prices_include_tax: Type.Boolean(),
    rounding: Type.String(),
    round_per: Type.String(),
    shipping_class: nullable(Type.String()),
    reverse_charge: Type.Boolean(),
    rates: Type.Array(
      Type.Object({
        tax_class: Type.String(),
        name: Type.String(),
        percent: Type.String(),
        is_compound: Type.Boolean(),
        starts_at: nullable(Timestamp),
        ends_at: nullable(Timestamp),
      }),
    ),
    version: Type.Integer(),
  },
  { title: 'TaxZone' },
)

export const timeOrNull = (time: number | null): string | null =>
  time === null ? null : timeView(time)

function zoneView({ zone, rates }: StoredZone) {
  return {
    id: zone.id,
    code: zone.code,
    name: zone.name,
    countries: listOf(zone.countries) ?? null,
    regions: listOf(zone.regions) ?? null,
    postcodes: listOf(zone.postcodes) ?? null,
    prices_include_tax: zone.is_inclusive === 1,
    rounding: zone.rounding,
    round_per: zone.round_per,
    shipping_class: zone.shipping_class,
    reverse_charge: zone.has_reverse_charge === 1,
    rates: rates.map((rate) => ({
      tax_class: rate.tax_class,
      name: rate.name,
      percent: rate.percent,
      is_compound: rate.is_compound === 1,
      starts_at: timeOrNull(rate.starts_at),
      ends_at: timeOrNull(rate.ends_at),
    })),
    version: zone.version,
  }
}

function zoneOf(body: Static<typeof ZoneBody>): NewTaxZone {
  return {
    code: body.code,
    name: body.name,
    countries: body.countries ?? null,
    regions: body.regions ?? null,
    postcodes: body.postcodes ?? null,
    isInclusive: body.prices_include_tax,
    rounding: body.rounding ?? 'half-up',
    roundPer: body.round_per ?? 'total',
    shippingClass: body.shipping_class ?? null,
    hasReverseCharge: body.reverse_charge ?? false,
    rates: body.rates.map((rate) => ({
      taxClass: rate.tax_class,
      name: rate.name,
      percent: rate.percent,
      isCompound: rate.is_compound ?? false,
      startsAt: momentOf('starts_at', rate.starts_at) ?? null,
      endsAt: momentOf('ends_at', rate.ends_at) ?? null,
    })),
  }
}

export function registerTaxRoutes(app: App, ctx: Context): void {
  registerZones(app, ctx)
  registerZoneChanges(app, ctx)
  registerPresets(app, ctx)
}

function registerZones(app: App, ctx: Context): void {
  app.get(
    '/admin/tax-zones',
    {
      schema: {
        tags,
        summary: 'All tax zones with their rates',
        response: { 200: envelope(Type.Array(ZoneView)) },
      },
      config,
    },
    async () => success((await listStoredZones(ctx.db.read)).map(zoneView), 'Tax zones listed'),
  )

  app.post(
    '/admin/tax-zones',
    {
      schema: {
        tags,
        summary: 'Create a tax zone with its rates',
        description:
          'Of the zones that contain an address the one that names it best counts: by postcode, ' +
          'then region, then country. Where there is none, the settings TAX_… hold.',
        body: ZoneBody,
        response: { 201: envelope(ZoneView) },
      },
      config: { ...config, errors: ['ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const [zone] = await createTaxZones(inNameOf(ctx, request), [zoneOf(request.body)])
      if (!zone) throw notFound('Tax zone')
      return reply.code(201).send(success(zoneView(zone), 'Tax zone created'))
    },
  )

  app.get(
    '/admin/tax-zones/:id',
    {
      schema: {
        tags,
        summary: 'One tax zone',
        params: UuidParams,
        response: { 200: envelope(ZoneView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const found = await getStoredZone(ctx.db.read, params.id.toLowerCase())
      return success(zoneView(found), 'Tax zone found')
    },
  )
}

function registerZoneChanges(app: App, ctx: Context): void {
  app.put(
    '/admin/tax-zones/:id',
    {
      schema: {
        tags,
        summary: 'Replace a tax zone and its rates',
        params: UuidParams,
        body: ZoneBody,
        response: { 200: envelope(ZoneView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const found = await changeTaxZone(inNameOf(ctx, request), at, zoneOf(request.body))
      return success(zoneView(found), 'Tax zone replaced')
    },
  )

  app.delete(
    '/admin/tax-zones/:id',
    {
      schema: {
        tags,
        summary: 'Delete a tax zone',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params } = request
      await removeTaxZone(inNameOf(ctx, request), params.id.toLowerCase())
      return success(null, 'Tax zone deleted')
    },
  )
}

const PresetView = Type.Object({
  code: Type.String(),
  name: Type.String(),
  source: Type.String(),
})

function registerPresets(app: App, ctx: Context): void {
  app.get(
    '/admin/tax-presets',
    {
      schema: {
        tags,
        summary: 'Sets of tax zones to begin with, and the tax classes there are',
        response: {
          200: envelope(
            Type.Object({
              presets: Type.Array(PresetView),
              tax_classes: Type.Array(Type.String()),
            }),
          ),
        },
      },
      config,
    },
    async () => {
      const presets = taxPresets.map(({ code, name, source }) => ({ code, name, source }))
      const tax_classes = await taxClassNames(ctx.db.read)
      return success({ presets, tax_classes }, 'Tax presets listed')
    },
  )

  app.post(
    '/admin/tax-presets/:code/zones',
    {
      schema: {
        tags,
        summary: 'Create the tax zones of a preset; they can be changed like all others',
        params: Type.Object({ code: Code }),
        response: { 201: envelope(Type.Array(ZoneView)) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { params } = request
      const preset = taxPresets.find(({ code }) => code === params.code)
      if (!preset) throw notFound('Tax preset')
      const zones = await createTaxZones(inNameOf(ctx, request), preset.zones())
      return reply.code(201).send(success(zones.map(zoneView), 'Tax zones created'))
    },
  )
}
