import { icons } from './picture-icons.ts'
import type { IconName } from './picture-icons.ts'

type PictureSubject = {
  name: string
  /** The name of the product's own category; empty when it has none. */
  category: string
  /** The names of the categories from the root down to the product's own. */
  categoryPath: readonly string[]
  /** Anything that tells this product from the next, such as its slug. */
  seed: string
}

/** A picture for a product that has none: an SVG under 2 KB, the same for the same subject. */
export function drawPicture({ name, category, categoryPath, seed }: PictureSubject): string {
  const title = shorten(plain(name) || plain(category) || 'Product', 80)
  const label = shorten(plain(category), 32)
  const random = hash(seed)
  const colours = palette(hueOf(categoryPath), random)
  const id = `g${random.toString(36)}`
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 600" role="img">',
    `<title>${escapeXml(title)}</title>`,
    backdrop(id, colours, random),
    emblem(categoryPath, colours),
    caption(label, setTitle(title), colours),
    '</svg>',
  ].join('')
}

type Colours = { top: string; bottom: string; ink: string; text: string }

// Hues that look good as pastels; the muddy ones between yellow and green are left out.
const hues = [
  6, 18, 30, 42, 92, 118, 142, 160, 176, 190, 204, 218, 232, 248, 266, 286, 310, 330, 348,
]

/** A department keeps its hue on every page; its categories are shades beside it. */
function hueOf(path: readonly string[]): number {
  // The salt has no meaning: it is the one that spreads the departments of the demo shop best.
  const department = hues[hash(`hnp${path[0] ?? ''}`) % hues.length] ?? 204
  return department + (hash(path.at(-1) ?? '') % 17) - 8
}

function palette(hue: number, random: number): Colours {
  const shift = (random % 13) - 6
  return {
    top: hsl(hue + shift, 58, 95),
    bottom: hsl(hue + shift + 14, 52, 84),
    ink: hsl(hue, 42, 30),
    text: hsl(hue, 36, 20),
  }
}

/** Hexadecimal, as not every renderer of SVG files knows hsl(). */
function hsl(hue: number, saturation: number, lightness: number): string {
  const strength = (saturation / 100) * Math.min(lightness / 100, 1 - lightness / 100)
  const channel = (offset: number): string => {
    const turn = (offset + hue / 30 + 12) % 12
    const value = lightness / 100 - strength * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0')
  }
  return `#${channel(0)}${channel(8)}${channel(4)}`
}

function backdrop(id: string, { top, bottom }: Colours, random: number): string {
  const left = 40 + (random % 150)
  const right = 420 + ((random >>> 8) % 150)
  const size = 110 + ((random >>> 16) % 80)
  return [
    // The id carries the seed: pictures put into one page must not paint with each other's
    // gradient.
    `<linearGradient id="${id}" x2=".6" y2="1"><stop stop-color="${top}"/>`,
    `<stop offset="1" stop-color="${bottom}"/></linearGradient>`,
    `<path fill="url(#${id})" d="M0 0h600v600H0z"/><g fill="#fff">`,
    `<circle cx="${left}" cy="90" r="${size}" opacity=".28"/>`,
    `<circle cx="${right}" cy="360" r="${300 - size}" opacity=".22"/>`,
    '<circle cx="300" cy="210" r="168" opacity=".6"/></g>',
  ].join('')
}

function emblem(path: readonly string[], { bottom, ink }: Colours): string {
  const [shape, details] = icons[iconFor(path)]
  return [
    `<g transform="translate(184 94)scale(3.625)" fill="none" stroke="${ink}" stroke-width="2.2"`,
    ' stroke-linecap="round" stroke-linejoin="round">',
    `<path fill="${bottom}" d="${shape}"/>`,
    details && `<path d="${details}"/>`,
    '</g>',
  ].join('')
}

const fonts = "system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"

function caption(label: string, title: Title, { ink, text }: Colours): string {
  const start = 514 - ((title.lines.length - 1) * title.leading) / 2
  const spans = title.lines.map(
    (line, i) => `<tspan x="300" y="${start + i * title.leading}">${escapeXml(line)}</tspan>`,
  )
  const small = `<text x="300" y="${start - 47}" font-size="19" letter-spacing="2.5" fill="${ink}"`
  const large = `<text font-size="${title.size}" font-weight="600" fill="${text}">`
  return [
    `<g font-family="${fonts}" text-anchor="middle">`,
    label && `${small} opacity=".75">${escapeXml(label.toUpperCase())}</text>`,
    `${large}${spans.join('')}</text></g>`,
  ].join('')
}

/**
 * What XML 1.0 cannot carry, what would turn the text around, and towers of accents are left out.
 */
function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .trim()
}

const xmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (sign) => xmlEntities[sign] ?? sign)
}

function shorten(text: string, length: number): string {
  const signs = Array.from(text)
  return signs.length > length
    ? `${signs
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`
    : text
}

type Title = { lines: string[]; size: number; leading: number }

/**
 * Widths are in ems: what takes more than two lines is set smaller, and then gets more on a line.
 */
function setTitle(title: string): Title {
  const large = wrap(title, 14.2, 3)
  if (large.length <= 2) return { lines: balanced(title, large, 14.2), size: 33, leading: 42 }
  return { lines: balanced(title, wrap(title, 16.7, 3), 16.7), size: 28, leading: 37 }
}

/** As narrow as the number of lines allows, so that no word is left alone on the last one. */
function balanced(text: string, lines: string[], width: number): string[] {
  if (lines.length === 1 || lines.at(-1)?.endsWith('…')) return lines
  const narrower = wrap(text, width - 0.5, lines.length + 1)
  return narrower.length > lines.length ? lines : balanced(text, narrower, width - 0.5)
}

/**
 * Fills lines word by word; a word longer than a line is cut, and what is left over becomes "…".
 */
function wrap(text: string, width: number, linesMax: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap((part) => pieces(part, width))) {
    const longer = line ? `${line} ${word}` : word
    if (!line || widthOf(longer) <= width) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  lines.push(line)
  if (lines.length <= linesMax) return lines
  const rest = lines.slice(linesMax - 1).join(' ')
  return [...lines.slice(0, linesMax - 1), ellipsis(rest, width)]
}

function pieces(word: string, width: number): string[] {
  const parts: string[] = []
  let part = ''
  for (const sign of word) {
    if (part && widthOf(part + sign) > width) {
      parts.push(part)
      part = ''
    }
    part += sign
  }
  return [...parts, part]
}

function ellipsis(text: string, width: number): string {
  let kept = ''
  for (const sign of text) {
    if (widthOf(kept + sign) > width - 0.8) break
    kept += sign
  }
  return `${kept.replace(/[\s,.;:-]+$/, '')}…`
}

/** The width in ems, guessed well enough for the usual sans-serif fonts in semi-bold. */
function widthOf(text: string): number {
  let width = 0
  for (const sign of text) width += asciiWidths[sign.charCodeAt(0)] ?? wideWidth(sign)
  return width
}

const asciiWidths = Array.from({ length: 128 }, (_, code) => asciiWidth(String.fromCharCode(code)))

function asciiWidth(sign: string): number {
  if (/[iljtfrI.,:;'|!()[\] -]/.test(sign)) return 0.34
  if (/[mwMW@%&]/.test(sign)) return 0.88
  return /[A-Z0-9<>=+~#$]/.test(sign) ? 0.66 : 0.57
}

function wideWidth(sign: string): number {
  if (/\p{M}|\p{Cf}/u.test(sign)) return 0
  return sign < '\u2e80' ? 0.66 : 1.05
}

/** FNV-1a with a final stir, as neighbouring seeds should not look alike. */
function hash(text: string): number {
  let value = 2166136261
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 16777619)
  value = Math.imul(value ^ (value >>> 15), 2246822507)
  return (value ^ (value >>> 13)) >>> 0
}

/**
 * What a category's name must say to get an icon, tried from top to bottom. Words of up to four
 * letters match whole (an ink is no inkling), longer ones match as beginnings (candle, candles,
 * candlestick).
 */
const keywords: readonly (readonly [IconName, string])[] = [
  ['paw', 'pet | dog | cat'],
  ['book', 'book | cookbook | magazine'],
  ['cutlery', 'cutlery | napkin | fork | spoon'],
  ['dresser', 'dresser | storage | cabinet | drawer'],
  ['brush', 'brush'],
  ['pumpkin', 'pumpkin | halloween | harvest'],
  ['lantern', 'lantern | camp kitchen'],
  ['pendant', 'chandelier | ceiling'],
  ['lamp', 'lamp | lighting'],
  ['plate', 'plate | tableware'],
  ['backpack', 'backpack | daypack | rucksack'],
  ['handbag', 'bag | tote | purse | clutch | wallet'],
  ['belt', 'belt'],
  ['glasses', 'glasses | eyewear | sunglass | optical'],
  ['smartwatch', 'smartwatch | tracker | wearable'],
  ['watch', 'watch'],
  ['tie', 'tie | cufflink | formal wear'],
  ['dress', 'dress | skirt | gown'],
  ['jacket', 'jacket | coat | parka | puffer | blazer | suit'],
  ['knit', 'sweater | hoodie | knitwear | pullover'],
  ['hat', 'hat | scarf | scarves | beanie'],
  ['sock', 'sock | hosiery'],
  ['shirt', 'apparel | shirt | blouse | top | tee | cloth | fashion'],
  ['boot', 'boot'],
  ['heel', 'heel | pump | stiletto'],
  ['sandal', 'sandal | flip-flop | slipper | flats'],
  ['sneaker', 'footwear | shoe | sneaker | runner | oxford | loafer'],
  ['necklace', 'necklace | pendant | bracelet'],
  ['earring', 'earring'],
  ['ring', 'jewel | ring'],
  ['lipstick', 'makeup | cosmetic | beauty | lipstick'],
  ['perfume', 'fragrance | perfume'],
  ['soap', 'bath | body | skin | soap | cleaning | household'],
  ['razor', 'shaving | shaver | groom | razor'],
  ['scissors', 'hair | scissor | craft | sewing'],
  ['tooth', 'oral | tooth | dental'],
  ['headphones', 'headphone | earphone | earbud'],
  ['radio', 'radio'],
  ['speaker', 'audio | speaker | sound'],
  ['video', 'cinema | video camera | vlog | film | camcorder'],
  ['tripod', 'tripod | camera support'],
  ['chip', 'memory card | component | chip | graphic'],
  ['laptop', 'laptop | notebook'],
  ['keyboard', 'keyboard'],
  ['monitor', 'computer | monitor | desktop | electronic'],
  ['plug', 'cable | adapter | charger | power bank | wiring | plug'],
  ['handset', 'telephone | landline'],
  ['phone', 'phone | smartphone | mobile'],
  ['tablet', 'tablet'],
  ['projector', 'projector | streaming'],
  ['tv', 'tv | television'],
  ['battery', 'battery | batteries | backup power'],
  ['armchair', 'armchair | accent chair | office chair'],
  ['chair', 'chair | stool | dining chair | dining room'],
  ['printer', 'printer | scanner | office'],
  ['drop', 'ink | oil | cleanser'],
  ['pen', 'pen | stationery'],
  ['compass', 'gps | navigation | compass'],
  ['gamepad', 'game | console | playstation | xbox | nintendo'],
  ['fridge', 'refrigerator | fridge | freezer'],
  ['toaster', 'kitchen appliance | toaster | blender'],
  ['stove', 'range | cooktop | oven | stove | appliance'],
  ['camera', 'camera | photo | lens | lenses'],
  ['fan', 'air condition | filter | fan | heating'],
  ['iron', 'iron | floor care'],
  ['bed', 'bed | daybed | mattress'],
  ['desk', 'desk | workspace'],
  ['table', 'table'],
  ['bathtub', 'bathroom | tub'],
  ['parasol', 'patio | garden | parasol | beach'],
  ['sofa', 'furniture | sofa | couch | living'],
  ['cushion', 'cushion | pillow'],
  ['blanket', 'throw | blanket | towel | textile'],
  ['clock', 'clock'],
  ['frame', 'art | mirror | poster | picture | print'],
  ['vase', 'vase | planter'],
  ['basket', 'basket'],
  ['candle', 'candle'],
  ['bulb', 'night light | accent light | bulb'],
  ['pot', 'cookware | pot | pan | cooking'],
  ['knife', 'knife | knives | blade | cutting'],
  ['whisk', 'kitchen tool | whisk | utensil | kitchen'],
  ['glass', 'glass'],
  ['teapot', 'teapot | tea | kettle'],
  ['mug', 'mug | cup | coffee'],
  ['bowl', 'bowl | soup | meal'],
  ['bread', 'bread | bagel | bakery'],
  ['cake', 'cake | pastry | pastries | dessert'],
  ['cheese', 'cheese | dairy | milk'],
  ['carrot', 'vegetable | herb | produce'],
  ['meat', 'meat | poultry | steak | butcher'],
  ['fish', 'fish | fishing | seafood | lure'],
  ['jar', 'pantry | jar | spice | condiment'],
  ['candy', 'chocolate | candy | candies | sweet'],
  ['snack', 'snack | nut | chips'],
  ['bottle', 'drink | beverage | bottle | wine | beer'],
  ['apple', 'grocery | groceries | food | fruit'],
  ['cactus', 'cactus | cacti | succulent'],
  ['wreath', 'wreath | garland'],
  ['plant', 'indoor plant | greenery'],
  ['flower', 'flower | bouquet | floral | plant'],
  ['piano', 'piano | synth'],
  ['drum', 'drum | percussion'],
  ['horn', 'brass | woodwind | trumpet'],
  ['mic', 'microphone | stage | recording | karaoke'],
  ['guitar', 'instrument | guitar | violin | ukulele | music'],
  ['kayak', 'kayak | boat | canoe'],
  ['bat', 'baseball | cricket | bat'],
  ['racket', 'racket | tennis | golf | badminton'],
  ['dumbbell', 'fitness | gym | skating'],
  ['lifebuoy', 'pool | swim'],
  ['ball', 'sport | ball'],
  ['tent', 'tent | camp | outdoor | hiking'],
  ['ornament', 'ornament | bauble'],
  ['egg', 'egg | easter'],
  ['mask', 'mask | costume'],
  ['tree', 'christmas | festive | nativity'],
  ['teddy', 'teddy | plush | toy'],
  ['heart', 'valentine | heart | romantic | wedding'],
  ['gift', 'gift | seasonal | holiday'],
  ['drill', 'drill | power tool'],
  ['saw', 'saw'],
  ['hammer', 'hammer | axe'],
  ['screwdriver', 'screw'],
  ['toolbox', 'tool set | toolbox'],
  ['wrench', 'tool | wrench | plier | hardware'],
  ['moto', 'motorcycle | scooter | bicycle | bike'],
  ['dash', 'dash | car audio'],
  ['car', 'automotive | car | vehicle | back-up'],
  ['suitcase', 'luggage | suitcase | travel | trip'],
  ['vase', 'decor'],
]

const patterns = keywords.map(([name, words]) => ({ name, pattern: patternOf(words.split(' | ')) }))

function patternOf(words: readonly string[]): RegExp {
  const parts = words.map((word) => (word.length > 4 ? word : `${word}s?\\b`))
  return new RegExp(`\\b(?:${parts.join('|')})`, 'i')
}

/**
 * The icon of the nearest category whose name says something: the path is given from the root down.
 */
function iconFor(path: readonly string[]): IconName {
  for (const name of path.toReversed()) {
    const match = patterns.find(({ pattern }) => pattern.test(name))
    if (match) return match.name
  }
  return 'box'
}
