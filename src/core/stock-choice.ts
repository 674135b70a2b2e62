/** Where goods are taken from, and what comes later: pure rules over what was read under lock. */

export interface Want {
  readonly variantId: string
  readonly quantity: number
  /** How many of those may be sold before they are there. */
  readonly laterMax: number
}

export interface Shelf {
  readonly variantId: string
  readonly locationId: string
  readonly available: number
}

export interface Pick {
  readonly variantId: string
  readonly locationId: string
  readonly quantity: number
}

export interface StockChoice {
  readonly picks: readonly Pick[]
  readonly later: readonly { readonly variantId: string; readonly quantity: number }[]
  /** What cannot be had; then nothing else counts. */
  readonly short: readonly {
    readonly variantId: string
    readonly available: number
    readonly requested: number
  }[]
}

/**
 * One parcel if it can be: the first location, by priority, that has everything. Otherwise each
 * article is taken from the locations in their order, and what is missing then comes later, as far
 * as that is allowed.
 */
export function chooseStock(
  wants: readonly Want[],
  shelves: readonly Shelf[],
  locations: readonly string[],
): StockChoice {
  const stock = new Map(
    shelves.map(({ variantId, locationId, available }) => [
      `${variantId} ${locationId}`,
      available,
    ]),
  )
  const at = (variantId: string, locationId: string) =>
    Math.max(stock.get(`${variantId} ${locationId}`) ?? 0, 0)
  const whole = locations.find((locationId) =>
    wants.every(({ variantId, quantity }) => at(variantId, locationId) >= quantity),
  )
  const order = whole === undefined ? locations : [whole]
  const choices = wants.map((want) => {
    const found = takeInTurn(
      want.quantity,
      order.map((locationId) => ({ key: locationId, available: at(want.variantId, locationId) })),
    )
    const missing = want.quantity - sumOf(found.map(({ quantity }) => quantity))
    return { want, found, missing }
  })
  return {
    picks: choices.flatMap(({ want: { variantId }, found }) =>
      found.map(({ key: locationId, quantity }) => ({ variantId, locationId, quantity })),
    ),
    later: choices
      .filter(({ missing }) => missing > 0)
      .map(({ want: { variantId }, missing }) => ({ variantId, quantity: missing })),
    short: choices
      .filter(({ want, missing }) => missing > want.laterMax)
      .map(({ want: { variantId, quantity, laterMax }, missing }) => ({
        variantId,
        available: quantity - missing + laterMax,
        requested: quantity,
      })),
  }
}

interface Source {
  readonly key: string
  readonly available: number
}

/** Takes a quantity from one source after the other; less than it where there is no more. */
export function takeInTurn(
  quantity: number,
  sources: readonly Source[],
): { readonly key: string; readonly quantity: number }[] {
  let left = quantity
  const taken: { key: string; quantity: number }[] = []
  for (const { key, available } of sources) {
    const take = Math.min(left, available)
    if (take > 0) taken.push({ key, quantity: take })
    left -= Math.max(take, 0)
  }
  return taken
}

export interface LotOnShelf {
  readonly lotId: string
  /** UTC milliseconds; null: it keeps. */
  readonly expiresAt: number | null
  readonly available: number
}

/** First expired, first out: lots that keep for ever come last, the older one first. */
export function chooseLots(
  quantity: number,
  lots: readonly LotOnShelf[],
): { readonly lotId: string; readonly quantity: number }[] {
  const order = lots.toSorted(
    (a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity) || (a.lotId < b.lotId ? -1 : 1),
  )
  const sources = order.map(({ lotId, available }) => ({ key: lotId, available }))
  return takeInTurn(quantity, sources).map(({ key: lotId, quantity: taken }) => ({
    lotId,
    quantity: taken,
  }))
}

export const sumOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0)

interface InLine {
  readonly articleId: string
  readonly wanted: number
}

interface ShareShelf {
  readonly articleId: string
  readonly locationId: string
  readonly available: number
}

/** Gives what there is to those in line, in their order, as far as it goes. */
export function shareOut<Row extends InLine>(
  line: readonly Row[],
  shelves: readonly ShareShelf[],
): { readonly row: Row; readonly locationId: string; readonly quantity: number }[] {
  const left = shelves.map((shelf) => ({ ...shelf }))
  return line.flatMap((row) => {
    const here = left.filter(({ articleId }) => articleId === row.articleId)
    const sources = here.map(({ locationId, available }) => ({ key: locationId, available }))
    return takeInTurn(row.wanted, sources).map(({ key: locationId, quantity }) => {
      const shelf = here.find((candidate) => candidate.locationId === locationId)
      if (shelf) shelf.available -= quantity
      return { row, locationId, quantity }
    })
  })
}
