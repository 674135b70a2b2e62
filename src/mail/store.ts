import type { Context } from '../context.ts'
import { render, type Letter, type MailContent, type Store } from './letter.ts'

export const storeOf = ({ config }: Context): Store => ({
  name: config.store.name,
  url: config.server.publicUrl,
})

/** A letter of this shop: `write(ctx, resetPassword, { url, validFor })`. */
export function write<D>(
  ctx: Context,
  template: (data: D, store: Store) => Letter,
  data: D,
): MailContent {
  const store = storeOf(ctx)
  return render(template(data, store), store)
}
