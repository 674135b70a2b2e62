import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands before a server and makes it as slow as it is told to. */
export interface SlowProxy extends AsyncDisposable {
  /** `url` with the proxy's address instead of the server's. */
  through(url: string): string
  /** Every piece of an answer waits so long; `Infinity`: no answer comes at all. */
  slowDown(delayMs: number): void
}

export async function startSlowProxy(serverUrl: string): Promise<SlowProxy> {
  const { hostname, port } = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let delayMs = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.pipe(upstream)
    const later = inOrder(() => delayMs)
    upstream.on('data', (chunk) => later(() => client.write(chunk)))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    through(url) {
      const proxied = new URL(url)
      proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
      return proxied.href
    },
    slowDown(ms) {
      delayMs = ms
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Runs what it is given after the delay of the moment, and never before what came earlier. */
function inOrder(delayMs: () => number): (work: () => void) => void {
  let last = 0
  return (work) => {
    const ms = delayMs()
    if (ms === Infinity) return
    last = Math.max(last, performance.now() + ms)
    setTimeout(work, Math.max(0, last - performance.now()))
  }
}
