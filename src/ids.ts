import { randomUUIDv7 } from 'node:crypto'

const tailStart = 24
const tailSize = 2 ** 48

/**
 * UUIDv7 that sort by creation within one millisecond too (RFC 9562 §6.2, method 2): Node fills
 * what follows the time by chance, and what happens in one transaction happens in one millisecond.
 */
export function uuidSource(): () => string {
  let last = ''
  return () => {
    const fresh = randomUUIDv7()
    last = fresh > last ? fresh : successorOf(last)
    return last
  }
}

function successorOf(id: string): string {
  const tail = (Number.parseInt(id.slice(tailStart), 16) + 1) % tailSize
  return id.slice(0, tailStart) + tail.toString(16).padStart(12, '0')
}
