import type { Minor } from '../money.ts'

export interface PriceList {
  readonly id: string
  readonly name: string
  readonly currency: string
  /** Lists are asked from the lowest number up. */
  readonly priority: number
  /** The customer group it is for; undefined: everybody. */
  readonly groupId?: string | undefined
  /** UTC milliseconds, included. */
  readonly from?: number | undefined
  /** UTC milliseconds, excluded. */
  readonly until?: number | undefined
}

/** What one article costs on one list from a quantity on. */
export interface ListPrice {
  readonly listId: string
  readonly minQuantity: number
  readonly priceMinor: Minor
  readonly compareAtMinor?: Minor | undefined
}

export interface PriceQuestion {
  readonly currency: string
  readonly quantity: number
  /** The customer groups of the buyer. */
  readonly groups: readonly string[]
  /** UTC milliseconds. */
  readonly at: number
  /** What the article costs without any list; undefined where it has no price in this currency. */
  readonly base?: { readonly priceMinor: Minor; readonly compareAtMinor?: Minor | undefined }
}

export interface ChosenPrice {
  readonly priceMinor: Minor
  readonly compareAtMinor: Minor | undefined
  /** undefined: the article's own price. */
  readonly list: PriceList | undefined
  readonly minQuantity: number
}

/** Why a list gave no price, or that it did: what `explain` shows. */
export interface ListTried {
  readonly list: PriceList
  readonly reason: string | undefined
}

/**
 * The price of an article: that of the first list in force, by priority, which has one for this
 * quantity; of lists of one priority the lowest; else the article's own. Undefined if there is none
 * in this currency: amounts of another are never converted or mixed in.
 */
export function choosePrice(
  lists: readonly PriceList[],
  prices: readonly ListPrice[],
  question: PriceQuestion,
): ChosenPrice | undefined {
  let best: (ChosenPrice & { readonly list: PriceList }) | undefined
  for (const list of lists) {
    if (best && list.priority > best.list.priority) continue
    if (whyNotInForce(list, question) !== undefined) continue
    const price = tierOf(prices, list.id, question.quantity)
    if (!price) continue
    const isBetter = !best || list.priority < best.list.priority || isCheaper({ list, price }, best)
    if (isBetter) best = { ...pricesOf(price), list, minQuantity: price.minQuantity }
  }
  if (best) return best
  const { base } = question
  return base && { ...pricesOf(base), list: undefined, minQuantity: 1 }
}

const pricesOf = (price: { priceMinor: Minor; compareAtMinor?: Minor | undefined }) => ({
  priceMinor: price.priceMinor,
  compareAtMinor: price.compareAtMinor,
})

function isCheaper(
  { list, price }: { list: PriceList; price: ListPrice },
  best: ChosenPrice & { readonly list: PriceList },
): boolean {
  if (price.priceMinor !== best.priceMinor) return price.priceMinor < best.priceMinor
  return list.id < best.list.id
}

/** The price of the largest quantity that is reached. */
function tierOf(
  prices: readonly ListPrice[],
  listId: string,
  quantity: number,
): ListPrice | undefined {
  let best: ListPrice | undefined
  for (const price of prices) {
    if (price.listId !== listId || price.minQuantity > quantity) continue
    if (!best || price.minQuantity > best.minQuantity) best = price
  }
  return best
}

/** Every list with the reason why it did not give the price; the chosen one has none. */
export function explainPrice(
  lists: readonly PriceList[],
  prices: readonly ListPrice[],
  question: PriceQuestion,
): ListTried[] {
  const chosen = choosePrice(lists, prices, question)?.list
  return lists.map((list) => ({
    list,
    reason:
      list === chosen
        ? undefined
        : (whyNotInForce(list, question) ??
          (tierOf(prices, list.id, question.quantity)
            ? 'another list goes before it'
            : 'it has no price for this article and quantity')),
  }))
}

function whyNotInForce(list: PriceList, question: PriceQuestion): string | undefined {
  const { currency, groups, at } = question
  if (list.currency !== currency) return `it is in ${list.currency}, the cart in ${currency}`
  if (list.from !== undefined && at < list.from) return 'it has not begun yet'
  if (list.until !== undefined && at >= list.until) return 'it has ended'
  if (list.groupId !== undefined && !groups.includes(list.groupId)) {
    return 'the buyer is not in its customer group'
  }
  return undefined
}

/** A price as it was set at some moment, on a list or (without one) on the article itself. */
export interface PriceRecord {
  readonly listId: string | undefined
  /** undefined: from then on the list had no price for the article. */
  readonly priceMinor: Minor | undefined
  /** When it was set. */
  readonly recordedAt: number
  /** The dates of its list at that time. */
  readonly from?: number | undefined
  readonly until?: number | undefined
  readonly priority: number
}

export const omnibusDays = 30
const dayMs = 86_400_000

/**
 * The lowest price that was asked from everybody during the 30 days before the price of `at` came
 * into force: what the announcement of a price reduction has to name as the prior price
 * (Directive 98/6/EC, Article 6a(1) and (2)). Undefined for an article that had no price before.
 *
 * `history` holds the records of one article in one currency, for everybody and a single piece.
 */
export function lowestPriorPrice(history: readonly PriceRecord[], at: number): Minor | undefined {
  const moments = momentsOf(history).filter((moment) => moment <= at)
  const since = sinceWhen(history, moments, at)
  const start = since - omnibusDays * dayMs
  const asked = [start, ...moments.filter((moment) => start < moment && moment < since)]
  let lowest: Minor | undefined
  for (const moment of asked) {
    const price = askedAt(history, moment)
    if (price !== undefined && (lowest === undefined || price < lowest)) lowest = price
  }
  return lowest
}

/** When anything may have changed, in order. */
function momentsOf(history: readonly PriceRecord[]): number[] {
  const moments = history.flatMap(({ recordedAt, from, until }) => [
    recordedAt,
    ...(from === undefined ? [] : [from]),
    ...(until === undefined ? [] : [until]),
  ])
  return [...new Set(moments)].sort((left, right) => left - right)
}

/** Since when the price of `at` has been asked without a break. */
function sinceWhen(history: readonly PriceRecord[], moments: readonly number[], at: number) {
  const price = askedAt(history, at)
  let since = at
  for (const moment of moments.toReversed()) {
    if (askedAt(history, moment) !== price) break
    since = moment
  }
  return since
}

function askedAt(history: readonly PriceRecord[], at: number): Minor | undefined {
  const current = new Map<string | undefined, PriceRecord>()
  for (const record of history) {
    const known = current.get(record.listId)
    const isNewer = record.recordedAt <= at && (known?.recordedAt ?? -Infinity) <= record.recordedAt
    if (isNewer) current.set(record.listId, record)
  }
  const inForce = [...current.values()].filter(
    ({ priceMinor, from, until }) =>
      priceMinor !== undefined &&
      (from === undefined || from <= at) &&
      (until === undefined || at < until),
  )
  // The article's own price comes after all lists.
  const rank = ({ listId, priority }: PriceRecord) => (listId === undefined ? Infinity : priority)
  const [first] = inForce.sort(
    (left, right) =>
      compare(rank(left), rank(right)) || compare(left.priceMinor ?? 0, right.priceMinor ?? 0),
  )
  return first?.priceMinor
}

function compare(left: number, right: number): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
