import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import { isCurrency, type Minor } from '../../core/money.ts'
import type { ParameterSchema } from '../../core/promotion/rule.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import {
  Amount,
  Code,
  CurrencyCode,
  Label,
  momentOf,
  Money,
  OptionalTime,
  Timestamp,
  Uuid,
  UuidParams,
} from '../../http/schema.ts'
import { priceOf } from '../catalog/filter.ts'
import { moneyView } from '../catalog/views.ts'
import { timeOrNull } from '../tax/routes.ts'
import { benefitKinds, conditionKinds } from './kinds.ts'
import {
  changePromotion,
  createPromotion,
  getPromotion,
  listPromotions,
  removePromotion,
  type NewPromotion,
  type PromotionRow,
  type WrittenRule,
} from './promotions.ts'

const tags = ['Administration']
const config = { allow: 'promotion:write' } as const
const closed = { additionalProperties: false }

/** One schema per kind, told apart by `kind`: a file in `core/promotion/` is all that one takes. */
function ruleSchema(kinds: Iterable<{ name: string; about: string; parameters: ParameterSchema }>) {
  const schemas = [...kinds].map(({ name, about, parameters }) => ({
    type: 'object',
    description: about,
    properties: { kind: { type: 'string', enum: [name] }, ...parameters.properties },
    required: ['kind', ...parameters.required],
    additionalProperties: false,
  }))
  return Type.Unsafe<WrittenRule>({ anyOf: schemas })
}

const orNull = <T extends ReturnType<typeof Type.Integer> | ReturnType<typeof Type.String>>(
  type: T,
) => Type.Optional(Type.Union([type, Type.Null()]))

const limit = Type.Integer({ minimum: 1, maximum: 1_000_000_000 })

const PromotionBody = Type.Object(
  {
    name: Label,
    is_active: Type.Optional(Type.Boolean({ default: true })),
    priority: Type.Optional(
      Type.Integer({
        minimum: -10_000,
        maximum: 10_000,
        default: 0,
        description: 'Promotions are tried from the lowest number up',
      }),
    ),
    group: Type.Optional(
      Type.Union([Code, Type.Null()], { description: 'Of one group one promotion applies' }),
    ),
    is_exclusive: Type.Optional(
      Type.Boolean({ default: false, description: 'Applies alone or not at all' }),
    ),
    currency: Type.Optional(
      Type.Union([CurrencyCode, Type.Null()], {
        description: 'Of its amounts; it is then for carts in it alone',
      }),
    ),
    starts_at: OptionalTime,
    ends_at: OptionalTime,
    conditions: Type.Optional(
      Type.Array(ruleSchema(conditionKinds.values()), {
        maxItems: 20,
        description: 'All of them have to hold; without any it always applies',
      }),
    ),
    benefit: ruleSchema(benefitKinds.values()),
    limit_total: orNull(limit),
    limit_per_customer: orNull(Type.Integer({ minimum: 1, maximum: 10_000 })),
    budget: Type.Optional(
      Type.Union([Amount, Type.Null()], { description: 'What it may take off in all' }),
    ),
  },
  closed,
)

const RuleView = Type.Unsafe<WrittenRule>({
  type: 'object',
  properties: { kind: { type: 'string' } },
  required: ['kind'],
})

const PromotionView = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    is_active: Type.Boolean(),
    priority: Type.Integer(),
    group: Type.Union([Type.String(), Type.Null()]),
    is_exclusive: Type.Boolean(),
    currency: Type.Union([Type.String(), Type.Null()]),
    starts_at: Type.Union([Timestamp, Type.Null()]),
    ends_at: Type.Union([Timestamp, Type.Null()]),
    conditions: Type.Array(RuleView),
    benefit: RuleView,
    limit_total: Type.Union([Type.Integer(), Type.Null()]),
    limit_per_customer: Type.Union([Type.Integer(), Type.Null()]),
    budget: Type.Union([Money, Type.Null()]),
    uses: Type.Integer(),
    spent: Type.Union([Money, Type.Null()]),
    version: Type.Integer(),
  },
  { title: 'Promotion' },
)

function promotionView(row: PromotionRow) {
  const money = (amount: Minor) => (row.currency === null ? null : moneyView(amount, row.currency))
  return {
    id: row.id,
    name: row.name,
    is_active: row.is_active === 1,
    priority: row.priority,
    group: row.stack_group,
    is_exclusive: row.is_exclusive === 1,
    currency: row.currency,
    starts_at: timeOrNull(row.starts_at),
    ends_at: timeOrNull(row.ends_at),
    conditions: JSON.parse(row.conditions) as WrittenRule[],
    benefit: JSON.parse(row.benefit) as WrittenRule,
    limit_total: row.limit_total,
    limit_per_customer: row.limit_per_customer,
    budget: row.budget_minor === null ? null : money(row.budget_minor),
    uses: row.uses,
    spent: money(row.spent_minor),
    version: row.version,
  }
}

function promotionOf(body: Static<typeof PromotionBody>): NewPromotion {
  const { budget = null, currency = null } = body
  if (currency !== null && !isCurrency(currency)) {
    throw invalid('currency', 'is no currency of ISO 4217')
  }
  if (budget !== null && currency === null) throw invalid('currency', 'is required for "budget"')
  return {
    name: body.name,
    isActive: body.is_active ?? true,
    priority: body.priority ?? 0,
    group: body.group ?? null,
    isExclusive: body.is_exclusive ?? false,
    currency,
    startsAt: momentOf('starts_at', body.starts_at) ?? null,
    endsAt: momentOf('ends_at', body.ends_at) ?? null,
    conditions: body.conditions ?? [],
    benefit: body.benefit,
    limitTotal: body.limit_total ?? null,
    limitPerCustomer: body.limit_per_customer ?? null,
    budgetMinor: budget === null || currency === null ? null : priceOf('budget', budget, currency),
  }
}

export function registerPromotionRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  registerWriting(app, ctx)
}

const KindView = Type.Object({
  kind: Type.String(),
  about: Type.String(),
  parameters: Type.Unsafe<ParameterSchema>({ type: 'object' }),
})

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/promotion-kinds',
    {
      schema: {
        tags,
        summary: 'What conditions and benefits there are, with their parameters',
        response: {
          200: envelope(
            Type.Object({ conditions: Type.Array(KindView), benefits: Type.Array(KindView) }),
          ),
        },
      },
      config,
    },
    () => {
      const view = ({
        name,
        about,
        parameters,
      }: { name: string; about: string } & {
        parameters: ParameterSchema
      }) => ({ kind: name, about, parameters })
      const conditions = [...conditionKinds.values()].map(view)
      const benefits = [...benefitKinds.values()].map(view)
      return success({ conditions, benefits }, 'Promotion kinds listed')
    },
  )

  app.get(
    '/admin/promotions',
    {
      schema: {
        tags,
        summary: 'Promotions, in the order in which they are tried',
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 100 })),
            offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 })),
          },
          closed,
        ),
        response: { 200: envelope(Type.Array(PromotionView)) },
      },
      config,
    },
    async ({ query: { limit: count = 100, offset = 0 } }) => {
      const rows = await listPromotions(ctx.db.read, { limit: count, offset })
      return success(rows.map(promotionView), 'Promotions listed')
    },
  )

  app.get(
    '/admin/promotions/:id',
    {
      schema: {
        tags,
        summary: 'One promotion, with how often it has been used',
        params: UuidParams,
        response: { 200: envelope(PromotionView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const row = await getPromotion(ctx.db.read, params.id.toLowerCase())
      return success(promotionView(row), 'Promotion found')
    },
  )
}

function registerWriting(app: App, ctx: Context): void {
  app.post(
    '/admin/promotions',
    {
      schema: {
        tags,
        summary: 'Create a promotion',
        body: PromotionBody,
        response: { 201: envelope(PromotionView) },
      },
      config,
    },
    async (request, reply) => {
      const row = await createPromotion(inNameOf(ctx, request), promotionOf(request.body))
      return reply.code(201).send(success(promotionView(row), 'Promotion created'))
    },
  )

  app.put(
    '/admin/promotions/:id',
    {
      schema: {
        tags,
        summary: 'Replace a promotion; what has been used of it stays',
        params: UuidParams,
        body: PromotionBody,
        response: { 200: envelope(PromotionView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT', 'LIMIT_TOO_LOW'] },
    },
    async (request) => {
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const row = await changePromotion(inNameOf(ctx, request), at, promotionOf(request.body))
      return success(promotionView(row), 'Promotion replaced')
    },
  )

  app.delete(
    '/admin/promotions/:id',
    {
      schema: {
        tags,
        summary: 'Delete a promotion that no order has used',
        params: UuidParams,
        response: { 200: envelope(Type.Null()) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      const { params } = request
      await removePromotion(inNameOf(ctx, request), params.id.toLowerCase())
      return success(null, 'Promotion deleted')
    },
  )
}
