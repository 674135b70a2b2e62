import { runProvider } from '../run.ts'
import { StripeServer } from './server.ts'
import { Store } from './store.ts'

/** `node test/provider/stripe/main.ts FILE [PORT]`: runs until it is killed; prints its address. */
await runProvider((file) => new StripeServer(new Store(file)))
