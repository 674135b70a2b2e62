import type { Context } from '../../src/context.ts'
import {
  addItem,
  clearCart,
  getCart,
  mergeIfNeeded,
  setItem,
  type Article as ShopArticle,
  type Cart,
  type Shopper as ShopShopper,
} from '../../src/domains/cart/cart.ts'
import { mergeCarts } from '../../src/domains/cart/merge.ts'
import { checkout, type PlacedOrder } from '../../src/domains/checkout/checkout.ts'
import type { Model } from './model.ts'
import {
  atOnce,
  checkingOut,
  lookingAround,
  shopping,
  type Heard,
  type Prediction,
} from './predictions.ts'
import { answerText, keyOf, textOf, type SentRequest } from './requests.ts'
import type { World } from './world.ts'
import type { Article, CheckoutWish, KeyUse, LineName, Shopper } from './state.ts'

/** Something that happens to the shop: how to do it, and what the model says of it. */
export interface Operation {
  readonly label: string
  readonly run: (ctx: Context) => Promise<string>
  readonly predict: (model: Model, heard: readonly Heard[]) => Prediction
  /** Of a checkout: the key under which its answer is kept. */
  readonly key?: KeyUse | undefined
}

const nobodyId = '00000000-0000-7000-8000-ffffffffffff'
const address = { name: 'Ada', address: '1 High Street', city: 'York', country: 'GB' } as const

export const nameOf = ({ customer, session }: Shopper): string =>
  [customer, session].filter((name) => name !== undefined).join('+')

const versionText = (version: number | undefined): string =>
  version === undefined ? '' : ` at v${version}`

const keyText = (key: string | undefined): string => (key === undefined ? '' : ` [${key}]`)

function shopperOf({ ids }: World, { customer, session }: Shopper): ShopShopper {
  const customerId = customer === undefined ? undefined : ids.customers.get(customer)
  return { customerId, sessionKey: session }
}

function articleOf({ ids, products }: World, article: Article): ShopArticle {
  if ('sku' in article) return { variantId: ids.variants.get(article.sku) ?? nobodyId }
  const { product, anyVariant } = article
  return { product: { by: 'id', id: products.get(product) ?? nobodyId }, anyVariant }
}

function cartText({ version, lines, priced }: Cart): string {
  const texts = lines.map(({ quantity, sku }) => `${quantity}×${sku}`)
  return `v${version} ${texts.join(' ') || 'empty'} = ${priced.totalMinor}`
}

export interface Adding {
  readonly shopper: Shopper
  readonly article: Article
  readonly quantity: number
  readonly version: number | undefined
  readonly key: string | undefined
}

export function adding(world: World, wish: Adding): Operation {
  const { shopper: who, article, quantity, version } = wish
  const shopper = shopperOf(world, who)
  const item = { article: articleOf(world, article), quantity, version }
  const sent = sentBy(who, wish.key, { article, quantity })
  const what = 'sku' in article ? article.sku : `${article.product}${article.anyVariant ? '*' : ''}`
  return {
    label: `${nameOf(who)} adds ${quantity}×${what}${versionText(version)}${keyText(wish.key)}`,
    async run(ctx) {
      await mergeIfNeeded(ctx, shopper)
      return answerText(ctx, sent, async (tx) =>
        cartText((await addItem(ctx, tx, { shopper, item })).cart),
      )
    },
    predict: (model) =>
      shopping(model, who, () =>
        model.once(keyOf(sent), () => model.add(who, { article, quantity, version })),
      ),
  }
}

function sentBy(who: Shopper, key: string | undefined, body: object): SentRequest {
  return { principal: who.customer ?? who.session ?? '', key, body: JSON.stringify(body) }
}

export interface Setting {
  readonly shopper: Shopper
  readonly at: LineName
  readonly quantity: number
  readonly version: number | undefined
}

export function setting(world: World, wish: Setting): Operation {
  const { shopper: who, at, quantity, version } = wish
  const shopper = shopperOf(world, who)
  const reference =
    'line' in at
      ? { line: { by: 'number' as const, number: at.line } }
      : { product: { by: 'id' as const, id: world.products.get(at.product) ?? nobodyId } }
  const what = 'line' in at ? `#${at.line}` : at.product
  return {
    label: `${nameOf(who)} sets ${what} to ${quantity}${versionText(version)}`,
    async run(ctx) {
      await mergeIfNeeded(ctx, shopper)
      const item = { at: reference, quantity, version }
      const { cart } = await ctx.db.transaction((tx) => setItem(ctx, tx, { shopper, item }))
      return cartText(cart)
    },
    predict: (model) => shopping(model, who, () => model.set(who, { at, quantity, version })),
  }
}

export function clearing(world: World, who: Shopper, version: number | undefined): Operation {
  const shopper = shopperOf(world, who)
  return {
    label: `${nameOf(who)} empties the cart${versionText(version)}`,
    async run(ctx) {
      await mergeIfNeeded(ctx, shopper)
      return cartText(await ctx.db.transaction((tx) => clearCart(ctx, tx, { shopper, version })))
    },
    predict: (model) => shopping(model, who, () => model.clear(who, version)),
  }
}

export function looking(world: World, who: Shopper): Operation {
  const shopper = shopperOf(world, who)
  return {
    label: `${nameOf(who)} looks at the cart`,
    async run(ctx) {
      const cart = await getCart(ctx, shopper)
      const problems = cart.problems.map(({ code, line }) => `${code} ${line.sku}`)
      return [`${cart.status} ${cartText(cart)}`, ...problems].join(' ! ')
    },
    predict: (model) => lookingAround(model, who),
  }
}

/** As signing in does it, without the password. */
export function signingIn(world: World, customer: string, session: string): Operation {
  const customerId = world.ids.customers.get(customer) ?? nobodyId
  return {
    label: `${customer} signs in from ${session}`,
    async run(ctx) {
      await mergeCarts(ctx, { sessionKey: session, customerId })
      return 'done'
    },
    predict: (model) => atOnce(() => model.merge({ customer, session }) ?? 'done'),
  }
}

export type CheckoutPlan = Omit<CheckoutWish, 'key'> & { readonly key: string | undefined }

export function buying(world: World, plan: CheckoutPlan): Operation {
  const { shopper, version, shipping, payment, hasEmail } = plan
  const key = keyOf(sentBy(shopper, plan.key, { shipping, payment, hasEmail }))
  const wish: CheckoutWish = { ...plan, key }
  const how = `by ${payment}${shipping === undefined ? '' : ` and ${shipping}`}`
  const email = hasEmail ? '' : ' without e-mail'
  return {
    label: `${nameOf(shopper)} buys ${how}${email}${versionText(version)}${keyText(plan.key)}`,
    key,
    run: (ctx) => runCheckout(ctx, { ...wish, shopper: shopperOf(world, shopper) }),
    predict: (model, heard) => checkingOut(model, wish, heard),
  }
}

async function runCheckout(
  ctx: Context,
  wish: Omit<CheckoutWish, 'shopper'> & { readonly shopper: ShopShopper },
): Promise<string> {
  const { key, shopper } = wish
  const body = (text: string) => JSON.stringify({ text })
  const { reply, replayed } = await checkout(
    ctx,
    {
      shopper,
      email: wish.hasEmail ? 'ada@example.com' : undefined,
      addresses: { shipping: address, billing: address },
      shippingMethod: wish.shipping,
      paymentMethod: wish.payment,
      paymentData: {},
      vatId: undefined,
      giftCards: [],
      useStoreCredit: false,
      expectedTotal: undefined,
      version: wish.version,
    },
    {
      claim: key && { claim: key.claim, bodyHash: key.body },
      render: (placed) => ({ status: 201, body: body(orderText(placed)) }),
      refuse: ({ status, code }) => ({ status, body: body(code) }),
    },
  )
  return `${reply.status} ${textOf(reply.body)}${replayed ? ' again' : ''}`
}

function orderText({ order }: PlacedOrder): string {
  return `order ${order.number} ${order.status} ${order.total_minor}`
}
