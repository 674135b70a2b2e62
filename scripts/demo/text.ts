/**
 * Names and descriptions as people should see them: no entities, broken escapes or control
 * characters.
 */
export function clean(text: string): string {
  return (
    decodeEntities(text)
      // retail-demo-store lost the backslash of its Latin-1 escapes: "MacramxE9" is "Macramé".
      .replace(/(?<=[a-zA-Z])x([CDEF][0-9A-F])/g, (_, hex: string) => fromCode(parseInt(hex, 16)))
      .replace(/(?<=[A-Za-z])°/g, '')
      .replace(/[®™]/g, '')
      .replace(/[\p{C}\s]+/gu, ' ')
      .normalize('NFC')
      .trim()
  )
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, dec, hex, name) => {
    if (dec) return fromCode(Number(dec))
    if (hex) return fromCode(parseInt(hex, 16))
    return entities[String(name).toLowerCase()] ?? whole
  })
}

function fromCode(code: number): string {
  return String.fromCodePoint(code)
}

export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(capital) ? capital : `${capital}.`
}

export function slugify(text: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/['’]/g, '')
    .replace(/&/g, ' and ')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  let slug = ''
  for (const word of words) {
    if (slug.length + word.length > 80) break
    slug += slug ? `-${word}` : word
  }
  return slug.replace(/(-(and|with|for|the|of|no|a))+$/, '')
}

/** Lower-case words without the signs that a URL or a search box would stumble over. */
export function tag(text: string): string {
  return text
    .toLowerCase()
    .replace(/['’]|\(.*?\)/g, '')
    .replace(/&/g, ' and ')
    .replace(/[^\p{L}\p{N}-]+/gu, ' ')
    .trim()
}

export function tags(texts: readonly string[]): string[] {
  return [...new Set(texts.map(tag).filter((word) => word.length > 1))].slice(0, 10)
}

/** A number in [0, 1) that depends on nothing but the text, so that every build is the same. */
export function chance(text: string): number {
  let hash = 2166136261
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507)
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
