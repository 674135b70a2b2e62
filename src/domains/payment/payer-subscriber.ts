import type { QueuedSubscriber } from '../../db/subscriber.ts'
import { forgetPayer } from './cards.ts'

/** Has payment providers forget the cards of whoever has erased their account. */
export const payerSubscriber: QueuedSubscriber = {
  name: 'payers',
  parallelMax: 1,
  wants: ({ drivers }, topic) =>
    topic === 'account.erased' && [...drivers.payment.values()].some(({ cards }) => cards),
  async hear(ctx, { payload }) {
    const { account_id: id } = JSON.parse(payload) as { account_id: string }
    await forgetPayer(ctx, id)
  },
}
