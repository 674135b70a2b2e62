import { assertBindable } from '../values.ts'

/** How many bytes of UTF-8 a UTF-16 unit takes at the most. */
const bytesPerUnitMax = 3

/**
 * Messages to the server, one behind the other in one piece, which is written to the socket at
 * once. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class Messages {
  #buffer = Buffer.allocUnsafe(4_096)
  #length = 0

  /** Prepares and describes a statement, in place of another of that name if there is one. */
  prepare(name: string, sql: string): void {
    this.#whole(() => {
      this.#message('C').#text('S').#cstring(name).#finish()
      this.#message('P').#cstring(name).#cstring(sql).#int16(0).#finish()
      this.#message('D').#text('S').#cstring(name).#finish()
    })
  }

  /** Runs a prepared statement. Throws for what cannot be a parameter. */
  execute(name: string, params: readonly unknown[]): void {
    assertBindable(params)
    this.#whole(() => {
      this.#message('B').#cstring('').#cstring(name)
      // Parameters and answers are text.
      this.#int16(0).#int16(params.length)
      for (const value of params) this.#value(value)
      this.#int16(0).#finish()
      this.#message('E').#cstring('').#int32(0).#finish()
    })
  }

  /** Ends what belongs together: after an error the server skips everything up to here. */
  sync(): void {
    this.#message('S').#finish()
  }

  /** What was added since the last time. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  /** What cannot be written as a whole is not there. */
  #whole(write: () => void): void {
    const length = this.#length
    try {
      write()
    } catch (error) {
      this.#length = length
      throw error
    }
  }

  /** Where the message began that is being written, to fill in its length. */
  #start = 0

  #message(code: string): this {
    this.#start = this.#length + 1
    return this.#text(code).#int32(0)
  }

  #finish(): void {
    this.#buffer.writeInt32BE(this.#length - this.#start, this.#start)
  }

  #value(value: unknown): void {
    if (value === null) {
      this.#int32(-1)
      return
    }
    const start = this.#length
    this.#int32(0).#text(textOf(value))
    this.#buffer.writeInt32BE(this.#length - start - 4, start)
  }

  #int16(value: number): this {
    this.#reserve(2)
    this.#length = this.#buffer.writeUInt16BE(value, this.#length)
    return this
  }

  #int32(value: number): this {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
    return this
  }

  #cstring(text: string): this {
    this.#text(text).#reserve(1)
    this.#length = this.#buffer.writeUInt8(0, this.#length)
    return this
  }

  #text(text: string): this {
    this.#reserve(text.length * bytesPerUnitMax)
    this.#length += this.#buffer.write(text, this.#length)
    return this
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
    return String(value)
  }
  throw new TypeError(`a statement parameter is a value of type ${typeof value}`)
}
