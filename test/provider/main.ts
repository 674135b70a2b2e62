import { Ledger } from './ledger.ts'
import { runProvider } from './run.ts'
import { ProviderServer } from './server.ts'

/** `node test/provider/main.ts FILE [PORT]`: runs until it is killed; prints its address. */
await runProvider((file) => new ProviderServer(new Ledger(file)))
