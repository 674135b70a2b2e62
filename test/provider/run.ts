import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Runs a provider on the file and port of the command line; prints its address. */
export async function runProvider(
  open: (file: string) => { readonly server: Server },
): Promise<void> {
  const [file = '', port = '0'] = process.argv.slice(2)
  const { server } = open(file)
  server.listen(Number(port), '127.0.0.1')
  await once(server, 'listening')
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
  // An orphan ends with whoever started it.
  process.stdin.resume().on('end', () => process.exit())
}
