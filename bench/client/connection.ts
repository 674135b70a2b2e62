import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** The head as it came, for whoever needs a header. */
  readonly head: string
  readonly body: Buffer
}

const headEndMark = Buffer.from('\r\n\r\n')
const empty = Buffer.alloc(0)

/**
 * One kept-alive HTTP/1.1 connection that sends a request after the answer to the one before. It
 * understands just what both servers send (a Content-Length each time), which makes it several
 * times cheaper than a general client: on two cores the client must not be what is measured.
 */
export class Connection {
  readonly #socket: Socket
  #received: Buffer = empty
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')))
  }

  static async open(port: number): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(new Connection(socket)))
    socket.once('error', reject)
    return promise
  }

  /** Sends a whole request as text and resolves with its answer. */
  request(text: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting = { resolve, reject }
    this.#socket.write(text)
    return promise
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf(headEndMark)
    if (headEnd < 0) return
    const head = this.#received.toString('latin1', 0, headEnd)
    const bodyStart = headEnd + headEndMark.length
    const bodyEnd = bodyStart + contentLength(head)
    if (this.#received.length < bodyEnd) return
    const body = this.#received.subarray(bodyStart, bodyEnd)
    this.#received = empty
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body })
  }
}

const lengthHeader = 'content-length: '

function contentLength(head: string): number {
  const at = head.indexOf(lengthHeader)
  if (at < 0) throw new Error(`an answer without content-length:\n${head}`)
  return Number.parseInt(head.slice(at + lengthHeader.length, at + lengthHeader.length + 12), 10)
}

/** The text of a GET, with the least that HTTP asks for. */
export const getText = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`

/** The text of a POST of a JSON body. Bodies here are ASCII, so characters are bytes. */
export function postText(path: string, session: string, body: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n` +
    `Session-ID: ${session}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}
