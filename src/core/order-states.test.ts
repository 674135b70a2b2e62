import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  isAllCancelled,
  isAllReturned,
  isAllShipped,
  isCounting,
  mayDo,
  nextState,
  openQuantity,
  orderActions,
  orderStates,
  returnsUntil,
  type LineProgress,
  type OrderAction,
  type OrderState,
  type Party,
} from './order-states.ts'
import { tableRows } from './testing.ts'

/** How the tables write states and refusals, so that a row fits on a line. */
const states: Readonly<Record<string, OrderState>> = {
  pending: 'pending_payment',
  placed: 'placed',
  paid: 'paid',
  process: 'processing',
  partly: 'partially_shipped',
  shipped: 'shipped',
  deliver: 'delivered',
  cancel: 'cancelled',
  refund: 'refunded',
  return: 'returned',
}
const refusals: Readonly<Record<string, string>> = {
  never: 'FORBIDDEN',
  unpaid: 'PAYMENT_PENDING',
  late: 'ORDER_IN_PROCESS',
  early: 'ORDER_NOT_SHIPPED',
  gone: 'ORDER_SHIPPED',
  over: 'ORDER_CLOSED',
}

/** What comes of every action in every state; `=`: allowed, and the order stays as it is. */
const tables: Readonly<Record<Party, string>> = {
  staff: `
  action                 pending  placed   paid     process  partly   shipped  deliver  cancel  refund  return
  place                  never    never    never    never    never    never    never    never   never   never
  pay                    unpaid   paid     =        =        =        =        =        over    over    over
  fail                   never    never    never    never    never    never    never    never   never   never
  start                  unpaid   process  process  late     gone     gone     gone     over    over    over
  cancel                 unpaid   cancel   cancel   cancel   gone     gone     gone     over    over    over
  cancel_part            unpaid   =        =        =        =        gone     gone     over    over    over
  cancel_rest            unpaid   early    early    early    shipped  gone     gone     over    over    over
  cancel_rest_delivered  unpaid   early    early    early    deliver  gone     gone     over    over    over
  cancel_rest_returned   unpaid   early    early    early    return   gone     gone     over    over    over
  edit                   unpaid   =        =        =        gone     gone     gone     over    over    over
  edit_owing  unpaid  =  placed  =  gone  gone  gone  over  over  over
  pack                   unpaid   process  process  =        =        gone     gone     over    over    over
  unpack                 unpaid   early    early    =        =        gone     gone     over    over    over
  ship_part              unpaid   early    early    partly   =        gone     gone     over    over    over
  ship_rest              unpaid   early    early    shipped  shipped  gone     gone     over    over    over
  deliver_part           unpaid   early    early    early    =        =        gone     over    over    over
  deliver_rest           unpaid   early    early    early    early    deliver  gone     over    over    over
  request_return         unpaid   early    early    early    =        =        =        over    over    over
  decide_return          unpaid   early    early    early    =        =        =        over    =       over
  return_part            unpaid   early    early    early    =        =        =        over    =       over
  return_rest            unpaid   early    early    early    early    return   return   over    over    over
  exchange               unpaid   early    early    early    =        partly   partly   over    over    over
  refund_part            unpaid   =        =        =        =        =        =        over    over    =
  refund_rest            unpaid   =        =        =        =        refund   refund   over    over    =
  `,
  customer: `
  action                 pending  placed  paid    process  partly  shipped  deliver  cancel  refund  return
  place                  never    never   never   never    never   never    never    never   never   never
  pay                    never    never   never   never    never   never    never    never   never   never
  fail                   never    never   never   never    never   never    never    never   never   never
  start                  never    never   never   never    never   never    never    never   never   never
  cancel                 unpaid   cancel  cancel  late     gone    gone     gone     over    over    over
  cancel_part            never    never   never   never    never   never    never    never   never   never
  cancel_rest            never    never   never   never    never   never    never    never   never   never
  cancel_rest_delivered  never    never   never   never    never   never    never    never   never   never
  cancel_rest_returned   never    never   never   never    never   never    never    never   never   never
  edit                   never    never   never   never    never   never    never    never   never   never
  edit_owing  never  never  never  never  never  never  never  never  never  never
  pack                   never    never   never   never    never   never    never    never   never   never
  unpack                 never    never   never   never    never   never    never    never   never   never
  ship_part              never    never   never   never    never   never    never    never   never   never
  ship_rest              never    never   never   never    never   never    never    never   never   never
  deliver_part           never    never   never   never    never   never    never    never   never   never
  deliver_rest           never    never   never   never    never   never    never    never   never   never
  request_return         unpaid   early   early   early    =       =        =        over    over    over
  decide_return          unpaid   early   early   early    =       =        =        over    =       over
  return_part            never    never   never   never    never   never    never    never   never   never
  return_rest            never    never   never   never    never   never    never    never   never   never
  exchange               never    never   never   never    never   never    never    never   never   never
  refund_part            never    never   never   never    never   never    never    never   never   never
  refund_rest            never    never   never   never    never   never    never    never   never   never
  `,
  system: `
  action                 pending  placed   paid     process  partly   shipped  deliver  cancel  refund  return
  place                  placed   late     late     late     gone     gone     gone     over    over    over
  pay                    paid     paid     =        =        =        =        =        over    over    over
  fail                   cancel   late     late     late     gone     gone     gone     over    over    over
  start                  unpaid   process  process  late     gone     gone     gone     over    over    over
  cancel                 unpaid   cancel   cancel   cancel   gone     gone     gone     over    over    over
  cancel_part            unpaid   =        =        =        =        gone     gone     over    over    over
  cancel_rest            unpaid   early    early    early    shipped  gone     gone     over    over    over
  cancel_rest_delivered  unpaid   early    early    early    deliver  gone     gone     over    over    over
  cancel_rest_returned   unpaid   early    early    early    return   gone     gone     over    over    over
  edit                   unpaid   =        =        =        gone     gone     gone     over    over    over
  edit_owing  unpaid  =  placed  =  gone  gone  gone  over  over  over
  pack                   unpaid   process  process  =        =        gone     gone     over    over    over
  unpack                 unpaid   early    early    =        =        gone     gone     over    over    over
  ship_part              unpaid   early    early    partly   =        gone     gone     over    over    over
  ship_rest              unpaid   early    early    shipped  shipped  gone     gone     over    over    over
  deliver_part           unpaid   early    early    early    =        =        gone     over    over    over
  deliver_rest           unpaid   early    early    early    early    deliver  gone     over    over    over
  request_return         unpaid   early    early    early    =        =        =        over    over    over
  decide_return          unpaid   early    early    early    =        =        =        over    =       over
  return_part            unpaid   early    early    early    =        =        =        over    =       over
  return_rest            unpaid   early    early    early    early    return   return   over    over    over
  exchange               unpaid   early    early    early    =        partly   partly   over    over    over
  refund_part            unpaid   =        =        =        =        =        =        over    over    =
  refund_rest            unpaid   =        =        =        =        refund   refund   over    over    =
  `,
}

const codes = Object.keys(states)

for (const [party, text] of Object.entries(tables) as [Party, string][]) {
  describe(`what ${party} may do`, () => {
    const rows = tableRows(text)
    for (const [action = '', ...cells] of rows) {
      test(`${action}, in each state`, () => {
        assert.equal(cells.length, orderStates.length)
        for (const [index, cell] of cells.entries()) {
          const state = states[codes[index] ?? ''] ?? 'placed'
          const expected =
            cell in refusals
              ? { refusal: refusals[cell] }
              : { state: cell === '=' ? state : states[cell] }
          assert.deepEqual(nextState(state, action as OrderAction, party), expected, state)
          assert.equal(mayDo(state, action as OrderAction, party), 'state' in expected)
        }
      })
    }

    test('and the table leaves no action out', () => {
      assert.deepEqual(
        rows.map(([action]) => action),
        Object.keys(orderActions),
      )
    })
  })
}

describe('the table of states', () => {
  test('every state can be reached from the first', () => {
    const reached = new Set<OrderState>(['pending_payment'])
    for (const state of reached) {
      for (const action of Object.keys(orderActions) as OrderAction[]) {
        const next = nextState(state, action, 'system')
        if ('state' in next) reached.add(next.state)
      }
    }
    assert.deepEqual([...reached].toSorted(), [...orderStates].toSorted())
  })

  test('nothing leads out of an end, and nothing back to before the payment', () => {
    for (const state of orderStates) {
      for (const action of Object.keys(orderActions) as OrderAction[]) {
        const next = nextState(state, action, 'system')
        if (!('state' in next)) continue
        const isEnd = ['cancelled', 'refunded', 'returned'].includes(state)
        if (isEnd) assert.equal(next.state, state, action)
        if (state !== 'pending_payment') assert.notEqual(next.state, 'pending_payment')
      }
    }
  })

  test('an order counts from its payment or promise on, unless it is cancelled', () => {
    assert.deepEqual(
      orderStates.filter((state) => !isCounting(state)),
      ['pending_payment', 'cancelled'],
    )
  })
})

const progress = fc
  .record({
    quantity: fc.integer({ min: 1, max: 9 }),
    kind: fc.constantFrom('physical', 'digital'),
  })
  .chain(({ quantity, kind }) =>
    fc
      .tuple(...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: quantity })))
      .map(([one = 0, two = 0, three = 0]): LineProgress => {
        const fulfilled = Math.min(one, quantity)
        const shipped = Math.min(two, fulfilled)
        return {
          ...{ quantity, kind, cancelled_quantity: quantity - Math.max(one, two) },
          ...{ fulfilled_quantity: fulfilled, shipped_quantity: shipped },
          returned_quantity: Math.min(three, shipped),
        }
      }),
  )

describe('the pieces of an order', () => {
  test('are open, packed or cancelled, and each only one of these', () => {
    fc.assert(
      fc.property(progress, (line) => {
        const { quantity, cancelled_quantity, fulfilled_quantity } = line
        const open = openQuantity(line)
        assert.equal(open + cancelled_quantity + fulfilled_quantity, quantity)
        assert.ok(open >= 0)
      }),
    )
  })

  test('are all shipped when none that is to be sent is open or packed', () => {
    fc.assert(
      fc.property(fc.array(progress, { minLength: 1 }), (lines) => {
        const left = lines
          .filter(({ kind }) => kind === 'physical')
          .map((line) => line.quantity - line.cancelled_quantity - line.shipped_quantity)
        assert.equal(
          isAllShipped(lines),
          left.every((count) => count === 0),
        )
        if (isAllCancelled(lines)) assert.ok(isAllShipped(lines) && isAllReturned(lines))
      }),
    )
  })

  test('may be sent back until the time for it is over', () => {
    assert.equal(returnsUntil(1_000, 500), 1_500)
    assert.equal(returnsUntil(1_000, undefined), undefined)
  })
})
