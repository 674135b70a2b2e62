import assert from 'node:assert/strict'

/** A message as a mail program shows it; as much of RFC 5322 and MIME as the shop writes. */
export interface ReadMessage {
  /** By lower-case name; a header that comes twice fails the test. */
  readonly headers: ReadonlyMap<string, string>
  readonly text: string
  readonly html: string
}

export function readMessage(raw: string): ReadMessage {
  assert.doesNotMatch(raw, /[^\p{ASCII}]/u, 'only ASCII goes over the wire')
  assert.doesNotMatch(raw, /[^\r]\n|\r[^\n]/, 'lines end with CR LF')
  for (const line of raw.split('\r\n')) assert.ok(line.length <= 998, 'a line is too long')
  const { headers, body } = partOf(raw)
  const boundary = /boundary="?([^";]+)/.exec(headers.get('content-type') ?? '')?.[1]
  assert.match(headers.get('content-type') ?? '', /^multipart\/alternative/)
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => partOf(part.replace(/^\r\n/, '')))
  const types = parts.map((part) => part.headers.get('content-type')?.split(';')[0])
  assert.deepEqual(types, ['text/plain', 'text/html'])
  const [text = '', html = ''] = parts.map(contentOf)
  return { headers, text, html }
}

interface Part {
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

function partOf(raw: string): Part {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([\w-]+): ?(.*)$/.exec(line) ?? []
    assert.ok(name !== '' && !headers.has(name.toLowerCase()), line)
    headers.set(name.toLowerCase(), decodeWords(value))
  }
  return { headers, body: raw.slice(end + 4) }
}

/** RFC 2047 */
function decodeWords(value: string): string {
  const joined = value.replaceAll(/\?=\s+=\?/g, '?==?')
  return joined.replaceAll(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
    kind.toUpperCase() === 'B'
      ? Buffer.from(text, 'base64').toString()
      : decodeQuoted(text.replaceAll('_', ' ')),
  )
}

function decodeQuoted(text: string): string {
  const bytes = text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

function contentOf({ headers, body }: Part): string {
  const encoding = headers.get('content-transfer-encoding')
  if (encoding === 'base64') return newlines(Buffer.from(body, 'base64').toString())
  const text = encoding === 'quoted-printable' ? decodeQuoted(body) : body
  const isFlowed = /format=flowed/.test(headers.get('content-type') ?? '')
  // RFC 3676: a blank at the end of a line means that it goes on; "-- " is the signature's line.
  const joined = isFlowed ? text.replaceAll(/(?<!(?:^|\r\n)--) \r\n/g, ' ') : text
  return newlines(joined)
}

const newlines = (text: string) => text.replaceAll('\r\n', '\n').replace(/\n+$/, '\n')
