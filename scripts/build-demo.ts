// Builds the catalogue that ships with the shop: node scripts/build-demo.ts [data folder]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { DemoRecord } from '../src/demo/catalogue.ts'
import { brandsOf, interleave, productsOf } from './demo/assemble.ts'
import { bestBuyDrafts } from './demo/bestbuy.ts'
import { dummyJsonDrafts } from './demo/dummyjson.ts'
import { readme } from './demo/readme.ts'
import type { Summary } from './demo/readme.ts'
import { retailDrafts } from './demo/retail.ts'
import { readTree } from './demo/tree.ts'

const data = resolve(process.argv[2] ?? '../shared/data')
const target = resolve(import.meta.dirname, '../demo')

const licences = {
  'retail-demo-store.MIT-0.txt': 'catalogue-small/licenses/retail-demo-store.MIT-0.txt',
  'DummyJSON.MIT.txt': 'catalogue-small/licenses/DummyJSON.MIT.txt',
  'BestBuy-open-data-set.CC0-1.0.txt': 'catalogue-bestbuy-cc0/LICENSE.CC0.txt',
}

function build(): void {
  const { records, summary } = assemble()
  const { rows: _, ...counts } = summary
  const lines = [...records, { kind: 'end', ...counts }].map((record) => JSON.stringify(record))
  mkdirSync(`${target}/licences`, { recursive: true })
  writeFileSync(`${target}/catalogue.jsonl.gz`, compress(`${lines.join('\n')}\n`))
  writeFileSync(`${target}/README.md`, readme(summary))
  for (const [name, source] of Object.entries(licences)) {
    writeFileSync(`${target}/licences/${name}`, readFileSync(`${data}/${source}`))
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}

function assemble(): { records: DemoRecord[]; summary: Summary } {
  const tree = readTree()
  const rows = {
    retail: readRows('catalogue-small/retail-demo-store-products.jsonl.gz'),
    dummyJson: readRows('catalogue-small/dummyjson-products.jsonl.gz'),
    bestBuy: readRows('catalogue-bestbuy-cc0/products-sample.jsonl'),
  }
  const drafts = [
    ...retailDrafts({ rows: rows.retail, tree }),
    ...dummyJsonDrafts({ rows: rows.dummyJson, tree }),
    ...bestBuyDrafts({ rows: rows.bestBuy, tree }),
  ]
  const brands = brandsOf(drafts)
  const products = interleave(productsOf(drafts))
  const summary = {
    rows: {
      retail: rows.retail.length,
      dummyJson: rows.dummyJson.length,
      bestBuy: rows.bestBuy.length,
    },
    categories: tree.categories.length,
    brands: brands.length,
    products: products.length,
    variants: products.reduce((sum, product) => sum + product.variants.length, 0),
  }
  return { records: [...tree.categories, ...brands, ...products], summary }
}

function readRows(path: string): unknown[] {
  const bytes = readFileSync(`${data}/${path}`)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line))
}

/**
 * The header says neither when (zlib writes 0) nor where it was made, so equal input gives equal
 * bytes.
 */
function compress(text: string): Buffer {
  const bytes = gzipSync(text, { level: 9 })
  bytes[9] = 255
  return bytes
}

build()
