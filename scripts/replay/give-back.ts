import type { HistoryCancellation } from './cancellations.ts'
import { penceOf, post, type PlacedOrder } from './drive.ts'

export interface GivingBack {
  readonly url: string
  /** Of somebody who may fulfil orders and decide about returns. */
  readonly token: string
  readonly parallel: number
  readonly onReturn: (done: number) => void
}

interface OrderView {
  readonly lines: readonly { readonly id: string; readonly sku: string }[]
  readonly returns: readonly {
    readonly id: string
    readonly status: string
    readonly amount: { readonly amount: string }
  }[]
}

/** Has every order leave, as a whole; returns the ids of their lines by invoice and SKU. */
export async function sendAll(
  { url, token, parallel }: GivingBack,
  placed: readonly PlacedOrder[],
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  await inParallel(parallel, placed, async ({ number, invoice }) => {
    const path = `${url}/api/v1/admin/orders/${number}/fulfilments`
    const { lines } = orderIn(await post(path, { token }, { shipped: true }))
    for (const { id, sku } of lines) ids.set(`${invoice}/${sku}`, id)
  })
  return ids
}

/**
 * Returns what each cancellation says, in its order: noted, and received the next moment. One
 * order's returns come one after the other, since each is a share of what is left of its lines.
 */
export async function giveAllBack(
  giving: GivingBack,
  placed: ReadonlyMap<string, PlacedOrder>,
  { cancellations, lineIds }: Returns,
): Promise<{ pence: bigint; units: bigint; returns: number }> {
  const total = { pence: 0n, units: 0n, returns: 0 }
  for (const { invoice, pieces } of cancellations) {
    const byOrder = Map.groupBy(pieces, (piece) => piece.invoice)
    await inParallel(giving.parallel, [...byOrder], async ([original, own]) => {
      const sums = new Map<string, number>()
      for (const { sku, quantity } of own) {
        const id = lineIds.get(`${original}/${sku}`) ?? ''
        sums.set(id, (sums.get(id) ?? 0) + quantity)
      }
      const { number } = placed.get(original) ?? {}
      const items = [...sums].map(([line_id, quantity]) => ({ line_id, quantity }))
      const back = { path: `${giving.url}/api/v1/admin/orders/${number}/returns`, invoice, items }
      const pence = await giveOneBack(giving, back)
      total.pence += pence
      total.units += BigInt([...sums.values()].reduce((sum, quantity) => sum + quantity, 0))
      giving.onReturn(++total.returns)
    })
  }
  return total
}

export interface Returns {
  readonly cancellations: readonly HistoryCancellation[]
  readonly lineIds: ReadonlyMap<string, string>
}

interface Back {
  readonly path: string
  readonly invoice: string
  readonly items: readonly { readonly line_id: string; readonly quantity: number }[]
}

async function giveOneBack({ token }: GivingBack, { path, invoice, items }: Back): Promise<bigint> {
  const asked = items.map((item) => ({ ...item, reason: 'cancelled' }))
  const body = { items: asked, note: invoice, approved: true }
  const noted = orderIn(await post(path, { token }, body)).returns.at(-1)
  const received = orderIn(await post(`${path}/${noted?.id}/receipt`, { token }, {}))
  const done = received.returns.find(({ id }) => id === noted?.id)
  if (done?.status !== 'received') throw new Error(`${invoice} was not received`)
  return penceOf(done.amount.amount)
}

const orderIn = (answer: string) => (JSON.parse(answer) as { data: OrderView }).data

async function inParallel<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: count }, worker))
}
