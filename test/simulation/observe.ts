import type { Context } from '../../src/context.ts'
import type { Model } from './model.ts'
import { textOf } from './requests.ts'
import type { World } from './world.ts'

/** The state of a shop as lines to compare, and the numbers of its orders by their ids. */
export interface Observed {
  readonly lines: readonly string[]
  readonly orders: ReadonlyMap<string, number>
}

export function describeModel(model: Model): string[] {
  return [
    ...describeCatalogue(model),
    ...describeCarts(model),
    ...describeOrders(model),
    ...[...model.keys].map(
      ([claim, { order, reply, until }]) =>
        `key ${claim.slice(0, 8)} ${order ?? '-'} ${reply ?? '-'} until ${until}`,
    ),
    ...[...model.accounts].map((name) => `account ${name}`),
    ...[...model.announced].map(([topic, count]) => `announced ${topic} ${count}`),
  ].toSorted()
}

function describeCatalogue(model: Model): string[] {
  const products = [...model.products].map(([name, { status, version, skus }]) => {
    const prices = skus.map((sku) => model.variants.get(sku)?.price ?? 0n)
    const [least, most] = prices.toSorted((a, b) => (a < b ? -1 : 1)).filter(isAtAnEnd)
    return `product ${name} ${status} v${version} from ${least} to ${most ?? least}`
  })
  const stock = [...model.variants].map(
    ([sku, { price, onHand, reserved }]) => `stock ${sku} at ${price}: ${onHand} - ${reserved}`,
  )
  return [...products, ...stock]
}

const isAtAnEnd = (_: bigint, index: number, all: readonly bigint[]): boolean =>
  index === 0 || index === all.length - 1

function describeCarts(model: Model): string[] {
  return [...model.carts.values()].map((cart) => {
    const lines = cart.lines.map(
      ({ number, quantity, sku, told }) => ` #${number} ${quantity}×${sku} at ${told}`,
    )
    const { owner, status, version, expiresAt } = cart
    return `cart of ${owner} ${status} v${version} until ${expiresAt}:${lines.join('')}`
  })
}

function describeOrders(model: Model): string[] {
  return [...model.orders].map(([number, order]) => {
    const { status, payment, checkAt, hold, lines, totals } = order
    const { subtotal, shipping, tax, total, lineTaxes } = totals
    const goods = lines.map(
      ({ quantity, sku, price }, at) => ` ${quantity}×${sku} at ${price} tax ${lineTaxes[at]}`,
    )
    const captured = ['captured', 'refund_due', 'refunded'].includes(payment) ? total : 0n
    const refunded = payment === 'refunded' ? total : 0n
    return (
      `order ${number} ${status} ${payment} +${captured} -${refunded} look ${checkAt} ${hold}: ` +
      `${subtotal} + ${shipping}, tax ${tax} = ${total}:${goods.join('')}`
    )
  })
}

type Row = Readonly<Record<string, string | number | null>>

async function rowsOf(ctx: Context, query: string): Promise<Row[]> {
  return (await ctx.db.read.runner.all(query, [])) as Row[]
}

/** Reads the shop's own tables, and learns the ids of what has been added. */
export async function observe(world: World): Promise<Observed> {
  const { ctx, ids } = world
  const names = new Map([...ids.customers].map(([name, id]) => [id, name]))
  const orders = await rowsOf(ctx, orderQuery)
  const stock = await rowsOf(ctx, stockQuery)
  const keys = await rowsOf(ctx, keyQuery)
  ids.claims.clear()
  for (const { claim } of keys) ids.claims.add(String(claim))
  for (const { id, sku } of stock) ids.variants.set(String(sku), String(id))
  const lines = [
    ...(await rowsOf(ctx, productQuery)).map(({ line }) => String(line)),
    ...stock.map(({ line }) => String(line)),
    ...(await rowsOf(ctx, cartQuery)).map((row) => cartLine(row, names)),
    ...orders.map(({ line }) => String(line)),
    ...keys.map(keyLine),
    ...(await rowsOf(ctx, accountQuery)).map(({ line }) => String(line)),
    ...(await rowsOf(ctx, outboxQuery)).map(({ line }) => String(line)),
  ].toSorted()
  return { lines, orders: new Map(orders.map(({ id, number }) => [String(id), Number(number)])) }
}

const productQuery = `select 'product ' || slug || ' ' || status || ' v' || version
  || ' from ' || price_minor || ' to ' || price_max_minor as line from products`

const stockQuery = `select v.id, v.sku, 'stock ' || v.sku || ' at ' || v.price_minor || ': '
  || s.on_hand || ' - ' || s.reserved as line
  from stock s join variants v on v.id = s.variant_id`

const cartQuery = `select c.session_key, c.customer_id, c.status || ' v' || c.version
  || ' until ' || c.expires_at || ':' || coalesce((
    select group_concat(' #' || l.number || ' ' || l.quantity || '×' || v.sku || ' at '
      || l.price_minor, '' order by l.number)
    from cart_lines l join variants v on v.id = l.variant_id where l.cart_id = c.id), '') as line
  from carts c where c.status in ('open', 'checkout')`

function cartLine({ session_key, customer_id, line }: Row, names: Map<string, string>): string {
  if (session_key !== null) return `cart of session ${session_key} ${line}`
  if (customer_id === null) return `cart of nobody ${line}`
  return `cart of customer ${names.get(String(customer_id))} ${line}`
}

const orderQuery = `select o.id, o.number, 'order ' || o.number || ' ' || o.status || ' '
  || y.status || ' +' || y.captured_minor || ' -' || y.refunded_minor || ' look ' || coalesce((select p.check_at from payment_operations p
    where p.payment_id = y.id and p.status = 'pending'), y.check_at)
  || ' ' || (select group_concat(distinct h.status) from stock_holds h where h.order_id = o.id)
  || ': ' || o.subtotal_minor || ' + ' || o.shipping_minor || ', tax ' || o.tax_minor || ' = '
  || o.total_minor || ':' || (
    select group_concat(' ' || l.quantity || '×' || l.sku || ' at ' || l.price_minor
      || ' tax ' || l.tax_minor, '' order by l.position)
    from order_lines l where l.order_id = o.id) as line
  from orders o join payments y on y.order_id = o.id`

const keyQuery = `select k.claim, k.response_status, k.response_body, k.expires_at, o.number
  from idempotency_keys k left join orders o on o.id = k.order_id`

function keyLine({ claim, response_status, response_body, expires_at, number }: Row): string {
  const reply = response_status === null ? '-' : `${response_status} ${textOf(response_body)}`
  return `key ${String(claim).slice(0, 8)} ${number ?? '-'} ${reply} until ${expires_at}`
}

const accountQuery = `select 'account ' || username as line from customers`

const outboxQuery = `select 'announced ' || replace(topic, 'order.', '') || ' ' || count(*) as line
  from outbox where topic like 'order.%' group by topic`
