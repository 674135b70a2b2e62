/** Text that may stand in an HTML document as it is. Made only by `html`. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type HtmlValue = string | number | Html | readonly Html[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A template for HTML: whatever is put into it is text, and escaped so that it can neither end an
 * element nor a quoted attribute; only what another `html` has made is taken as it is. Attributes
 * must be quoted, and addresses in them checked by whoever puts them there.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const text = parts.map((part, index) => part + textOf(values[index] ?? ''))
  return new Html(text.join(''))
}

function textOf(value: HtmlValue): string {
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('')
  return String(value).replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}
