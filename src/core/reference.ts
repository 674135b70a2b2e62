const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const shortNumber = /^[1-9][0-9]{0,14}$/

/**
 * How a caller named an entity. What is neither UUID nor number is a slug, which nobody may have.
 */
export type Reference =
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'number'; readonly number: number }
  | { readonly by: 'slug'; readonly slug: string }

export function referenceOf(text: string): Reference {
  if (uuid.test(text)) return { by: 'id', id: text.toLowerCase() }
  if (shortNumber.test(text)) return { by: 'number', number: Number(text) }
  return { by: 'slug', slug: text }
}
