import { words } from './words.ts'

const nameLengthMax = 200
const cut = (text: string): string => [...text].slice(0, nameLengthMax).join('')

/** An e-mail address as orders are searched by it. */
export const emailKey = (email: string): string => email.trim().toLowerCase()

/** The name of a recipient as orders are searched by it: the last word, then those before it. */
export function nameKey(name: string): string {
  const all = words(name)
  return cut([all.at(-1) ?? '', ...all.slice(0, -1)].join(' ').trim())
}

/** How the keys of the names may begin that `text` asks for: as it stands, or last word first. */
export function nameBeginnings(text: string): string[] {
  const all = words(text)
  return all.length === 0 ? [] : [...new Set([cut(all.join(' ')), nameKey(text)])]
}

/** The end of the range of all texts that begin with `text`: what no text begins with. */
export const endOfPrefix = (text: string): string => `${text}\u{10FFFF}`
