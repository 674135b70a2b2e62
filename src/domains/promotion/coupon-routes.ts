import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { momentOf, OptionalTime, Timestamp, Uuid, UuidParams } from '../../http/schema.ts'
import { timeOrNull } from '../tax/routes.ts'
import { createCoupons, listCoupons, switchCoupon, type CouponRow } from './coupons.ts'

const tags = ['Administration']
const config = { allow: 'promotion:write' } as const
const closed = { additionalProperties: false }

const CouponCode = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{2,49}$',
  description: 'Letters, digits, - and _; 3 to 50; case does not count',
  examples: ['SUMMER10'],
})

const CouponsBody = Type.Object(
  {
    code: Type.Optional(CouponCode),
    generate: Type.Optional(
      Type.Object(
        {
          count: Type.Integer({ minimum: 1, maximum: 10_000 }),
          prefix: Type.Optional(
            Type.String({
              pattern: '^[A-Za-z0-9_-]{0,20}$',
              description: 'Letters, digits, - and _; up to 20',
            }),
          ),
        },
        closed,
      ),
    ),
    limit_total: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000_000 }), Type.Null()], {
        description: 'How often each code may be used; null: as often as the promotion',
      }),
    ),
    expires_at: OptionalTime,
  },
  { ...closed, description: 'Either one code, or how many to generate' },
)

const CouponView = Type.Object(
  {
    id: Uuid,
    promotion_id: Uuid,
    code: Type.String(),
    limit_total: Type.Union([Type.Integer(), Type.Null()]),
    uses: Type.Integer(),
    is_active: Type.Boolean(),
    expires_at: Type.Union([Timestamp, Type.Null()]),
  },
  { title: 'Coupon' },
)

const couponView = (row: CouponRow) => ({
  id: row.id,
  promotion_id: row.promotion_id,
  code: row.code,
  limit_total: row.limit_total,
  uses: row.uses,
  is_active: row.is_active === 1,
  expires_at: timeOrNull(row.expires_at),
})

export function registerCouponRoutes(app: App, ctx: Context): void {
  app.get(
    '/admin/promotions/:id/coupons',
    {
      schema: {
        tags,
        summary: 'The coupons of a promotion, by code',
        params: UuidParams,
        querystring: Type.Object(
          {
            after: Type.Optional(
              Type.String({ maxLength: 60, description: 'The last code of the page before' }),
            ),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
          },
          closed,
        ),
        response: { 200: envelope(Type.Array(CouponView)) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params, query: { after = '', limit = 100 } }) => {
      const page = { promotionId: params.id.toLowerCase(), after, limit }
      return success((await listCoupons(ctx, page)).map(couponView), 'Coupons listed')
    },
  )
  registerCouponWriting(app, ctx)
}

function registerCouponWriting(app: App, ctx: Context): void {
  app.post(
    '/admin/promotions/:id/coupons',
    {
      schema: {
        tags,
        summary: 'Create a coupon, or generate many',
        description: 'The promotion needs a condition of the kind "coupon" to ask for its codes.',
        params: UuidParams,
        body: CouponsBody,
        response: { 201: envelope(Type.Array(CouponView)) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'ALREADY_EXISTS'] },
    },
    async (request, reply) => {
      const { code, generate, limit_total: limitTotal = null, expires_at } = request.body
      if ((code === undefined) === (generate === undefined)) {
        throw invalid('code', 'or "generate" is required, and not both')
      }
      const coupons = await createCoupons(inNameOf(ctx, request), {
        promotionId: request.params.id.toLowerCase(),
        codes: generate ? { prefix: '', ...generate } : [code ?? ''],
        limitTotal,
        expiresAt: momentOf('expires_at', expires_at) ?? null,
      })
      return reply.code(201).send(success(coupons.map(couponView), 'Coupons created'))
    },
  )

  app.patch(
    '/admin/coupons/:id',
    {
      schema: {
        tags,
        summary: 'Switch a coupon on or off',
        params: UuidParams,
        body: Type.Object({ is_active: Type.Boolean() }, closed),
        response: { 200: envelope(CouponView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const { params, body } = request
      const at = { id: params.id.toLowerCase(), isActive: body.is_active }
      return success(couponView(await switchCoupon(inNameOf(ctx, request), at)), 'Coupon changed')
    },
  )
}
