import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { icons } from '../domains/catalog/picture-icons.ts'
import { drawPicture } from '../domains/catalog/picture.ts'
import { readDemoCatalogue } from './catalogue.ts'
import type { DemoBrand, DemoCategory, DemoProduct } from './catalogue.ts'

const records = [...readDemoCatalogue()]
const categories = records.filter((record): record is DemoCategory => record.kind === 'category')
const brands = records.filter((record): record is DemoBrand => record.kind === 'brand')
const products = records.filter((record): record is DemoProduct => record.kind === 'product')
const variants = products.flatMap((product) => product.variants)

test('holds exactly the articles of the three sources', () => {
  assert.equal(categories.length, 214)
  assert.equal(brands.length, 127)
  assert.equal(products.length, 2854)
  assert.equal(variants.length, 4256)
  const articles = (source: string): number => products.filter((p) => p.source === source).length
  assert.equal(articles('retail-demo-store'), 2465)
  assert.equal(articles('dummyjson'), 194)
  assert.equal(articles('bestbuy'), 195)
  const bestBuy = products.filter(({ source }) => source === 'bestbuy')
  assert.equal(bestBuy.flatMap((product) => product.variants).length, 220)
})

test('gives categories, then brands, then products and nothing else', () => {
  assert.equal(records.length, categories.length + brands.length + products.length)
  const kinds = records.map(({ kind }) => kind)
  assert.equal(kinds.lastIndexOf('category'), categories.length - 1)
  assert.equal(kinds.lastIndexOf('brand'), categories.length + brands.length - 1)
})

test('names every parent category before its children', () => {
  const known = new Set<string>()
  for (const { slug, parent } of categories) {
    assert.ok(parent === null || known.has(parent), slug)
    known.add(slug)
  }
  assert.equal(categories.filter(({ parent }) => parent === null).length, 20)
})

test('numbers the children of a category from one without gaps', () => {
  const siblings = Map.groupBy(categories, ({ parent }) => parent)
  for (const children of siblings.values()) {
    const positions = children.map(({ position }) => position)
    assert.deepEqual(
      positions,
      children.map((_, index) => index + 1),
    )
  }
})

test('describes every category in a sentence of its own', () => {
  for (const { description } of categories) assert.match(description, /^[A-Z].{20,}\.$/)
  assertUnique(categories.map(({ description }) => description))
})

test('uses no slug, category name or SKU twice', () => {
  assertUnique(categories.map(({ slug }) => slug))
  assertUnique(categories.map(({ name }) => name.toLowerCase()))
  assertUnique(brands.map(({ slug }) => slug))
  assertUnique(brands.map(({ name }) => name))
  assertUnique(products.map(({ slug }) => slug))
  assertUnique(variants.map(({ sku }) => sku))
})

test('gives every record a slug that is safe in a URL', () => {
  for (const { slug } of records) assert.match(slug, /^[a-z0-9]+(-[a-z0-9]+)*$/)
})

test('hangs every product into a leaf of the tree and leaves no leaf empty', () => {
  const parents = new Set(categories.map(({ parent }) => parent))
  const leaves = categories.map(({ slug }) => slug).filter((slug) => !parents.has(slug))
  const used = new Set(products.map(({ category }) => category))
  assert.deepEqual([...used].sort(), leaves.sort())
})

test('refers to known brands only, and to each of them', () => {
  const used = new Set(products.flatMap(({ brand }) => brand ?? []))
  assert.deepEqual([...used].sort(), brands.map(({ slug }) => slug).sort())
})

test('prices, stock and weights are whole numbers that make sense', () => {
  for (const variant of variants) {
    assert.ok(Number.isSafeInteger(variant.price_minor) && variant.price_minor > 0, variant.sku)
    assert.ok(Number.isSafeInteger(variant.on_hand) && variant.on_hand >= 0, variant.sku)
    const weight = variant.weight_grams ?? 1
    assert.ok(Number.isSafeInteger(weight) && weight > 0, variant.sku)
  }
})

test('keeps the prices of the sources to the cent', () => {
  assert.deepEqual(pricesOf('adventure-ready-expedition-backpack'), [12999])
  assert.deepEqual(pricesOf('essence-mascara-lash-princess'), [999])
  assert.deepEqual(pricesOf('duracell-aaa-batteries-4-pack'), [549])
  assert.deepEqual(pricesOf('kitchenaid-30-built-in-gas-cooktop'), [159999, 149999])
})

test('splits the stock of the source over the sizes without losing a piece', () => {
  const boots = find('rustic-charm-lace-up-boots')
  assert.deepEqual(boots.options, [{ name: 'size', values: ['6', '7', '8', '9', '10'] }])
  assert.deepEqual(
    boots.variants.map(({ on_hand }) => on_hand),
    [1, 2, 3, 2, 1],
  )
})

test('has products that are sold out and products that nearly are', () => {
  const stocks = products.map(stockOf)
  assert.equal(stocks.filter((stock) => stock === 0).length, 7)
  assert.equal(stocks.filter((stock) => stock > 0 && stock < 5).length, 34)
})

test('uses every value of every option, and no variant without one', () => {
  for (const { slug, options, variants: own } of products) {
    const names = options.map(({ name }) => name)
    for (const variant of own) assert.deepEqual(Object.keys(variant.options), names, slug)
    for (const { name, values } of options) {
      assert.deepEqual([...new Set(own.map((variant) => variant.options[name]))], values, slug)
    }
    assertUnique(own.map((variant) => JSON.stringify(variant.options)))
    assert.ok(own.length >= 1, slug)
  }
})

test('gives only Best Buy articles a GTIN, each its own and with a right check digit', () => {
  const codes = variants.flatMap(({ gtin }) => gtin ?? [])
  assert.equal(codes.length, 220)
  assertUnique(codes)
  for (const code of codes) assert.equal(checkSum(code) % 10, 0, code)
})

test('attributes are short facts with plain names, most products have three to eight', () => {
  for (const { slug, attributes } of products) {
    assertUnique(attributes.map(({ name }) => name))
    for (const { name, value } of attributes) {
      assert.match(name, /^[a-z][a-z0-9_]*$/)
      assert.ok(value.length > 0 && value.length <= 100 && value === value.trim(), slug)
    }
  }
  const counts = products.map(({ attributes }) => attributes.length)
  assert.ok(counts.every((count) => count >= 1 && count <= 8))
  assert.ok(counts.filter((count) => count >= 3).length > 0.85 * products.length)
})

test('tags are lower-case words, none twice on a product', () => {
  for (const { tags } of products) {
    assertUnique(tags)
    for (const tag of tags) assert.match(tag, /^[\p{Ll}\p{N}][\p{Ll}\p{N} -]*$/u)
  }
})

test('names and descriptions are clean text', () => {
  for (const { name, description } of products) {
    for (const text of [name, description]) {
      assert.equal(text, text.trim().normalize('NFC'))
      assert.doesNotMatch(text, /\p{Cc}|&[a-z#0-9]+;| {2}|<\w|[®™]|\wx[CDEF][0-9A-F]/u)
    }
    assert.ok(name.length >= 3 && name.length <= 120 && description.length >= 20, name)
  }
  assert.equal(
    find('bohemian-bliss-macrame-wall-hanging').name,
    'Bohemian Bliss Macramé Wall Hanging',
  )
})

test('shows at least eight departments on the first, the last and any other page of 24', () => {
  for (let start = 0; start + 24 <= products.length; start += 24) {
    const page = products.slice(start, start + 24)
    const departments = new Set(page.map(({ category }) => category.split('-')[0]))
    assert.ok(departments.size >= 8, `page at ${start}`)
  }
})

test('has a picture with an icon of its own for every category', () => {
  const paths = new Map<string, string[]>()
  for (const { slug, parent, name } of categories) {
    const categoryPath = [...(paths.get(parent ?? '') ?? []), name]
    paths.set(slug, categoryPath)
    const svg = drawPicture({ name, category: name, categoryPath, seed: slug })
    assert.ok(!svg.includes(icons.box[0]), categoryPath.join(' > '))
  }
})

test('refuses a file that was cut off or holds less than it promises', () => {
  const category = JSON.stringify(categories[0])
  const end = '{"kind":"end","categories":2,"brands":0,"products":0,"variants":0}'
  withFile([category], (file) => {
    assert.throws(() => [...readDemoCatalogue(file)], /has no end line/)
  })
  withFile([category, end], (file) => {
    assert.throws(() => [...readDemoCatalogue(file)], /holds .*"categories":1.*, not .*:2/)
  })
  withFile([end, category], (file) => {
    assert.throws(() => [...readDemoCatalogue(file)], /goes on after its end line/)
  })
})

function withFile(lines: readonly string[], run: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'demo-'))
  try {
    const file = join(folder, 'catalogue.jsonl.gz')
    writeFileSync(file, gzipSync(lines.join('\n')))
    run(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function find(slug: string): DemoProduct {
  const product = products.find((candidate) => candidate.slug === slug)
  assert.ok(product, slug)
  return product
}

function pricesOf(slug: string): number[] {
  return find(slug).variants.map(({ price_minor }) => price_minor)
}

function stockOf(product: DemoProduct): number {
  return product.variants.reduce((sum, { on_hand }) => sum + on_hand, 0)
}

function checkSum(gtin: string): number {
  const digits = Array.from(gtin.padStart(14, '0'), Number)
  return digits.reduce((sum, digit, index) => sum + digit * (index % 2 === 0 ? 3 : 1), 0)
}

function assertUnique(values: readonly string[]): void {
  const seen = new Set<string>()
  const twice = values.filter((value) => seen.size === seen.add(value).size)
  assert.deepEqual(twice, [])
}
