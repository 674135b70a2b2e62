import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export type DemoCategory = {
  kind: 'category'
  slug: string
  parent: string | null
  name: string
  description: string
  position: number
}

export type DemoBrand = { kind: 'brand'; slug: string; name: string }

export type DemoAttribute = { name: string; value: string }

export type DemoOption = { name: string; values: string[] }

export type DemoVariant = {
  sku: string
  options: Record<string, string>
  price_minor: number
  on_hand: number
  gtin: string | null
  weight_grams: number | null
}

export type DemoProduct = {
  kind: 'product'
  slug: string
  name: string
  description: string
  brand: string | null
  category: string
  tags: string[]
  attributes: DemoAttribute[]
  options: DemoOption[]
  variants: DemoVariant[]
  source: 'retail-demo-store' | 'dummyjson' | 'bestbuy'
}

export type DemoRecord = DemoCategory | DemoBrand | DemoProduct

type DemoEnd = {
  kind: 'end'
  categories: number
  brands: number
  products: number
  variants: number
}

type Counts = Omit<DemoEnd, 'kind'>

const shippedFile = new URL('../../demo/catalogue.jsonl.gz', import.meta.url)

/**
 * The records of the demo shop in the order they must be loaded: categories (parents first),
 * brands, products. Throws after the last record when the file does not hold what its end line
 * promises.
 */
export function* readDemoCatalogue(file: URL | string = shippedFile): Generator<DemoRecord> {
  const counts: Counts = { categories: 0, brands: 0, products: 0, variants: 0 }
  let end: DemoEnd | undefined
  // The text is a few megabytes and is unpacked whole: measured faster than a stream of chunks. The
  // parsed objects would take several times that, so they are made one at a time.
  for (const line of lines(gunzipSync(readFileSync(file)))) {
    if (end) throw new Error('The demo catalogue goes on after its end line')
    const record = JSON.parse(line) as DemoRecord | DemoEnd
    if (record.kind === 'end') end = record
    else {
      count(counts, record)
      yield record
    }
  }
  assertComplete(counts, end)
}

function* lines(text: Buffer): Generator<string> {
  let start = 0
  while (start < text.length) {
    const newline = text.indexOf(10, start)
    const end = newline < 0 ? text.length : newline
    yield text.toString('utf8', start, end)
    start = end + 1
  }
}

function count(counts: Counts, record: DemoRecord): void {
  if (record.kind === 'category') counts.categories += 1
  else if (record.kind === 'brand') counts.brands += 1
  else {
    counts.products += 1
    counts.variants += record.variants.length
  }
}

function assertComplete(counts: Counts, end: DemoEnd | undefined): void {
  if (!end) throw new Error('The demo catalogue has no end line')
  const { kind: _, ...expected } = end
  const [found, promised] = [counts, expected].map((sums) => JSON.stringify(sums))
  if (found !== promised) throw new Error(`The demo catalogue holds ${found}, not ${promised}`)
}
