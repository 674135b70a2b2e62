import type { DemoAttribute, DemoVariant } from '../../src/demo/catalogue.ts'
import { attributes, features, materialOf } from './facts.ts'
import type { Draft, Input } from './source.ts'
import { chance, clean, sentence, tags } from './text.ts'
import { categoryOf, readRules } from './tree.ts'
import type { Tree } from './tree.ts'
import { weightOf } from './variants.ts'

type Row = {
  sku: string
  name: string
  type: string
  price_minor: number
  upc: string
  category_path: string[]
  description: string
  brand: string
  model: string | null
}

/** One article as published, its name taken apart. */
type Article = { row: Row; name: string; colour: string | undefined; points: string[] }

const rules = readRules('bestbuy-categories.txt')

export function bestBuyDrafts({ rows, tree }: Input): Draft[] {
  const articles = (rows as Row[]).map(readArticle)
  return groupColours(articles).map((group) => draft(group, tree))
}

function readArticle(row: Row): Article {
  const { name, colour } = readName(row)
  return { row, name, colour, points: readPoints(row) }
}

/**
 * "Brand - Thing - Detail - Colour" reads as a sentence: "Brand Thing, Detail"; the colour is a
 * fact.
 */
function readName(row: Row): { name: string; colour: string | undefined } {
  // Not at the dash of a range: 13" - 26".
  const parts = clean(row.name).split(/ - (?<!" - (?=\d))/)
  const colour = parts.length > 1 && isColour(parts.at(-1) ?? '') ? parts.pop() : undefined
  if (row.type === 'Game') return { name: gameName(row, parts), colour: undefined }
  const brand = brandOf(row)
  if (parts[0]?.toLowerCase() === brand.toLowerCase()) parts.shift()
  const rest = parts.join(', ')
  return { name: rest.startsWith(brand) ? rest : `${brand} ${rest}`, colour }
}

function gameName(row: Row, parts: string[]): string {
  const title = parts[0] ?? ''
  return `${title} for ${platformOf(row)}${isUsed(row) ? ' (Pre-Owned)' : ''}`
}

const platforms =
  /PlayStation \d|PS Vita|Xbox One|Xbox 360|Nintendo 3DS|Nintendo DS|Nintendo Wii U|Nintendo Wii/

function platformOf(row: Row): string | undefined {
  return platforms.exec(row.name)?.[0] ?? platforms.exec(row.description)?.[0]
}

function isUsed(row: Row): boolean {
  return row.name.includes('PRE-OWNED')
}

const colourWords = new Set(
  (
    'black white gray grey silver red blue pink navy green brown purple cyan magenta yellow gold ' +
    'orange bronze charcoal chrome biscuit bisque clear multi multicolor onyx crystal matte ' +
    'monochromatic stainless steel high gloss army sunshine ordinary fantastic fuchsia moon soft ' +
    'touch stripes'
  ).split(' '),
)

function isColour(text: string): boolean {
  return text.split(/[^A-Za-z]+/).every((word) => colourWords.has(word.toLowerCase()))
}

function brandOf(row: Row): string {
  const brand = clean(row.brand)
  return brand === 'METRA' ? 'Metra' : brand
}

/**
 * Lists of selling points, freed of the shop they were written for and of their lost separators.
 */
function readPoints(row: Row): string[] {
  const text = row.description
    .replace(/^Only at Best Buy\n/, '')
    .replace('\n', '. ')
    .replace(/^From our expanded online assortment; /, '')
    .replace(/(resolution|brightness|freet?|drive|DLP|kW)(?=[A-Z0-9])/g, '$1; ')
    .replace('freet;', 'free;')
    .replace(' - , ', ', ')
    .replace(/^[A-Z]{3}[A-Z ]* [^:;]*: (?=[A-Z])/, '')
  return clean(text).split('; ')
}

/**
 * The same article in several colours is one product, but only where that is certain: names equal
 * but for the colour, and no colour twice. Where one is, the model without its last letter tells
 * the series apart, and becomes part of their names.
 */
function groupColours(articles: Article[]): Article[][] {
  const byName = Object.values(Object.groupBy(articles, ({ name }) => name))
  return byName.flatMap((group = []) => {
    if (group.length === 1 || distinctColours(group)) return [group]
    const byModel = Object.values(
      Object.groupBy(group, ({ row }) => (row.model ?? '').slice(0, -1)),
    )
    return byModel.flatMap((series = []) =>
      distinctColours(series) ? [series.map(withSeries)] : series.map((article) => [article]),
    )
  })
}

function withSeries(article: Article): Article {
  return { ...article, name: `${article.name} ${(article.row.model ?? '').slice(0, -1)}` }
}

function distinctColours(group: Article[]): boolean {
  const colours = group.map(({ colour }) => colour)
  return !colours.includes(undefined) && new Set(colours).size === group.length
}

function draft(group: Article[], tree: Tree): Draft {
  const [first] = group
  if (!first) throw new Error('A group of articles is never empty')
  const category = categoryOf(rules, first.row.category_path.at(-1) ?? '', first.row.name)
  const colours = group.map(({ colour }) => colour ?? '')
  return {
    name: first.name,
    description: describe(group),
    brand: brandOf(first.row),
    category,
    tags: tagsOf(first),
    attributes: attributesOf(group, category),
    options: group.length > 1 ? [{ name: 'colour', values: colours }] : [],
    variants: group.map((article) =>
      variant(article, weightOf(tree.weights.get(category), first.row.sku), group.length > 1),
    ),
    source: 'bestbuy',
  }
}

/** What is said of one colour only, such as "cyan ink", is not true of the product. */
function describe(group: Article[]): string {
  const points = group[0]?.points ?? []
  const colours = group.length > 1 ? group.map(({ colour = '' }) => colour.toLowerCase()) : []
  const shared = points.filter((point) => !colours.some((colour) => point.startsWith(colour)))
  return sentence(shared.join('; '))
}

function variant({ row, colour }: Article, weight: number | null, optional: boolean): DemoVariant {
  return {
    sku: `BBY-${row.sku}`,
    options: optional && colour ? { colour } : {},
    price_minor: row.price_minor,
    on_hand: stockOf(row.sku),
    gtin: row.upc,
    weight_grams: weight,
  }
}

/** Ours, as the data knows no stock: one in twenty-five is sold out, one in fifteen nearly so. */
function stockOf(sku: string): number {
  const luck = chance(`stock ${sku}`)
  if (luck < 0.04) return 0
  if (luck < 0.11) return 1 + Math.floor(chance(`low ${sku}`) * 4)
  return 8 + Math.floor(chance(`plenty ${sku}`) * 90)
}

function tagsOf({ row }: Article): string[] {
  const marks = [isUsed(row) ? 'pre-owned' : '', /\bNFL\b/.test(row.name) ? 'nfl' : '']
  return tags([...marks, ...row.category_path.slice(-3), platformOf(row) ?? ''])
}

function attributesOf(group: Article[], category: string): DemoAttribute[] {
  const { row, name, colour } = group[0] as Article
  const description = describe(group)
  const text = `${name}. ${description}`
  const game = row.type === 'Game'
  const known = attributes({
    type: typeOf(row, category),
    condition: game ? (isUsed(row) ? 'pre-owned' : 'new') : undefined,
    platform: platformOf(row),
    publisher: game ? brandOf(row) : undefined,
    model: modelOf(group),
    colour: group.length === 1 ? plainColour(colour) : undefined,
    ...specifications(text),
    material: game ? undefined : materialOf(name, madeOf.exec(description)?.[1] ?? ''),
    ...Object.fromEntries(features(text, 'goods').map((feature) => [feature, 'yes'])),
  })
  return known.slice(0, 8)
}

const madeOf = /([\w ]+) (?:materials?|construction|shell)\b/

/** Best Buy's own category, but for the few that are no kind of thing. */
function typeOf(row: Row, category: string): string {
  const last = row.category_path.at(-1) ?? ''
  if (row.category_path[0] === 'Name Brands' || last.startsWith('More ')) {
    return category.slice(category.lastIndexOf('-') + 1)
  }
  return last.replace(/^All /, '').toLowerCase()
}

function plainColour(colour: string | undefined): string | undefined {
  return colour?.toLowerCase().replace(/^multi(color)?( stripes)?$/, 'multicolor')
}

function modelOf(group: Article[]): string | undefined {
  const models = group.map(({ row }) => row.model ?? '')
  const real = models.filter((model) => /\d/.test(model) && model !== '')
  return real.length === group.length ? real.join(', ') : undefined
}

const specificationPatterns: Record<string, RegExp> = {
  fits: /\b(?:for Select|for Most|for) (\d{4}[^.;]{5,90}?)(?: Vehicles)?(?:[.;]|$)/,
  team: /\bNFL ([A-Z][\w. ]+?) Bum/,
  compatible_with: /\. Compatible with (?!.*vehicles)([^;.]{3,95})/,
  pack_size: /(\d+)-(?:Pack|Count)/i,
  pieces: /(\d+)-Piece/,
  screen_size: /([\d.]+") (?:Class|TFT|color TFT)/,
  resolution: /\b(\d{3,4}p|\d+ dpi|WUXGA)\b/,
  processor: /\b(Intel Core i\d)/,
  memory: /\b(\d+GB) (?:Memory|memory|DDR3)/,
  storage: /\b(\d+TB) Hard Drive/,
  capacity: /\b([\d.]+ Cu\. Ft\.|\d+ ?mAh|\d+ ?GB(?= capacity)|[\d.]+-oz|\d+ [Cc]up|\d+-[Cc]up)/,
  power: /\b(\d+W|[\d,]+ ?BTU|[\d.]+ kVA)\b/,
  interface: /\b(USB 2\.0|USB|HDMI|DisplayPort|XLR)\b/,
  keys: /\b(\d+) Keys/,
  certification: /(ENERGY STAR)/,
  yields: /yields up to ([\d,]+ pages)/,
}

function specifications(text: string): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(specificationPatterns).map(([name, pattern]) => [name, pattern.exec(text)?.[1]]),
  )
}
