import type { HistoryOrder } from './history.ts'
import { skuOf } from './articles.ts'

export interface PlacedOrder {
  readonly invoice: string
  readonly number: number
  readonly token: string
  readonly pence: bigint
  readonly units: number
}

export interface Drive {
  readonly url: string
  readonly variantIds: ReadonlyMap<string, string>
  /** Orders under way at once. */
  readonly parallel: number
  readonly onOrder: (done: number) => void
  /** Default: manual. */
  readonly paymentMethod?: string
}

/** Buys every order through the API as its customer would: one cart, one line after the other. */
export async function driveOrders(
  drive: Drive,
  orders: readonly HistoryOrder[],
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = []
  const waiting = orders.values()
  const worker = async () => {
    for (const order of waiting) {
      placed.push(await buy(drive, order))
      drive.onOrder(placed.length)
    }
  }
  await Promise.all(Array.from({ length: drive.parallel }, worker))
  return placed
}

async function buy(
  { url, variantIds, paymentMethod = 'manual' }: Drive,
  order: HistoryOrder,
): Promise<PlacedOrder> {
  const { invoice, customer, country } = order
  const session = `replay-${invoice}`
  for (const { stockCode, priceMinor, quantity } of order.lines) {
    const variant_id = variantIds.get(skuOf(stockCode, priceMinor))
    await post(`${url}/api/v1/cart/items`, { session }, { variant_id, quantity })
  }
  const answer = await post(
    `${url}/api/v1/checkout`,
    { session, key: invoice },
    {
      email: `customer-${customer}@example.com`,
      payment_method: paymentMethod,
      shipping_method: 'pickup',
      shipping_info: {
        name: `Customer ${customer}`,
        address: 'not recorded',
        city: 'not recorded',
        country,
      },
    },
  )
  const { data } = JSON.parse(answer) as { data: OrderData }
  const { number, token, item_count: units, total } = data
  return { invoice, number, token, units, pence: penceOf(total.amount) }
}

interface OrderData {
  readonly number: number
  readonly token: string
  readonly item_count: number
  readonly total: { readonly amount: string }
  readonly given_back: { readonly amount: string }
}

/** An amount of the API: pounds with exactly two decimals. */
export const penceOf = (amount: string): bigint => BigInt(amount.replace('.', ''))

export interface ReadBack {
  readonly pence: bigint
  readonly units: bigint
  /** What was given back of them. */
  readonly backPence: bigint
}

/** The same orders read again, each with its token: what the shop says it has sold. */
export async function readBack(url: string, placed: readonly PlacedOrder[]): Promise<ReadBack> {
  let [pence, units, backPence] = [0n, 0n, 0n]
  for (const { number, token } of placed) {
    const headers = { 'order-token': token }
    const answer = await fetch(`${url}/api/v1/orders/${number}`, { headers })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`order ${number}: ${answer.status} ${text}`)
    const { data } = JSON.parse(text) as { data: OrderData }
    pence += penceOf(data.total.amount)
    backPence += penceOf(data.given_back.amount)
    units += BigInt(data.item_count)
  }
  return { pence, units, backPence }
}

interface Sender {
  readonly session?: string
  readonly key?: string
  readonly token?: string
}

/** Throws unless it was taken (201). */
export async function post(url: string, sender: Sender, body: object): Promise<string> {
  const { session, key, token } = sender
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(session === undefined ? {} : { 'session-id': session }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (answer.status === 201) return text
  throw new Error(`${url} ${JSON.stringify(body)}: ${answer.status} ${text}`)
}
