/** Every state an order can be in, from first to last; the last three are ends. */
export const orderStates = [
  'pending_payment',
  'placed',
  'paid',
  'processing',
  'partially_shipped',
  'shipped',
  'delivered',
  'cancelled',
  'refunded',
  'returned',
] as const

export type OrderState = (typeof orderStates)[number]

/** Who asks for something: whoever bought, somebody of the shop, or the shop by itself. */
export type Party = 'customer' | 'staff' | 'system'

/** Why an order cannot do what is asked: a code of the catalogue of errors. */
export type OrderRefusal =
  | 'FORBIDDEN'
  | 'PAYMENT_PENDING'
  | 'ORDER_IN_PROCESS'
  | 'ORDER_NOT_SHIPPED'
  | 'ORDER_SHIPPED'
  | 'ORDER_CLOSED'

interface Step {
  readonly to: OrderState
  readonly by: readonly Party[]
}

type Steps = Readonly<Partial<Record<OrderState, Step>>>

const to = (state: OrderState, by: readonly Party[]): Step => ({ to: state, by })
const shop: readonly Party[] = ['staff', 'system']
const anyone: readonly Party[] = ['customer', 'staff', 'system']

/** Steps that leave an order in the state it has. */
const stay = (states: readonly OrderState[], by: readonly Party[]): Steps =>
  Object.fromEntries(states.map((state) => [state, to(state, by)]))

const unshipped = ['placed', 'paid', 'processing'] as const
const underWay = ['partially_shipped', 'shipped', 'delivered'] as const

/**
 * The life of an order: for each action the states in which it may be done, by whom, and the state
 * after it. What is not here is refused. `…_part` leaves something of its kind to do, `…_rest` does
 * the last of it; which of the two it is, the quantities of the lines tell.
 */
export const orderActions = {
  /** The order counts; its money comes later. */
  place: { pending_payment: to('placed', ['system']) },
  /** Money has come; goods may be on their way before it does. */
  pay: {
    pending_payment: to('paid', ['system']),
    placed: to('paid', shop),
    ...stay(['paid', 'processing', ...underWay], shop),
  },
  /** No money will come. */
  fail: { pending_payment: to('cancelled', ['system']) },
  /** Somebody begins to put it together: from here on only the shop can cancel it. */
  start: { placed: to('processing', shop), paid: to('processing', shop) },
  cancel: {
    placed: to('cancelled', anyone),
    paid: to('cancelled', anyone),
    processing: to('cancelled', shop),
  },
  cancel_part: stay([...unshipped, 'partially_shipped'], shop),
  /** What has not been shipped is cancelled, and the order thereby shipped, … */
  cancel_rest: { partially_shipped: to('shipped', shop) },
  /** … or delivered, since what was shipped has arrived, … */
  cancel_rest_delivered: { partially_shipped: to('delivered', shop) },
  /** … or returned, since what was shipped has come back. */
  cancel_rest_returned: { partially_shipped: to('returned', shop) },
  /** Articles are added, or it goes elsewhere or otherwise. */
  edit: stay(unshipped, shop),
  /** The same, and not all of its money is here any more. */
  edit_owing: { ...stay(['placed', 'processing'], shop), paid: to('placed', shop) },
  /** A parcel is made up of some of its goods. */
  pack: {
    placed: to('processing', shop),
    paid: to('processing', shop),
    ...stay(['processing', 'partially_shipped'], shop),
  },
  /** A parcel that has not left is undone. */
  unpack: stay(['processing', 'partially_shipped'], shop),
  ship_part: {
    processing: to('partially_shipped', shop),
    ...stay(['partially_shipped'], shop),
  },
  ship_rest: { processing: to('shipped', shop), partially_shipped: to('shipped', shop) },
  deliver_part: stay(['partially_shipped', 'shipped'], shop),
  deliver_rest: { shipped: to('delivered', shop) },
  request_return: stay(underWay, anyone),
  /** A return is approved or refused, or withdrawn by its customer. */
  decide_return: stay([...underWay, 'refunded'], anyone),
  return_part: stay([...underWay, 'refunded'], shop),
  return_rest: { shipped: to('returned', shop), delivered: to('returned', shop) },
  /** In exchange for what came back other goods go out. */
  exchange: Object.fromEntries(
    underWay.map((state) => [state, to('partially_shipped', shop)]),
  ) as Steps,
  /** Money is given back without goods: some of it, or the last of it. */
  refund_part: stay([...unshipped, ...underWay, 'returned'], shop),
  refund_rest: {
    ...stay([...unshipped, 'partially_shipped', 'returned'], shop),
    shipped: to('refunded', shop),
    delivered: to('refunded', shop),
  },
} as const satisfies Readonly<Record<string, Steps>>

export type OrderAction = keyof typeof orderActions

const ends: readonly OrderState[] = ['cancelled', 'refunded', 'returned']

/** Whether an order counts as sold. */
export function isCounting(state: OrderState): boolean {
  return state !== 'pending_payment' && state !== 'cancelled'
}

/** How far an order has come; the ends are beyond all. */
const rankOf = (state: OrderState): number => orderStates.indexOf(state)

/**
 * The state after an action, or why it is refused. Checked in this order: whether the party does
 * such things at all, whether the order is in a state for it, whether the party may in this state.
 */
export function nextState(
  state: OrderState,
  action: OrderAction,
  party: Party,
): { readonly state: OrderState } | { readonly refusal: OrderRefusal } {
  const steps: Steps = orderActions[action]
  const all = Object.values(steps)
  if (!all.some(({ by }) => by.includes(party))) return { refusal: 'FORBIDDEN' }
  const step = steps[state]
  if (!step) return { refusal: refusalOf(state, Object.keys(steps) as OrderState[]) }
  if (!step.by.includes(party)) return { refusal: tooLate(state) }
  return { state: step.to }
}

const tooLate = (state: OrderState): OrderRefusal =>
  state === 'pending_payment' ? 'PAYMENT_PENDING' : 'ORDER_IN_PROCESS'

function refusalOf(state: OrderState, allowed: readonly OrderState[]): OrderRefusal {
  if (state === 'pending_payment') return 'PAYMENT_PENDING'
  if (ends.includes(state)) return 'ORDER_CLOSED'
  const isTooEarly = allowed.every((other) => rankOf(other) > rankOf(state))
  if (isTooEarly) return 'ORDER_NOT_SHIPPED'
  return rankOf(state) >= rankOf('partially_shipped') ? 'ORDER_SHIPPED' : 'ORDER_IN_PROCESS'
}

/** Whether an order would refuse this now, for links that say what may be done next. */
export function mayDo(state: OrderState, action: OrderAction, party: Party): boolean {
  return 'state' in nextState(state, action, party)
}

/** What has happened to the pieces of a line. */
export interface LineProgress {
  readonly quantity: number
  readonly cancelled_quantity: number
  /** In parcels, whether they have left or not. */
  readonly fulfilled_quantity: number
  readonly shipped_quantity: number
  readonly returned_quantity: number
  /** Only physical goods are sent. */
  readonly kind: string
}

/** What of a line is in no parcel and not cancelled. */
export function openQuantity(line: LineProgress): number {
  return line.quantity - line.cancelled_quantity - line.fulfilled_quantity
}

/** Nothing is left to send; what is not physical needs no sending. */
export function isAllShipped(lines: readonly LineProgress[]): boolean {
  return lines.every(
    ({ kind, quantity, cancelled_quantity, shipped_quantity }) =>
      kind !== 'physical' || cancelled_quantity + shipped_quantity === quantity,
  )
}

export function isAnyShipped(lines: readonly LineProgress[]): boolean {
  return lines.some(({ shipped_quantity }) => shipped_quantity > 0)
}

/** Every piece was cancelled, and none has left. */
export function isAllCancelled(lines: readonly LineProgress[]): boolean {
  return lines.every(({ quantity, cancelled_quantity }) => cancelled_quantity === quantity)
}

/** Everything that was not cancelled has come back. */
export function isAllReturned(lines: readonly LineProgress[]): boolean {
  return lines.every(
    ({ quantity, cancelled_quantity, returned_quantity }) =>
      cancelled_quantity + returned_quantity === quantity,
  )
}

/** Until when goods may be sent back; undefined: as long as one likes. */
export function returnsUntil(arrivedAt: number, windowMs: number | undefined): number | undefined {
  return windowMs === undefined ? undefined : arrivedAt + windowMs
}
