import type { Context } from '../../context.ts'
import { allocate } from '../../core/allocate.ts'
import { ShopError } from '../../core/errors.ts'
import { minor, type Minor } from '../../core/money.ts'
import { nextShare } from '../../core/shares.ts'
import type { Tx } from '../../db/database.ts'
import { lastMoney, lastPieces, shareOf, shippingPart, type Part, type Share } from './content.ts'
import { issue, readBilling, type Billing, type DocumentRow } from './documents.ts'
import { creditParts, findDocument, findIssued, type PartState } from './queries.ts'

/** What is taken off an invoice. */
export interface CreditWanted {
  readonly orderId: string
  readonly reason: string
  /** Pieces of lines; what they are worth is told by the invoice unless `amountMinor` says it. */
  readonly items?: readonly {
    readonly lineId: string
    readonly quantity: number
    readonly amountMinor?: Minor | undefined
  }[]
  /** Of what was invoiced for shipping. */
  readonly shippingMinor?: Minor | undefined
  /** Instead of lines: an amount, spread over everything that is left of the invoices. */
  readonly amountMinor?: Minor | undefined
  /** What it is for, such as `return:…`: a second credit note for it is never issued. */
  readonly onceKey?: string | undefined
}

interface Credited extends Share {
  readonly state: PartState
}

/**
 * Issues a credit note for pieces of an order, in the transaction that takes them back; one for
 * each invoice that they are on. Nothing is issued for what was never invoiced, nor twice for one
 * `onceKey`. Never more is credited than was invoiced (CREDIT_EXCEEDS_INVOICED).
 */
export async function issueCreditNote(
  ctx: Context,
  tx: Tx,
  wanted: CreditWanted,
): Promise<DocumentRow[]> {
  const { orderId, reason } = wanted
  const onceKey = wanted.onceKey ?? `credit:${ctx.newId()}`
  if (await findIssued(tx, `${onceKey}:1`)) return []
  const billing = await readBilling(tx, orderId)
  const credited = creditedOf(billing, wanted)
  if (credited.length === 0) return []
  await writeCredits(tx, credited)
  const byInvoice = Map.groupBy(credited, ({ state }) => state.invoice_id)
  const issued: DocumentRow[] = []
  // An order has one invoice, and another for each time that it has grown.
  for (const [invoiceId, own] of byInvoice) {
    const corrects = await findDocument(tx, invoiceId)
    if (!corrects) throw new Error(`invoice ${invoiceId} is gone`)
    const document = await issue(ctx, tx, {
      kind: 'credit_note',
      billing,
      parts: own.map((one) => partOf(billing, one)),
      onceKey: `${onceKey}:${issued.length + 1}`,
      corrects,
      reason,
    })
    issued.push(document)
  }
  return issued
}

function partOf({ parts }: Billing, credited: Credited): Part {
  const { state } = credited
  const part = parts.find((one) => one.part === state.part)
  if (!part) throw new Error(`part ${state.part} of an order is gone`)
  const invoiced =
    part.part === shippingPart
      ? lastMoney(part, state.total_minor)
      : lastPieces(part, state.quantity)
  return shareOf(invoiced, credited, state.credited_minor)
}

function creditedOf(billing: Billing, wanted: CreditWanted): Credited[] {
  const { items = [], shippingMinor, amountMinor } = wanted
  if (amountMinor !== undefined) return spread(billing, amountMinor)
  const lines = items.flatMap((item) => {
    const state = billing.invoiced.get(item.lineId)
    return state ? [ofLine(state, item)] : []
  })
  const shipping = billing.invoiced.get(shippingPart)
  if (shippingMinor === undefined || shippingMinor === 0 || !shipping) return lines
  return [...lines, { state: shipping, quantity: 0, totalMinor: shippingMinor }]
}

/** Pieces of a line are worth their share of it, as far as it was not credited as money. */
function ofLine(
  state: PartState,
  { quantity, amountMinor }: { quantity: number; amountMinor?: Minor | undefined },
): Credited {
  const { credited_quantity: before, total_minor: all, credited_minor: gone } = state
  if (before + quantity > state.quantity) throw new ShopError('CREDIT_EXCEEDS_INVOICED')
  const share = nextShare(all, state.quantity, { before, count: quantity })
  return { state, quantity, totalMinor: amountMinor ?? minor(Math.min(share, all - gone)) }
}

function spread({ invoiced }: Billing, amountMinor: Minor): Credited[] {
  const open = [...invoiced.values()]
    .filter(({ total_minor, credited_minor }) => total_minor > credited_minor)
    .toSorted((a, b) => (a.part < b.part ? -1 : 1))
  const left = open.map(({ total_minor, credited_minor }) => total_minor - credited_minor)
  if (invoiced.size === 0) return []
  if (amountMinor > left.reduce((sum, one) => sum + one, 0)) {
    throw new ShopError('CREDIT_EXCEEDS_INVOICED')
  }
  const ids = open.map(({ part }) => part)
  return allocate(amountMinor, left, ids).flatMap((totalMinor, index) => {
    const state = open[index]
    return state && totalMinor > 0 ? [{ state, quantity: 0, totalMinor }] : []
  })
}

async function writeCredits(tx: Tx, credited: readonly Credited[]): Promise<void> {
  const rows = credited
    .map(({ state, quantity, totalMinor }) => ({
      order_id: state.order_id,
      part: state.part,
      more_quantity: quantity,
      more_minor: totalMinor,
      seen_minor: state.credited_minor,
      seen_quantity: state.credited_quantity,
    }))
    .toSorted((a, b) => (a.part < b.part ? -1 : 1))
  const { changes } = await creditParts(tx, rows)
  if (changes !== rows.length) throw new ShopError('CREDIT_EXCEEDS_INVOICED')
}
