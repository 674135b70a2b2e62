import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Stands between a program and a server, and lets a test break what runs over it. */
export interface Proxy extends AsyncDisposable {
  /** `url` with the proxy's address instead of the server's. */
  through(url: string): string
  /** Ends every connection and refuses new ones. */
  cut(): void
  restore(): void
  /** Lets the request that holds `text` through, and cuts before its answer; once. */
  cutAfter(text: string): void
}

export async function startProxy(serverUrl: string): Promise<Proxy> {
  const { hostname, port } = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let isCut = false
  let fatalText: string | undefined
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      upstream.write(chunk)
      if (fatalText === undefined || !chunk.includes(fatalText)) return
      fatalText = undefined
      client.destroy()
    })
    upstream.on('data', (chunk) => client.write(chunk))
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const closeAll = () => sockets.forEach((socket) => socket.destroy())
  return {
    through(url) {
      const proxied = new URL(url)
      proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
      return proxied.href
    },
    cut() {
      isCut = true
      closeAll()
    },
    restore() {
      isCut = false
    },
    cutAfter(text) {
      fatalText = text
    },
    async [Symbol.asyncDispose]() {
      closeAll()
      server.close()
      await once(server, 'close')
    },
  }
}
