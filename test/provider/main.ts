import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Ledger } from './ledger.ts'
import { ProviderServer } from './server.ts'

/** `node test/provider/main.ts FILE [PORT]`: runs until it is killed; prints its address. */
const [file = '', port = '0'] = process.argv.slice(2)
const { server } = new ProviderServer(new Ledger(file))
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
// An orphan ends with whoever started it.
process.stdin.resume().on('end', () => process.exit())
