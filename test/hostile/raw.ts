import { connect } from 'node:net'
import type { Heard } from './verdict.ts'

/** As the last piece: the client says that nothing more will come. */
export const hangUp = Symbol('hang up')

type Piece = string | Uint8Array | typeof hangUp

/**
 * Writes bytes to the server as they are and listens until it hangs up. Status 0: it hung up
 * without a word. The pieces are sent one after another, each when the one before has left.
 */
export async function exchange(url: string, ...pieces: readonly Piece[]): Promise<Heard> {
  const { hostname, port } = new URL(url)
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  const socket = connect(Number(port), hostname)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A server that refuses early hangs up while we are still sending.
  socket.on('error', () => resolve(Buffer.concat(chunks)))
  socket.on('close', () => resolve(Buffer.concat(chunks)))
  socket.on('connect', () => {
    const left = [...pieces]
    const sendNext = () => {
      const piece = left.shift()
      if (piece === hangUp) socket.end()
      else if (piece !== undefined) socket.write(piece, () => setImmediate(sendNext))
    }
    sendNext()
  })
  return heardFrom(await promise)
}

function heardFrom(bytes: Buffer): Heard {
  // The server may first say that it will listen.
  const all = bytes.toString('utf8').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(all)?.[1] ?? 0)
  const [head = '', ...rest] = all.split('\r\n\r\n')
  const header = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim()
  const body = Buffer.from(rest.join('\r\n\r\n'))
  const length = header('content-length')
  const text = length === undefined ? body : body.subarray(0, Number(length))
  // A second answer on the same connection must not be a failure either.
  const anyFailure = /HTTP\/1\.[01] (5\d\d)/.exec(all)?.[1]
  return {
    status: Number(anyFailure ?? status),
    text: text.toString('utf8'),
    contentType: header('content-type') ?? '',
  }
}

export interface RawRequest {
  readonly method?: string
  readonly target: string
  readonly headers?: readonly (readonly [string, string | Uint8Array])[]
  readonly body?: string | Uint8Array
}

/** A request with every byte as given: no client library refuses or repairs it. */
export function rawRequest({ method = 'GET', target, headers = [], body }: RawRequest): Buffer {
  const content = body === undefined ? undefined : Buffer.from(body)
  const lines: readonly (readonly [string, string | Uint8Array])[] = [
    ['Host', '127.0.0.1'],
    ['Connection', 'close'],
    ...(content ? ([['Content-Length', String(content.length)]] as const) : []),
    ...headers,
  ]
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n`),
    ...lines.flatMap(([name, value]) => [
      Buffer.from(`${name}: `),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('\r\n'),
    content ?? Buffer.alloc(0),
  ])
}
