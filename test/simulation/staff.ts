import type { Context } from '../../src/context.ts'
import { unrestricted } from '../support/shop.ts'
import { minor } from '../../src/core/money.ts'
import { deleteExpiredClaims } from '../../src/db/idempotency.ts'
import { deliverPending } from '../../src/db/relay.ts'
import { forgetExpiredCarts } from '../../src/domains/cart/cart.ts'
import { addVariant, changeProduct, changeVariant } from '../../src/domains/catalog/writes.ts'
import { expireDue, reconcileDue } from '../../src/domains/checkout/reconcile.ts'
import { eraseAccount } from '../../src/domains/privacy/erasure.ts'
import { adjustStock } from '../../src/domains/inventory/adjustments.ts'
import type { Operation } from './operations.ts'
import { atOnce, expiring, reconciling, relaying } from './predictions.ts'
import { answerText, keyOf } from './requests.ts'
import type { World } from './world.ts'

const nothing = '00000000-0000-7000-8000-ffffffffffff'

const versionText = (version: number | undefined): string =>
  version === undefined ? '' : ` at v${version}`

export interface Repricing {
  readonly sku: string
  readonly price: number
  readonly version: number | undefined
}

export function repricing(world: World, { sku, price, version }: Repricing): Operation {
  const id = world.ids.variants.get(sku) ?? nothing
  return {
    label: `staff prices ${sku} at ${price}${versionText(version)}`,
    async run(ctx) {
      await changeVariant(ctx, { id, version }, { priceMinor: minor(price) })
      return 'done'
    },
    predict: (model) => atOnce(() => model.reprice(sku, { price: BigInt(price), version })),
  }
}

export interface Restating {
  readonly product: string
  readonly status: 'draft' | 'active' | 'archived'
  readonly version: number | undefined
}

export function restating(world: World, { product, status, version }: Restating): Operation {
  const by = { by: 'id', id: world.products.get(product) ?? nothing } as const
  return {
    label: `staff makes ${product} ${status}${versionText(version)}`,
    async run(ctx) {
      await changeProduct(ctx, { by, version }, { status })
      return 'done'
    },
    predict: (model) => atOnce(() => model.restate(product, { status, version })),
  }
}

export interface NewVariantWish {
  readonly product: string
  readonly sku: string
  readonly price: number
  readonly onHand: number
}

export function extending(world: World, wish: NewVariantWish): Operation {
  const { product, sku, price, onHand } = wish
  const by = { by: 'id', id: world.products.get(product) ?? nothing } as const
  return {
    label: `staff adds ${sku} at ${price}, ${onHand} on hand`,
    async run(ctx) {
      await addVariant(ctx, { by, version: undefined }, { sku, priceMinor: minor(price), onHand })
      return 'done'
    },
    predict: (model) =>
      atOnce(() => model.addVariant(product, { sku, onHand, price: BigInt(price) })),
  }
}

export interface StockChange {
  readonly sku: string
  readonly quantity: number
  readonly key: string | undefined
}

export function restocking(world: World, { sku, quantity, key }: StockChange): Operation {
  const variantId = world.ids.variants.get(sku) ?? nothing
  const sent = { principal: 'staff', key, body: JSON.stringify({ sku, quantity }) }
  const kind = quantity > 0 ? 'receipt' : 'adjustment'
  return {
    label: `staff books ${quantity} of ${sku}${key === undefined ? '' : ` [${key}]`}`,
    run: (ctx) =>
      answerText(ctx, sent, async (tx) => {
        const [row] = await adjustStock(ctx, tx, { variantId, quantity, kind })
        return `${row?.on_hand} on hand, ${row?.reserved} reserved`
      }),
    predict: (model) => atOnce(() => model.once(keyOf(sent), () => model.adjust(sku, quantity))),
  }
}

export function closing(world: World, customer: string): Operation {
  const id = world.ids.customers.get(customer) ?? nothing
  return {
    label: `${customer} closes the account`,
    async run(ctx) {
      await eraseAccount(ctx, id, unrestricted)
      return 'done'
    },
    predict: (model) => atOnce(() => model.closeAccount(customer)),
  }
}

export const reconciler: Operation = {
  label: 'the reconciler runs',
  run: async (ctx) => `looked at ${await reconcileDue(ctx)}`,
  predict: reconciling,
}

export const expirer: Operation = {
  label: 'reservations run out',
  run: async (ctx) => `${await expireDue(ctx)} ran out`,
  predict: expiring,
}

export const sweeper: Operation = {
  label: 'the sweep runs',
  run: sweep,
  predict: (model) => atOnce(() => (model.sweep(), 'done')),
}

async function sweep(ctx: Context): Promise<string> {
  const now = ctx.clock.now()
  await ctx.db.transaction(async (tx) => {
    await deleteExpiredClaims(tx, { now })
    await forgetExpiredCarts(ctx, tx)
  })
  return 'done'
}

export function relay({ ids }: World): Operation {
  return {
    label: 'the relay runs',
    async run(ctx) {
      await deliverPending(ctx)
      return 'done'
    },
    predict: (model) => relaying(model, ids.claims),
  }
}
