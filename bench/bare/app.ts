import fastify from 'fastify'
import { registerCart } from './cart.ts'
import { registerCatalog, type Bare } from './catalog.ts'
import { registerCheckout } from './checkout.ts'
import { BareDatabase } from './database.ts'

/** What every figure is compared with: Fastify as it comes, and prepared statements. */
export function bareApp({
  file,
  origin,
  secret,
}: {
  readonly file: string
  readonly origin: string
  readonly secret: string
}): Bare {
  const bare = { app: fastify(), database: new BareDatabase(file), origin }
  registerCatalog(bare)
  registerCart(bare)
  registerCheckout(bare, secret)
  return bare
}
