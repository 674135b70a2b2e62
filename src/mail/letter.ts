import { html, type Html } from '../core/html.ts'

/** A letter by its content alone; `render` gives it its two forms. Holds plain text everywhere. */
export interface Letter {
  readonly subject: string
  readonly blocks: readonly Block[]
}

/** A paragraph, a link to follow, or lines of two columns of which the last is the sum. */
export type Block = string | Link | Table

export interface Link {
  readonly label: string
  /** Absolute, http or https. */
  readonly url: string
}

export interface Table {
  readonly rows: readonly (readonly [left: string, right: string])[]
}

/** Who writes. */
export interface Store {
  readonly name: string
  /** Without a slash at the end. */
  readonly url: string
}

export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** An absolute address in the store: a path from its root, and what the query says. */
export function storeUrl(
  { url }: Store,
  path: `/${string}`,
  query: Readonly<Record<string, string>> = {},
): string {
  const search = new URLSearchParams(query).toString()
  return `${url}${path}${search === '' ? '' : `?${search}`}`
}

/**
 * The letter as plain text and as HTML, with the store's name above and below. All text that goes
 * in is made harmless here, in one place: one line each, no control or direction-changing
 * characters (which could make a link look like another), and escaped in the HTML.
 */
export function render({ subject, blocks }: Letter, store: Store): MailContent {
  const name = harmless(store.name)
  const title = harmless(subject)
  return {
    subject: title,
    text: [name, ...blocks.map(blockText), `-- \n${name}\n${store.url}`].join('\n\n') + '\n',
    html: page({ title, name, url: checkedUrl(store.url) }, blocks.map(blockHtml)).text,
  }
}

const controls = /[\p{Cc}\u2028\u2029]+/gu
const directions = /[\u202a-\u202e\u2066-\u2069]/g

function harmless(text: string): string {
  return text.toWellFormed().replace(controls, ' ').replace(directions, '').trim()
}

/** Our own mistake if it is not: such an address in a mail would lead nowhere, or run. */
function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url).href
  throw new Error('a mail links to something that is no http address')
}

const widthMax = 72

function blockText(block: Block): string {
  if (typeof block === 'string') return harmless(block)
  if ('url' in block) return `${harmless(block.label)}:\n${checkedUrl(block.url)}`
  return block.rows.map(rowText).join('\n')
}

function rowText([left, right]: Table['rows'][number]): string {
  const [start, end] = [harmless(left), harmless(right)]
  return `${start.padEnd(widthMax - end.length - 2)}  ${end}`
}

function blockHtml(block: Block): Html {
  if (typeof block === 'string') return html`<p dir="auto">${harmless(block)}</p>`
  if ('url' in block) return linkHtml(block)
  return html`<table style="${tableStyle}">
    ${block.rows.map(rowHtml)}
  </table>`
}

function rowHtml([left, right]: Table['rows'][number]): Html {
  return html`<tr>
    <td dir="auto" style="${cellStyle}">${harmless(left)}</td>
    <td style="${cellStyle};text-align:right;white-space:nowrap">${harmless(right)}</td>
  </tr> `
}

/** The address is shown too: not every mail program makes it a button. */
function linkHtml({ label, url }: Link): Html {
  const address = checkedUrl(url)
  return html`<p><a href="${address}" style="${buttonStyle}">${harmless(label)}</a></p>
    <p style="${smallStyle}">${address}</p>`
}

// Mail programs drop style sheets: every element carries its own.
const bodyStyle =
  'margin:0;padding:24px 16px;background:#f4f4f5;color:#18181b;' +
  'font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif'
const cardStyle = 'max-width:560px;margin:0 auto;padding:24px;background:#fff;border-radius:8px'
const tableStyle = 'width:100%;margin:16px 0;border-collapse:collapse'
const cellStyle = 'padding:6px 8px 6px 0;border-bottom:1px solid #e4e4e7;text-align:start'
const smallStyle = 'font-size:13px;color:#52525b;word-break:break-all'
const buttonStyle =
  'display:inline-block;padding:12px 20px;background:#18181b;color:#fff;border-radius:6px;' +
  'text-decoration:none'

interface Frame {
  readonly title: string
  readonly name: string
  readonly url: string
}

function page({ title, name, url }: Frame, content: readonly Html[]): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>${title}</title>
      </head>
      <body style="${bodyStyle}">
        <div style="${cardStyle}">
          <p style="font-weight:600">${name}</p>
          ${content.map((part) => html`${part} `)}
          <p style="${smallStyle}">${name} · ${url}</p>
        </div>
      </body>
    </html> `
}
