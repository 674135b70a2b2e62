import assert from 'node:assert/strict'
import { test } from 'node:test'
import { icons } from './picture-icons.ts'
import { drawPicture } from './picture.ts'

const sneaker = {
  name: 'Retro Stripe Urban Sneakers',
  category: 'Sneakers',
  categoryPath: ['Footwear', 'Sneakers'],
  seed: 'retro-stripe-urban-sneakers',
}

const hostileNames = [
  `"><script>alert(1)</script>`,
  `</title></svg><img src=x onerror=alert(1)>`,
  `]]><!--<![CDATA[ &amp; &#x26; &nbsp; <`,
  `' onload='alert(1)`,
  `null\u0000bell\u0007escape\u001b[31m\ufffe\uffff`,
  `lone \ud83d surrogates \udc00`,
  `\u202egnp.exe right to left \u2066isolates`,
  `Z${'\u0351\u0489'.repeat(500)}algo`,
  '&'.repeat(5000),
  '<'.repeat(5000),
  '👩‍👩‍👧‍👦'.repeat(200),
  '漢'.repeat(500),
  'ضيف '.repeat(100),
  'W'.repeat(300),
  'i '.repeat(300),
  `tabs\tand\r\nlines\u2028everywhere`,
  '%s %n {{7*7}} ${7*7} \\u0041',
  '',
  '   \n ',
]

test('draws the same picture for the same product', () => {
  assert.equal(drawPicture(sneaker), drawPicture({ ...sneaker }))
  assert.notEqual(drawPicture(sneaker), drawPicture({ ...sneaker, seed: 'another' }))
})

test('names the product for those who cannot see it', () => {
  const svg = drawPicture(sneaker)
  assert.match(
    svg,
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 600 600" role="img">/,
  )
  assert.match(svg, /<title>Retro Stripe Urban Sneakers<\/title>/)
})

test('sets the name in one to three balanced lines and the category above it', () => {
  assert.deepEqual(linesOf('Kiwi'), ['Kiwi'])
  assert.deepEqual(linesOf('Vintage Apothecary Wall Art Set'), [
    'Vintage Apothecary',
    'Wall Art Set',
  ])
  const long = linesOf(
    'A name that goes on and on about things nobody has asked for and never ends',
  )
  assert.equal(long.length, 3)
  assert.match(drawPicture(sneaker), />SNEAKERS<\/text>/)
})

test('ends a name that does not fit with an ellipsis', () => {
  const lines = linesOf('Supercalifragilisticexpialidocious '.repeat(4))
  assert.equal(lines.length, 3)
  assert.match(lines[2] ?? '', /…$/)
})

test('writes well-formed XML under two kilobytes whatever the names are', () => {
  for (const hostile of hostileNames) {
    for (const categoryPath of [[], [hostile], ['Footwear', hostile]]) {
      const svg = drawPicture({ name: hostile, category: hostile, categoryPath, seed: hostile })
      assertWellFormed(svg)
      assert.ok(Buffer.byteLength(svg) < 2048, `${Buffer.byteLength(svg)} bytes: ${hostile}`)
    }
  }
})

test('keeps hostile markup as text', () => {
  const svg = drawPicture({ ...sneaker, name: '<script>alert("&")</script>' })
  assert.match(svg, /<title>&lt;script&gt;alert\("&amp;"\)&lt;\/script&gt;<\/title>/)
  assert.doesNotMatch(svg, /<script/)
})

test('falls back to the category, then to a word, when there is no name', () => {
  assert.match(drawPicture({ ...sneaker, name: ' ' }), /<title>Sneakers<\/title>/)
  const nothing = drawPicture({ name: '', category: '', categoryPath: [], seed: '' })
  assert.match(nothing, /<title>Product<\/title>/)
  assert.ok(nothing.includes(icons.box[0]))
})

const expectedIcons: [keyof typeof icons, string[]][] = [
  ['sneaker', ['Footwear', 'Sneakers']],
  ['headphones', ['Electronics', 'Audio', 'Headphones']],
  ['phone', ['Electronics', 'Phones', 'Smartphones']],
  ['handset', ['Electronics', 'Phones', 'Home Telephones']],
  ['mic', ['Musical Instruments', 'Microphones']],
  ['camera', ['Electronics', 'Cameras & Video', 'Lenses & Filters']],
  ['armchair', ['Furniture', 'Office Chairs']],
  ['chair', ['Furniture', 'Dining Chairs & Sets']],
  ['lamp', ['Home Decor', 'Lighting', 'Table & Floor Lamps']],
  ['paw', ['Pets', 'Pet Food']],
  ['dresser', ['Furniture', 'Dressers & Storage']],
  ['dress', ['Apparel', 'Dresses & Skirts']],
  ['ring', ['Jewelry', 'Rings & Jewelry Sets']],
  ['flower', ['Flowers & Plants', 'Arrangements & Centerpieces']],
  ['drop', ['Electronics', 'Office Electronics', 'Ink Cartridges']],
  ['box', ['Miscellaneous', 'Unsorted']],
]

test('chooses the icon by the nearest category that says something', () => {
  for (const [name, categoryPath] of expectedIcons) {
    const svg = drawPicture({ ...sneaker, categoryPath })
    assert.ok(svg.includes(`d="${icons[name][0]}"`), `${name} for ${categoryPath.join(' > ')}`)
  }
})

test('keeps the hue of a department and tells departments apart', () => {
  const ink = (path: string[]): string => {
    const svg = drawPicture({ ...sneaker, categoryPath: path })
    return /stroke="(#[0-9a-f]{6})"/.exec(svg)?.[1] ?? ''
  }
  assert.notEqual(ink(['Footwear']), ink(['Electronics']))
  assert.equal(ink(['Footwear', 'Boots']), ink(['Footwear', 'Boots']))
})

test('gives pictures on one page gradients that cannot be mistaken for each other', () => {
  const ids = ['a', 'b', 'c'].map((seed) => {
    const svg = drawPicture({ ...sneaker, seed })
    const id = /<linearGradient id="(g[0-9a-z]+)"/.exec(svg)?.[1] ?? ''
    assert.ok(svg.includes(`fill="url(#${id})"`))
    return id
  })
  assert.equal(new Set(ids).size, 3)
})

function linesOf(name: string): string[] {
  const svg = drawPicture({ ...sneaker, name })
  return Array.from(svg.matchAll(/<tspan[^>]*>([^<]*)<\/tspan>/g), ([, line]) => line ?? '')
}

const token = /<(\/?)([a-zA-Z]+)((?: [a-zA-Z0-9:-]+="[^"<&]*")*)(\/?)>|[^<]+/gy

/** Enough of an XML parser for what the drawing can produce: tags, attributes, text, entities. */
function assertWellFormed(svg: string): void {
  const open: string[] = []
  let position = 0
  for (const [text, closing, tag = '', , empty] of svg.matchAll(token)) {
    position += text.length
    if (!tag) assert.doesNotMatch(text, />|&(?!(?:amp|lt|gt);)/)
    else if (closing) assert.equal(open.pop(), tag)
    else if (!empty) open.push(tag)
  }
  assert.equal(position, svg.length, `no token at ${svg.slice(position, position + 40)}`)
  assert.deepEqual(open, [])
  assert.ok(svg.isWellFormed())
  assert.doesNotMatch(svg, /[\p{Cc}\ufffe\uffff]/u)
}
