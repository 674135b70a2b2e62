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
  pend: 'pending_payment',
  place: 'placed',
  paid: 'paid',
  proc: 'processing',
  part: 'partially_shipped',
  ship: 'shipped',
  deliv: 'delivered',
  canc: 'cancelled',
  refd: 'refunded',
  retd: 'returned',
}
const refusals: Readonly<Record<string, string>> = {
  '-': 'FORBIDDEN',
  due: 'PAYMENT_PENDING',
  late: 'ORDER_IN_PROCESS',
  early: 'ORDER_NOT_SHIPPED',
  gone: 'ORDER_SHIPPED',
  over: 'ORDER_CLOSED',
}

/** What comes of every action in every state; `=`: allowed, and the order stays as it is. */
const tables: Readonly<Record<Party, string>> = {
  staff: `
  action                 pend  place  paid   proc   part   ship   deliv  canc  refd  retd
  place                  -     -      -      -      -      -      -      -     -     -
  pay                    due   paid   =      =      =      =      =      over  over  over
  fail                   -     -      -      -      -      -      -      -     -     -
  start                  due   proc   proc   late   gone   gone   gone   over  over  over
  cancel                 due   canc   canc   canc   gone   gone   gone   over  over  over
  cancel_part            due   =      =      =      =      gone   gone   over  over  over
  cancel_rest            due   early  early  early  ship   gone   gone   over  over  over
  cancel_rest_delivered  due   early  early  early  deliv  gone   gone   over  over  over
  cancel_rest_returned   due   early  early  early  retd   gone   gone   over  over  over
  edit                   due   =      =      =      gone   gone   gone   over  over  over
  edit_owing             due   =      place  =      gone   gone   gone   over  over  over
  pack                   due   proc   proc   =      =      gone   gone   over  over  over
  unpack                 due   early  early  =      =      gone   gone   over  over  over
  ship_part              due   early  early  part   =      gone   gone   over  over  over
  ship_rest              due   early  early  ship   ship   gone   gone   over  over  over
  deliver_part           due   early  early  early  =      =      gone   over  over  over
  deliver_rest           due   early  early  early  early  deliv  gone   over  over  over
  request_return         due   early  early  early  =      =      =      over  over  over
  decide_return          due   early  early  early  =      =      =      over  =     over
  return_part            due   early  early  early  =      =      =      over  =     over
  return_rest            due   early  early  early  early  retd   retd   over  over  over
  exchange               due   early  early  early  =      part   part   over  over  over
  refund_part            due   =      =      =      =      =      =      over  over  =
  refund_rest            due   =      =      =      =      refd   refd   over  over  =
  `,
  customer: `
  action                 pend  place  paid   proc   part  ship  deliv  canc  refd  retd
  place                  -     -      -      -      -     -     -      -     -     -
  pay                    -     -      -      -      -     -     -      -     -     -
  fail                   -     -      -      -      -     -     -      -     -     -
  start                  -     -      -      -      -     -     -      -     -     -
  cancel                 due   canc   canc   late   gone  gone  gone   over  over  over
  cancel_part            -     -      -      -      -     -     -      -     -     -
  cancel_rest            -     -      -      -      -     -     -      -     -     -
  cancel_rest_delivered  -     -      -      -      -     -     -      -     -     -
  cancel_rest_returned   -     -      -      -      -     -     -      -     -     -
  edit                   -     -      -      -      -     -     -      -     -     -
  edit_owing             -     -      -      -      -     -     -      -     -     -
  pack                   -     -      -      -      -     -     -      -     -     -
  unpack                 -     -      -      -      -     -     -      -     -     -
  ship_part              -     -      -      -      -     -     -      -     -     -
  ship_rest              -     -      -      -      -     -     -      -     -     -
  deliver_part           -     -      -      -      -     -     -      -     -     -
  deliver_rest           -     -      -      -      -     -     -      -     -     -
  request_return         due   early  early  early  =     =     =      over  over  over
  decide_return          due   early  early  early  =     =     =      over  =     over
  return_part            -     -      -      -      -     -     -      -     -     -
  return_rest            -     -      -      -      -     -     -      -     -     -
  exchange               -     -      -      -      -     -     -      -     -     -
  refund_part            -     -      -      -      -     -     -      -     -     -
  refund_rest            -     -      -      -      -     -     -      -     -     -
  `,
  system: `
  action                 pend   place  paid   proc   part   ship   deliv  canc  refd  retd
  place                  place  late   late   late   gone   gone   gone   over  over  over
  pay                    paid   paid   =      =      =      =      =      over  over  over
  fail                   canc   late   late   late   gone   gone   gone   over  over  over
  start                  due    proc   proc   late   gone   gone   gone   over  over  over
  cancel                 due    canc   canc   canc   gone   gone   gone   over  over  over
  cancel_part            due    =      =      =      =      gone   gone   over  over  over
  cancel_rest            due    early  early  early  ship   gone   gone   over  over  over
  cancel_rest_delivered  due    early  early  early  deliv  gone   gone   over  over  over
  cancel_rest_returned   due    early  early  early  retd   gone   gone   over  over  over
  edit                   due    =      =      =      gone   gone   gone   over  over  over
  edit_owing             due    =      place  =      gone   gone   gone   over  over  over
  pack                   due    proc   proc   =      =      gone   gone   over  over  over
  unpack                 due    early  early  =      =      gone   gone   over  over  over
  ship_part              due    early  early  part   =      gone   gone   over  over  over
  ship_rest              due    early  early  ship   ship   gone   gone   over  over  over
  deliver_part           due    early  early  early  =      =      gone   over  over  over
  deliver_rest           due    early  early  early  early  deliv  gone   over  over  over
  request_return         due    early  early  early  =      =      =      over  over  over
  decide_return          due    early  early  early  =      =      =      over  =     over
  return_part            due    early  early  early  =      =      =      over  =     over
  return_rest            due    early  early  early  early  retd   retd   over  over  over
  exchange               due    early  early  early  =      part   part   over  over  over
  refund_part            due    =      =      =      =      =      =      over  over  =
  refund_rest            due    =      =      =      =      refd   refd   over  over  =
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
