import assert from 'node:assert/strict'
import type { Context } from '../../src/context.ts'
import { minor } from '../../src/core/money.ts'
import { adjustStoreCredit, getLedger, issueGiftCards } from '../../src/domains/credit/credit.ts'
import { createCoupons } from '../../src/domains/promotion/coupons.ts'
import {
  changePromotion,
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
  const filled = new Set<string>()
  while (tally.rounds < options.rounds) {
    const round = { shop, variantId, shoppers, filled, name: `r${tally.rounds}` }
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
  /** Sessions whose cart has an article in it: those who came too late keep theirs. */
  readonly filled: Set<string>
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
): Promise<Made> {
  const { limitOfCode = null, ...change } = limits
  const promotion = { ...tenOff, ...change }
  const { id } = await createPromotion(ctx, promotion)
  await createCoupons(ctx, {
    promotionId: id,
    codes: [code],
    limitTotal: limitOfCode,
    expiresAt: null,
  })
  return { id, promotion }
}

interface Made {
  readonly id: string
  readonly promotion: NewPromotion
}

type Who = { readonly session: string } | { readonly token: string }

const sessions = ({ shoppers }: Round, race: string): string[] =>
  Array.from({ length: shoppers }, (_, index) => `${race}-${index}`)

/** A cart of one piece for every shopper who has none left from the round before. */
async function fill({ shop, variantId, filled }: Round, names: readonly string[]): Promise<void> {
  const empty = names.filter((name) => !filled.has(name))
  await inParallel(empty.length, 32, async (index) => {
    await addOne({ shop, variantId }, { session: empty[index]! })
    filled.add(empty[index]!)
  })
}

async function addOne({ shop, variantId }: Pick<Round, 'shop' | 'variantId'>, who: Who) {
  const body = { variant_id: variantId, quantity: 1 }
  const added = await shop.call('POST', '/api/v1/cart/items', { ...who, body })
  assert.equal(added.status, 201, added.text)
}

/** Writes a code into all carts at once, as if each shopper had entered it. */
async function enterCode({ shop }: Round, race: string, code: string): Promise<void> {
  const codes = JSON.stringify([code])
  await shop.ctx.db.transaction((tx) =>
    tx
      .updateTable('carts')
      .set({ codes })
      .where('session_key', 'like', `named:${race}-%`)
      .execute(),
  )
}

function buy({ shop }: Round, whos: readonly Who[], change: (index: number) => object) {
  return inParallel(whos.length, whos.length, (index) =>
    checkOut(shop, whos[index]!, { shipping_method: 'pickup', ...change(index) }),
  )
}

/** All of them buy what they have in their cart at the same moment. */
async function buyAll(round: Round, names: readonly string[], change: (index: number) => object) {
  const whos = names.map((session) => ({ session }))
  const answers = await buy(round, whos, change)
  for (const [index, { status }] of answers.entries()) {
    if (status === 201) round.filled.delete(names[index]!)
  }
  return answers
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
  const code = `ONCE-${round.name}`.toUpperCase()
  const isOfCode = round.name.endsWith('1')
  const made = await withCode(
    round.shop.ctx,
    code,
    isOfCode ? { limitOfCode: 1 } : { limitTotal: 1 },
  )
  const names = sessions(round, 'coupon')
  await fill(round, names)
  await enterCode(round, 'coupon', code)
  const answers = await buyAll(round, names, (index) => ({
    email: `${round.name}-${index}@example.com`,
  }))
  await endPromotion(round, made)
  return assertTold(answers, 1, usedUp)
}

async function oncePerCustomer(round: Round): Promise<Record<string, number>> {
  const code = `SELF-${round.name}`.toUpperCase()
  const made = await withCode(round.shop.ctx, code, { limitPerCustomer: 1 })
  const names = sessions(round, 'customer')
  await fill(round, names)
  await enterCode(round, 'customer', code)
  // Everybody is the same person.
  const email = `${round.name}@example.com`
  const answers = await buyAll(round, names, () => ({ email }))
  await endPromotion(round, made)
  return assertTold(answers, 1, usedUp)
}

/** It was used once, and is of no interest to the rounds that follow. */
async function endPromotion({ shop: { ctx } }: Round, { id, promotion }: Made): Promise<void> {
  assert.equal((await getPromotion(ctx.db.read, id)).uses, 1)
  await changePromotion(ctx, { id, version: undefined }, { ...promotion, isActive: false })
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
  const names = sessions(round, 'card')
  await fill(round, names)
  const paying = { payment_method: 'credit', gift_cards: [issued.code] }
  const told = assertTold(await buyAll(round, names, () => paying), 2, spent)
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
  await addOne(round, { token })
  const paying = { payment_method: 'credit', use_store_credit: true }
  const refusals = [...spent, '409 CART_LOCKED', '422 CART_EMPTY']
  const told = assertTold(await buy(round, whos, () => paying), 1, refusals)
  assert.equal((await getLedger(ctx.db.read, account.id)).account.balance_minor, 0)
  return told
}
