import { Type } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid, notFound } from '../../core/errors.ts'
import { isCurrency, minor, type Minor } from '../../core/money.ts'
import { referenceOf } from '../../core/reference.ts'
import type { App } from '../../http/app.ts'
import { inNameOf, signedIn } from '../../http/auth.ts'
import { demandedVersion } from '../../http/conditional.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import {
  Amount,
  CurrencyCode,
  IdParams,
  Money,
  momentOf,
  OptionalTime,
  Timestamp,
  Uuid,
  UuidParams,
} from '../../http/schema.ts'
import { priceOf } from '../catalog/filter.ts'
import { moneyView, timeView } from '../catalog/views.ts'
import { getCustomer } from '../customer/customers.ts'
import { getOrder, getPricing } from '../order/orders.ts'
import { readerOf } from '../order/routes.ts'
import { namedOrder } from '../order/reference.ts'
import { OrderParams, OrderTokenQuery } from '../order/schema.ts'
import { timeOrNull } from '../tax/routes.ts'
import { giftCardCode } from './codes.ts'
import {
  adjustAccount,
  adjustStoreCredit,
  changeCard,
  getCardByCode,
  getLedger,
  issueGiftCards,
  listCardsOfOrder,
  listGiftCards,
  listStoreCredits,
  refundCredit,
  type AccountRow,
} from './credit.ts'

const tags = ['Administration']
const config = { allow: 'gift-card:write' } as const
const closed = { additionalProperties: false }
const once = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const

const CardView = Type.Object(
  {
    id: Uuid,
    kind: Type.String(),
    code_hint: Type.Union([Type.String(), Type.Null()], { description: 'The end of its code' }),
    balance: Money,
    is_active: Type.Boolean(),
    expires_at: Type.Union([Timestamp, Type.Null()]),
    order_id: Type.Union([Uuid, Type.Null()]),
    customer_id: Type.Union([Uuid, Type.Null()]),
    version: Type.Integer(),
    created_at: Timestamp,
  },
  { title: 'GiftCard' },
)

const cardView = (account: AccountRow) => ({
  id: account.id,
  kind: account.kind,
  code_hint: account.code_hint,
  balance: moneyView(account.balance_minor, account.currency),
  is_active: account.is_active === 1,
  expires_at: timeOrNull(account.expires_at),
  order_id: account.order_id,
  customer_id: account.customer_id,
  version: account.version,
  created_at: timeView(account.created_at),
})

const IssuedView = Type.Object({
  ...CardView.properties,
  code: Type.String({ description: 'What the holder enters; spends like cash' }),
})

const Note = Type.Optional(Type.String({ minLength: 1, maxLength: 500 }))

const SignedAmount = Type.String({
  pattern: '^-?[0-9]{1,15}(\\.[0-9]{1,4})?$',
  description: 'A decimal amount, negative to take away',
  examples: ['-5.00'],
})

function signedOf(field: string, text: string, currency: string): Minor {
  const size = priceOf(field, text.replace(/^-/, ''), currency)
  if (size === 0) throw invalid(field, 'must not be 0')
  return text.startsWith('-') ? minor(-size) : size
}

function positiveOf(field: string, text: string, currency: string): Minor {
  if (!isCurrency(currency)) throw invalid('currency', 'is no currency of ISO 4217')
  const amount = priceOf(field, text, currency)
  if (amount === 0) throw invalid(field, 'must not be 0')
  return amount
}

export function registerCreditRoutes(app: App, ctx: Context): void {
  registerIssuing(app, ctx)
  registerReading(app, ctx)
  registerChanges(app, ctx)
  registerStoreCredit(app, ctx)
  registerOrderCredit(app, ctx)
  registerShopperRoutes(app, ctx)
}

function registerIssuing(app: App, ctx: Context): void {
  app.post(
    '/admin/gift-cards',
    {
      schema: {
        tags,
        summary: 'Issue gift cards; their codes are in this answer',
        body: Type.Object(
          {
            amount: Amount,
            currency: Type.Optional(CurrencyCode),
            count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 1 })),
            expires_at: OptionalTime,
            note: Note,
          },
          closed,
        ),
        response: { 201: envelope(Type.Array(IssuedView)) },
      },
      config: { ...config, errors: once },
    },
    async (request, reply) => {
      const { amount, currency = ctx.config.store.currency, count = 1, note } = request.body
      const card = {
        currency,
        amountMinor: positiveOf('amount', amount, currency),
        expiresAt: momentOf('expires_at', request.body.expires_at) ?? null,
        orderId: null,
        note: note ?? null,
      }
      const cards = Array.from({ length: count }, () => card)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => issueGiftCards(inNameOf(ctx, request), tx, cards),
          render: (issued) => ({
            status: 201,
            body: success(
              issued.map(({ account, code }) => ({ ...cardView(account), code })),
              'Gift cards issued',
            ),
          }),
        },
      )
    },
  )
}

const EntryView = Type.Object({
  kind: Type.String(),
  amount: Money,
  order_id: Type.Union([Uuid, Type.Null()]),
  note: Type.Union([Type.String(), Type.Null()]),
  at: Timestamp,
})

const LedgerView = Type.Object({ ...CardView.properties, entries: Type.Array(EntryView) })

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/gift-cards',
    {
      schema: {
        tags,
        summary: 'Gift cards, newest first',
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 100 })),
            offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, default: 0 })),
          },
          closed,
        ),
        response: { 200: envelope(Type.Array(CardView)) },
      },
      config,
    },
    async ({ query: { limit = 100, offset = 0 } }) => {
      const cards = await listGiftCards(ctx.db.read, { limit, offset })
      return success(cards.map(cardView), 'Gift cards listed')
    },
  )

  app.get(
    '/admin/gift-cards/:id',
    {
      schema: {
        tags,
        summary: 'A gift card or store credit with its ledger',
        params: UuidParams,
        response: { 200: envelope(LedgerView) },
      },
      config: { ...config, errors: ['NOT_FOUND'] },
    },
    async ({ params }) => {
      const { account, entries } = await getLedger(ctx.db.read, params.id.toLowerCase())
      const data = {
        ...cardView(account),
        entries: entries.map((entry) => ({
          kind: entry.kind,
          amount: moneyView(entry.amount_minor, account.currency),
          order_id: entry.order_id,
          note: entry.note,
          at: timeView(entry.created_at),
        })),
      }
      return success(data, 'Gift card found')
    },
  )
}

function registerChanges(app: App, ctx: Context): void {
  app.patch(
    '/admin/gift-cards/:id',
    {
      schema: {
        tags,
        summary: 'Switch a gift card on or off, or change when it expires',
        params: UuidParams,
        body: Type.Object(
          { is_active: Type.Optional(Type.Boolean()), expires_at: OptionalTime },
          { ...closed, minProperties: 1 },
        ),
        response: { 200: envelope(CardView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'VERSION_CONFLICT'] },
    },
    async (request) => {
      const { is_active, expires_at } = request.body
      const expires = momentOf('expires_at', expires_at)
      const at = { id: request.params.id.toLowerCase(), version: demandedVersion(request) }
      const card = await changeCard(inNameOf(ctx, request), at, {
        ...(is_active === undefined ? {} : { is_active: is_active ? (1 as const) : (0 as const) }),
        ...(expires === undefined ? {} : { expires_at: expires }),
      })
      return success(cardView(card), 'Gift card changed')
    },
  )

  app.post(
    '/admin/gift-cards/:id/adjustments',
    {
      schema: {
        tags,
        summary: 'Correct the balance of a gift card or store credit; never below 0',
        params: UuidParams,
        body: Type.Object({ amount: SignedAmount, note: Note }, closed),
        response: { 201: envelope(CardView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'CREDIT_SPENT', ...once] },
    },
    async (request, reply) => {
      const id = request.params.id.toLowerCase()
      const { account } = await getLedger(ctx.db.read, id)
      const { amount, note = null } = request.body
      const amountMinor = signedOf('amount', amount, account.currency)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => adjustAccount(inNameOf(ctx, request), tx, { id, amountMinor, note }),
          render: (card) => ({ status: 201, body: success(cardView(card), 'Balance corrected') }),
        },
      )
    },
  )
}

function registerStoreCredit(app: App, ctx: Context): void {
  app.post(
    '/admin/customers/:id/store-credit',
    {
      schema: {
        tags,
        summary: 'Give store credit to a customer, or take it back',
        params: IdParams,
        body: Type.Object(
          { amount: SignedAmount, currency: Type.Optional(CurrencyCode), note: Note },
          closed,
        ),
        response: { 201: envelope(CardView) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'CREDIT_SPENT', ...once] },
    },
    async (request, reply) => {
      const customer = await getCustomer(ctx, referenceOf(request.params.id))
      const { amount, currency = ctx.config.store.currency, note = null } = request.body
      if (!isCurrency(currency)) throw invalid('currency', 'is no currency of ISO 4217')
      const amountMinor = signedOf('amount', amount, currency)
      const given = { customerId: customer.id, currency, amountMinor, note }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => adjustStoreCredit(inNameOf(ctx, request), tx, given),
          render: (account) => ({
            status: 201,
            body: success(cardView(account), 'Store credit changed'),
          }),
        },
      )
    },
  )
}

function registerOrderCredit(app: App, ctx: Context): void {
  app.post(
    '/admin/orders/:id/credit-refunds',
    {
      schema: {
        tags,
        summary: 'Give back to gift cards and store credit what they paid for an order',
        params: OrderParams,
        body: Type.Object({ amount: Amount, note: Note }, closed),
        response: { 201: envelope(Type.Array(Type.Object({ id: Uuid, amount: Money }))) },
      },
      config: { ...config, errors: ['NOT_FOUND', 'CREDIT_SPENT', ...once] },
    },
    async (request, reply) => {
      const { row } = await getPricing(ctx.db.read, namedOrder(ctx, request.params.id))
      const { amount, note = null } = request.body
      const amountMinor = positiveOf('amount', amount, row.currency)
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) =>
            refundCredit(inNameOf(ctx, request), tx, { orderId: row.id, amountMinor, note }),
          render: (parts) => ({
            status: 201,
            body: success(
              parts.map((part) => ({
                id: part.accountId,
                amount: moneyView(part.amountMinor, row.currency),
              })),
              'Credit given back',
            ),
          }),
        },
      )
    },
  )
}

const BalanceView = Type.Object({
  balance: Money,
  is_active: Type.Boolean(),
  expires_at: Type.Union([Timestamp, Type.Null()]),
})

const balanceView = (account: AccountRow) => ({
  balance: moneyView(account.balance_minor, account.currency),
  is_active: account.is_active === 1,
  expires_at: timeOrNull(account.expires_at),
})

function registerShopperRoutes(app: App, ctx: Context): void {
  app.post(
    '/checkout/gift-card-balances',
    {
      schema: {
        tags: ['Checkout'],
        summary: 'What is left on a gift card',
        body: Type.Object({ code: Type.String({ minLength: 1, maxLength: 60 }) }, closed),
        response: { 200: envelope(BalanceView) },
      },
      config: { allow: 'public', errors: ['GIFT_CARD_INVALID'] },
    },
    async ({ body }) =>
      success(balanceView(await getCardByCode(ctx.db.read, body.code)), 'Gift card found'),
  )

  app.get(
    '/customers/me/store-credit',
    {
      schema: {
        tags: ['Customers'],
        summary: 'Your store credit, by currency',
        response: { 200: envelope(Type.Array(BalanceView)) },
      },
      config: { allow: 'customer' },
    },
    async (request) => {
      const { customerId } = signedIn(request)
      const accounts = await listStoreCredits(ctx.db.read, { customerId })
      return success(accounts.map(balanceView), 'Store credit found')
    },
  )

  app.get(
    '/orders/:id/gift-cards',
    {
      schema: {
        tags: ['Orders'],
        summary: 'The gift cards that an order has bought, with their codes',
        params: OrderParams,
        querystring: OrderTokenQuery,
        response: {
          200: envelope(
            Type.Array(Type.Object({ ...BalanceView.properties, code: Type.String() })),
          ),
        },
      },
      config: { allow: 'shopper', errors: ['NOT_FOUND'] },
    },
    async (request, reply) => {
      // Whoever may read all orders may not spend what others have bought: a token opens its order,
      // and an account those of its own.
      const { principal, token } = readerOf(request, request.query.token)
      const reader = token === undefined ? { principal, token } : { principal: undefined, token }
      const { order } = await getOrder(ctx, namedOrder(ctx, request.params.id), reader)
      const isOwner = token !== undefined || order.customer_id === principal?.customerId
      if (!isOwner) throw notFound('Order')
      const cards = await listCardsOfOrder(ctx.db.read, { orderId: order.id })
      const data = cards.map((card) => ({ ...balanceView(card), code: giftCardCode(ctx, card.id) }))
      reply.header('cache-control', 'no-store')
      return success(data, 'Gift cards found')
    },
  )
}
