import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { minor } from '../../src/core/money.ts'
import { adjustStoreCredit, getLedger, issueGiftCards } from '../../src/domains/credit/credit.ts'
import { createCoupons } from '../../src/domains/promotion/coupons.ts'
import {
  createPromotion,
  getPromotion,
  type NewPromotion,
} from '../../src/domains/promotion/promotions.ts'
import { inParallel, tally } from '../race/support.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct, openShopOn, signUp, type Answer, type TestShop } from '../support/shop.ts'
import { checkOut } from '../api/support.ts'

export interface CouponOptions {
  readonly engine: Engine
  readonly rounds: number
  /** Shoppers at one moment. */
  readonly shoppers?: number
  readonly onRound?: (tally: CouponTally) => void
}

export interface CouponTally {
  rounds: number
  readonly told: Record<string, number>
}

/**
 * What may be had once, wanted by many at the same moment: a coupon of one use, a promotion of one
 * use per customer, the money of a gift card and of store credit. Every round ends with the audit.
 */
export async function couponRounds(options: CouponOptions): Promise<CouponTally> {
  await using fresh = await options.engine.fresh()
  const settings = { TAX_RATE: '0%', DB_POOL_WAIT_MS: '60000', DB_LOCK_TIMEOUT_MS: '30000' }
  await using shop = await openShopOn(fresh.url, { settings }, () => Promise.resolve())
  const tally: CouponTally = { rounds: 0, told: {} }
  const { shoppers = 200 } = options
  const { variantId } = await addProduct(shop.ctx, { priceMinor: 1_000, onHand: 1_000_000 })
  while (tally.rounds < options.rounds) {
    const round = { shop, variantId, shoppers, name: `r${tally.rounds}` }
    for (const race of [couponOnce, oncePerCustomer, cardOnce, creditOnce]) {
      for (const [name, count] of Object.entries(await race(round))) {
        tally.told[name] = (tally.told[name] ?? 0) + count
      }
    }
    await shop.assertAudit()
    tally.rounds += 1
    options.onRound?.(tally)
  }
  return tally
}

interface Round {
  readonly shop: TestShop
  readonly variantId: string
  readonly shoppers: number
  readonly name: string
}

const tenOff: NewPromotion = {
  ...{ name: 'Ten', isActive: true, priority: 0, group: null, isExclusive: false, currency: null },
  ...{ startsAt: null, endsAt: null, limitTotal: null, limitPerCustomer: null, budgetMinor: null },
  conditions: [{ kind: 'coupon' }],
  benefit: { kind: 'percentage', percent: '10' },
}

async function withCode(
  ctx: Context,
  code: string,
  limits: Partial<NewPromotion> & { limitOfCode?: number } = {},
): Promise<string> {
  const { limitOfCode = null, ...change } = limits
  const { id } = await createPromotion(ctx, { ...tenOff, ...change })
  await createCoupons(ctx, {
    promotionId: id,
    codes: [code],
    limitTotal: limitOfCode,
    expiresAt: null,
  })
  return id
}

type Who = { readonly session: string } | { readonly token: string }

/** A cart of one piece, with a code in it, for every shopper. */
async function carts(
  { shop, variantId }: Round,
  whos: readonly Who[],
  code?: string,
): Promise<void> {
  await inParallel(whos.length, 32, async (index) => {
    const who = whos[index]!
    const body = { variant_id: variantId, quantity: 1 }
    const added = await shop.call('POST', '/api/v1/cart/items', { ...who, body })
    assert.equal(added.status, 201, added.text)
    if (code === undefined) return
    const entered = await shop.call('PUT', `/api/v1/cart/coupons/${code}`, { ...who })
    assert.equal(entered.status, 200, entered.text)
  })
}

const sessions = ({ shoppers, name }: Round, race: string): Who[] =>
  Array.from({ length: shoppers }, (_, index) => ({ session: `${name}-${race}-${index}` }))

function buy({ shop }: Round, whos: readonly Who[], change: (index: number) => object) {
  return inParallel(whos.length, whos.length, (index) =>
    checkOut(shop, whos[index]!, { shipping_method: 'pickup', ...change(index) }),
  )
}

/** Only these refusals are told to those who come too late, and nobody is told of a failure. */
function assertTold(answers: readonly Answer[], placed: number, refusals: readonly string[]) {
  const told = tally(answers)
  assert.equal(told['201'] ?? 0, placed, JSON.stringify(told))
  for (const name of Object.keys(told)) assert.ok(name === '201' || refusals.includes(name), name)
  return told
}

const usedUp = ['409 PROMOTION_USED_UP', '422 COUPON_INVALID']

async function couponOnce(round: Round): Promise<Record<string, number>> {
  const { ctx } = round.shop
  const code = `ONCE-${round.name}`.toUpperCase()
  const isOfCode = round.name.endsWith('1')
  const id = await withCode(ctx, code, isOfCode ? { limitOfCode: 1 } : { limitTotal: 1 })
  const whos = sessions(round, 'coupon')
  await carts(round, whos, code)
  const answers = await buy(round, whos, (index) => ({
    email: `${round.name}-${index}@example.com`,
  }))
  const told = assertTold(answers, 1, usedUp)
  assert.equal((await getPromotion(ctx.db.read, id)).uses, 1)
  return told
}

async function oncePerCustomer(round: Round): Promise<Record<string, number>> {
  const { ctx } = round.shop
  const code = `SELF-${round.name}`.toUpperCase()
  const id = await withCode(ctx, code, { limitPerCustomer: 1 })
  const whos = sessions(round, 'customer')
  await carts(round, whos, code)
  // Everybody is the same person.
  const email = `${round.name}@example.com`
  const told = assertTold(await buy(round, whos, () => ({ email })), 1, usedUp)
  assert.equal((await getPromotion(ctx.db.read, id)).uses, 1)
  return told
}

const spent = ['409 CREDIT_SPENT', '422 GIFT_CARD_INVALID', '422 NOTHING_TO_PAY_WITH']

/** 25.00 on a card, and carts of 10.00: two are paid, and 5.00 stay. */
async function cardOnce(round: Round): Promise<Record<string, number>> {
  const { ctx } = round.shop
  const card = {
    currency: 'USD',
    amountMinor: minor(2_500),
    expiresAt: null,
    orderId: null,
    note: null,
  }
  const [issued] = await ctx.db.transaction((tx) => issueGiftCards(ctx, tx, [card]))
  assert.ok(issued)
  const whos = sessions(round, 'card')
  await carts(round, whos)
  const paying = { payment_method: 'credit', gift_cards: [issued.code] }
  const told = assertTold(await buy(round, whos, () => paying), 2, spent)
  const { account } = await getLedger(ctx.db.read, issued.account.id)
  assert.equal(account.balance_minor, 500)
  return told
}

/** Store credit for one order, and one customer with a cart at two orders' worth of requests. */
async function creditOnce(round: Round): Promise<Record<string, number>> {
  const { ctx } = round.shop
  const { id, token } = await signUp(round.shop)
  const given = { customerId: id, currency: 'USD', amountMinor: minor(1_000), note: null }
  const account = await ctx.db.transaction((tx) => adjustStoreCredit(ctx, tx, given))
  const whos: Who[] = Array.from({ length: round.shoppers }, () => ({ token }))
  await carts(round, whos.slice(0, 1))
  const paying = { payment_method: 'credit', use_store_credit: true }
  const refusals = [...spent, '409 CART_LOCKED', '422 CART_EMPTY']
  const told = assertTold(await buy(round, whos, () => paying), 1, refusals)
  assert.equal((await getLedger(ctx.db.read, account.id)).account.balance_minor, 0)
  return told
}
