export type FormValue = string | { readonly [key: string]: FormValue }
export type Form = Readonly<Record<string, FormValue>>

/** A body as Stripe takes them: `metadata[payment]=1` is a field of a field. */
export function readForm(text: string): Form {
  const form: Record<string, FormValue> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split('[').map((part) => part.replace(/\]$/, ''))
    put(form, path, value)
  }
  return form
}

function put(form: Record<string, FormValue>, [name = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    form[name] = value
    return
  }
  const inner = form[name]
  const group: Record<string, FormValue> = typeof inner === 'object' ? { ...inner } : {}
  put(group, rest, value)
  form[name] = group
}

export const textOf = (form: Form, name: string): string | undefined => {
  const value = form[name]
  return typeof value === 'string' ? value : undefined
}

export function groupOf(form: Form, name: string): Record<string, string> {
  const value = form[name]
  if (typeof value !== 'object') return {}
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, String(inner)]))
}
