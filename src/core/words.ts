const marks = /\p{M}+/gu
const separators = /[^\p{L}\p{N}]+/u
/** Longer words are cut: nobody types more, and MySQL indexes at most 84 characters. */
const wordLengthMax = 40
const queryWordsMax = 10
const slugLengthMax = 100

/**
 * Text as search sees it: lower case, without accents, letters and digits only. The same function
 * prepares what is indexed and what is asked, on every database, so all give the same answers.
 */
export function words(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(marks, '')
    .toLowerCase()
    .split(separators)
    .filter((word) => word !== '')
    .map((word) => cut(word, wordLengthMax))
}

/** The first characters of a text: a plain slice could leave half of one. */
function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : [...text].slice(0, lengthMax).join('')
}

/** The distinct words of a query; an empty list means that there is nothing to search for. */
export function queryWords(text: string): string[] {
  return [...new Set(words(text))].slice(0, queryWordsMax)
}

/** A readable address part: "Crème Brûlée, 2 pcs" becomes "creme-brulee-2-pcs". */
export function slugify(text: string): string {
  return cut(words(text).join('-'), slugLengthMax).replace(/-+$/, '')
}
