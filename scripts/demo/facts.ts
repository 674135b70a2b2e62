import type { DemoAttribute } from '../../src/demo/catalogue.ts'

/**
 * Word in the text → value of the attribute, written word=value, or once when they are the same.
 */
type Vocabulary = Record<string, string>

const colours = vocabulary(
  'black white gray silver red navy teal turquoise blue yellow orange coral peach pink purple',
  'brown tan beige ivory gold copper lavender lilac mauve burgundy charcoal khaki green olive',
  'maroon grey=gray crimson=red scarlet=red mint=green emerald=green blush=pink fuchsia=pink',
  'magenta=pink plum=purple violet=purple caramel=brown cognac=brown golden=gold cyan',
  'rose_gold indigo=blue aqua=turquoise mustard=yellow noir=black cream',
)

const materials = vocabulary(
  'leather suede denim canvas cotton wool cashmere silk linen velvet flannel corduroy nylon',
  'neoprene rattan wicker bamboo walnut oak mahogany marble ceramic porcelain stoneware',
  'terracotta glass brass copper aluminum stainless_steel cast_iron silicone concrete mesh',
  'straw willow burlap pearl polycarbonate paper wood wooden=wood aluminium=aluminum',
  'crystal rubber clay felt abs_plastic=ABS_plastic plastic faux_leather',
  'microfiber resin enamel enameled=enamel',
)

const looks = vocabulary(
  'vintage rustic modern minimalist retro urban scandinavian industrial bohemian boho=bohemian',
  'nordic=scandinavian mid-century coastal nautical tropical elegant classic artisan=artisanal',
  'sleek artisanal luxe=luxurious luxurious traditional whimsical romantic festive farmhouse',
  'zen sporty cozy elegance=elegant contemporary=modern executive',
  'professional',
)

const patterns = vocabulary(
  'striped=stripes stripe=stripes stripes plaid floral polka_dot=polka_dots geometric',
  'houndstooth checkered=checks chevron camo=camouflage camouflage leopard paisley herringbone',
  'tartan aztec',
)

const rooms = vocabulary(
  'living_room bedroom kitchen bathroom office home_office=office dining_room patio=outdoors',
  'garden=outdoors bedside=bedroom workspace=office conference=office nursery entryway',
)

const occasions = vocabulary(
  'wedding bridal=wedding breakfast picnic party=parties parties hiking travel camping',
  'beach christmas easter halloween valentine dinner holiday=holidays gifting=gifts gift=gifts',
  'concert commute festival gym workout=gym fishing gaming studio outdoor=outdoors baking',
  'brunch=breakfast everyday daily=everyday recording=studio salads=dinner grilling=dinner',
  'dessert celebration=celebrations celebrations romantic=romantic_evenings hunting skiing',
  'kayaking cooking',
)

const seasons = vocabulary('spring summer autumn winter')

const shapes = vocabulary(
  'round square oval rectangular heart-shaped=heart cat-eye aviator wayfarer clubmaster',
  'browline oversized crossbody hooded cropped compact mini slim curved',
)

const origins = vocabulary(
  'african moroccan japanese italian french mexican venetian turkish thai indian spanish',
  'swedish chinese scandinavian=nordic nordic mediterranean greek hawaiian indonesian british',
  'vietnamese',
)

const flowers = vocabulary(
  'rose roses=rose tulip tulips=tulip peony peonies=peony hydrangea hydrangeas=hydrangea',
  'carnation iris hyacinth eucalyptus orchid lily lilies=lily sunflower sunflowers=sunflower',
  'wildflower protea',
)

const flavours = vocabulary(
  'chocolate vanilla caramel lemon strawberry cinnamon citrus lime mint pecan apple berry honey',
  'sesame rosemary garlic peppercorn sourdough herb-infused=herbs spicy smoky tangy',
)

const finishes = vocabulary('matte glossy polished metallic distressed textured engraved embossed')

/** Attribute → the words that say so. The value is always yes. */
const foodFlags: Record<string, RegExp> = {
  organic: /\borganic/i,
  vegan: /\bvegan\b/i,
  grass_fed: /grass-fed/i,
  homemade: /\bhome-?(made|style)\b/i,
  ripe: /\b(vine-)?ripe/i,
  fresh: /\bfresh(ly|ness)?\b/i,
}

const goodsFlags: Record<string, RegExp> = {
  vegan: /\bvegan\b/i,
  handmade: /hand-?(made|crafted|painted|woven|carved)/i,
  waterproof: /\bwater(proof|-resistant)/i,
  wireless: /\b(wireless|cordless|bluetooth)\b/i,
  rechargeable: /\brechargeable/i,
  portable: /\bportab/i,
  adjustable: /\badjustab/i,
  foldable: /\b(foldable|folding|collapsible)\b/i,
  ergonomic: /\bergonomic/i,
  eco_friendly: /\b(eco-|sustainab|recycled|reusable)/i,
  non_stick: /non-?stick/i,
  insulated: /\binsulat/i,
  reversible: /\breversible/i,
  lightweight: /\blightweight/i,
  durable: /\b(durable|sturdy|long-lasting)\b/i,
  breathable: /\bbreathable/i,
  cushioned: /\bcushion(ed|ing)\b/i,
}

const pieces: [RegExp, string][] = [
  [/\b(duo|pair)\b/i, '2'],
  [/\btrio\b/i, '3'],
  [/\b(quartet|quad)\b/i, '4'],
  [/\bdozen\b/i, '12'],
  [/\bset|\bkit\b|\bcollection\b|\bbundle\b|\bensemble\b/i, 'set'],
]

export function colourOf(name: string, description: string): string | undefined {
  const named = found(colours, name)
  if (named.length) return named.length === 1 ? named[0] : undefined
  return besideNoun(name, description) ?? only(found(colours, description))
}

/**
 * "This durable beige backpack … with black straps": the colour before the article's own noun wins.
 */
function besideNoun(name: string, description: string): string | undefined {
  const noun = name.split(' ').at(-1)?.replace(/s$/, '').toLowerCase()
  if (!noun || !/^[a-z]+$/.test(noun)) return undefined
  const before = new RegExp(`([\\w-]+(?: [\\w-]+){0,2}) ${noun}`, 'gi')
  for (const [, words = ''] of description.matchAll(before)) {
    const colour = only(found(colours, words))
    if (colour) return colour
  }
  return undefined
}

export function materialOf(name: string, description: string): string | undefined {
  return first(materials, name, description)
}

export function looksOf(name: string): string[] {
  return found(looks, name)
}

type Nature = 'food' | 'flower' | 'goods'

export function natureOf(category: string): Nature {
  if (category.startsWith('groceries-')) return 'food'
  return category.startsWith('flowers-') ? 'flower' : 'goods'
}

/** Everything that can be read off a text without guessing, most telling first. */
export function factsFrom(name: string, description: string, nature: Nature): DemoAttribute[] {
  const text = `${name}. ${description}`
  const goods = nature === 'goods'
  return attributes({
    flower: nature === 'flower' ? first(flowers, name, description) : undefined,
    flavour: nature === 'food' ? first(flavours, name, description) : undefined,
    style: first(looks, name, description),
    pattern: goods ? first(patterns, name, description) : undefined,
    shape: goods ? first(shapes, name, description) : undefined,
    finish: goods ? only(found(finishes, text)) : undefined,
    pieces: pieces.find(([pattern]) => pattern.test(name))?.[1],
    origin: found(origins, name)[0],
    room: goods ? only(found(rooms, text)) : undefined,
    occasion: found(occasions, text)[0],
    season: only(found(seasons, text)),
    ...Object.fromEntries(features(text, nature).map((feature) => [feature, 'yes'])),
  })
}

export function features(text: string, nature: Nature): string[] {
  const flags = nature === 'food' ? foodFlags : goodsFlags
  const set = Object.entries(flags).filter(([, pattern]) => pattern.test(text))
  return set.map(([name]) => name)
}

/** The name is sure of itself; a description counts only when it names no second candidate. */
function first(words: Vocabulary, name: string, description: string): string | undefined {
  return found(words, name)[0] ?? only(found(words, description))
}

export function attributes(values: Record<string, string | undefined>): DemoAttribute[] {
  return Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []))
}

function vocabulary(...lines: string[]): Vocabulary {
  return Object.fromEntries(lines.join(' ').split(' ').map(pairOf))
}

function pairOf(word: string): [string, string] {
  const [key = '', value = key] = word.replaceAll('_', ' ').split('=')
  return [key, value]
}

function found(words: Vocabulary, text: string): string[] {
  const lower = ` ${text.toLowerCase().replace(/[^a-z-]+/g, ' ')} `
  const hits = Object.keys(words).filter((word) => lower.includes(` ${word} `))
  const whole = hits.filter(
    (word) => !hits.some((other) => other !== word && contains(other, word)),
  )
  return [...new Set(whole.map((word) => words[word] ?? word))]
}

/** "faux leather" makes "leather" an echo, not a second find. */
function contains(longer: string, word: string): boolean {
  return longer.split(' ').includes(word)
}

function only(values: string[]): string | undefined {
  return values.length === 1 ? values[0] : undefined
}
