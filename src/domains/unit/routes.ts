import type { Static } from 'typebox'
import type { Context } from '../../context.ts'
import { invalid } from '../../core/errors.ts'
import type { Tx } from '../../db/database.ts'
import type { App } from '../../http/app.ts'
import { inNameOf } from '../../http/auth.ts'
import { envelope, success } from '../../http/envelope.ts'
import { answerOnce } from '../../http/once.ts'
import { cursorPage } from '../../http/paging.ts'
import { UuidParams } from '../../http/schema.ts'
import { replaceUnit } from './replacement.ts'
import {
  AssignmentBody,
  CorrectionBody,
  DiscardQuery,
  MoveBody,
  ReceiveBody,
  ReceivedView,
  TrackingBody,
  TrackingView,
  UnitHistoryView,
  UnitList,
  UnitParams,
  UnitQuery,
  UnitView,
} from './schema.ts'
import { getTracking, startTracking, stopTracking, type FirstSerials } from './tracking.ts'
import {
  correctSerial,
  getUnitWithHistory,
  newSerials,
  receiveUnits,
  releaseUnit,
  reserveUnit,
  restockUnit,
  scrapUnit,
  searchUnits,
  takeBack,
  type UnitMove,
  type UnitRow,
} from './units.ts'
import { receivedView, trackingView, unitHistoryView, unitView } from './views.ts'

const tags = ['Administration']
const reading = { allow: 'inventory:read' } as const
const writing = { allow: 'inventory:write' } as const
const onceErrors = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_IN_PROGRESS'] as const
const moveErrors = [
  'NOT_FOUND',
  'UNIT_STATE',
  'INSUFFICIENT_STOCK',
  'NOT_TRACKED_BY_UNIT',
  ...onceErrors,
] as const

export function registerUnitRoutes(app: App, ctx: Context): void {
  registerReading(app, ctx)
  registerReceipts(app, ctx)
  registerMoves(app, ctx)
  registerAssignment(app, ctx)
  registerTracking(app, ctx)
}

function registerReading(app: App, ctx: Context): void {
  app.get(
    '/admin/units',
    {
      schema: {
        tags,
        summary: 'Units by serial number, state, article or order, newest first',
        querystring: UnitQuery,
        response: { 200: UnitList },
      },
      config: reading,
    },
    async ({ query }) => {
      const search = {
        serial: query.serial_number,
        state: query.state,
        variantId: query.variant_id?.toLowerCase(),
        orderId: query.order_id?.toLowerCase(),
      }
      const { rows, meta } = await cursorPage(query, {
        read: (before, limit) => searchUnits(ctx, search, { before: placeOf(before), limit }),
        placeOf: ({ number }) => number,
      })
      return success(rows.map(unitView), 'Units listed', { meta })
    },
  )

  app.get(
    '/admin/units/:id',
    {
      schema: {
        tags,
        summary: 'One unit with everything that happened to it',
        params: UnitParams,
        response: { 200: envelope(UnitHistoryView) },
      },
      config: { ...reading, errors: ['NOT_FOUND'] },
    },
    async ({ params }) =>
      success(unitHistoryView(await getUnitWithHistory(ctx.db.read, params.id)), 'Unit found'),
  )
}

/** The number that a page goes on from. */
function placeOf(text: string | undefined): number | undefined {
  const place = text === undefined ? undefined : Number(text)
  if (Number.isNaN(place)) throw invalid('cursor', 'must be a next_cursor of this list')
  return place
}

function registerReceipts(app: App, ctx: Context): void {
  app.post(
    '/admin/units',
    {
      schema: {
        tags,
        summary: 'Receive units of an article that is tracked by unit, up to 1,000 at once',
        description: 'A serial number of the article that was scrapped is that unit again.',
        body: ReceiveBody,
        response: { 201: envelope(ReceivedView) },
      },
      config: {
        ...writing,
        errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'NOT_TRACKED_BY_UNIT', ...onceErrors],
      },
    },
    async (request, reply) => {
      const { variant_id, location, note } = request.body
      const serials = serialsOf(request.body)
      const receipt = { variantId: variant_id.toLowerCase(), location, serials, note }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => receiveUnits(inNameOf(ctx, request), tx, receipt),
          render: (units) => ({
            status: 201,
            body: success(receivedView(units), 'Units received'),
          }),
        },
      )
    },
  )
}

function serialsOf({ serial_numbers, quantity }: Static<typeof ReceiveBody>): readonly string[] {
  if (serial_numbers && quantity !== undefined) {
    throw invalid('quantity', 'cannot be combined with serial_numbers')
  }
  if (!serial_numbers && quantity === undefined) throw invalid('serial_numbers', 'is required')
  return serial_numbers ?? newSerials(quantity ?? 0)
}

type Move = (ctx: Context, tx: Tx, move: UnitMove) => Promise<UnitRow>

/** What may happen to a unit in the hands of staff. */
const moves: readonly (readonly [name: string, summary: string, message: string, Move])[] = [
  [
    'return',
    'Note that a sold unit has come back; it is not for sale yet',
    'Unit returned',
    takeBack,
  ],
  ['restocking', 'Put a returned unit back on the shelf', 'Unit restocked', restockUnit],
  ['reservation', 'Set a unit aside: nobody can buy it', 'Unit set aside', reserveUnit],
  ['release', 'Have a unit that was set aside for sale again', 'Unit released', releaseUnit],
  ['scrapping', 'Take a broken or lost unit off the shelf for good', 'Unit scrapped', scrapUnit],
]

function registerMoves(app: App, ctx: Context): void {
  for (const [name, summary, message, move] of moves) {
    app.post(
      `/admin/units/:id/${name}`,
      {
        schema: {
          tags,
          summary,
          params: UnitParams,
          body: MoveBody,
          response: { 201: envelope(UnitView) },
        },
        config: { ...writing, errors: moveErrors },
      },
      async (request, reply) => {
        const { id } = request.params
        const { note } = request.body
        return answerOnce(
          ctx,
          { request, reply },
          {
            work: (tx) => move(inNameOf(ctx, request), tx, { name: id, note }),
            render: (unit) => ({ status: 201, body: success(unitView(unit), message) }),
          },
        )
      },
    )
  }

  app.patch(
    '/admin/units/:id',
    {
      schema: {
        tags,
        summary: 'Correct a serial number that was mistyped',
        params: UnitParams,
        body: CorrectionBody,
        response: { 200: envelope(UnitView) },
      },
      config: { ...writing, errors: ['NOT_FOUND', 'ALREADY_EXISTS'] },
    },
    async (request) => {
      const { serial_number: serial, note } = request.body
      const correction = { name: request.params.id, serial, note }
      const named = inNameOf(ctx, request)
      const unit = await ctx.db.transaction((tx) => correctSerial(named, tx, correction))
      return success(unitView(unit), 'Serial number corrected')
    },
  )
}

function registerAssignment(app: App, ctx: Context): void {
  app.post(
    '/admin/units/:id/assignment',
    {
      schema: {
        tags,
        summary: 'Give an order this unit instead of the one it has, which goes back on the shelf',
        params: UnitParams,
        body: AssignmentBody,
        response: { 201: envelope(UnitView) },
      },
      config: { ...writing, errors: moveErrors },
    },
    async (request, reply) => {
      const { instead_of: insteadOf, note } = request.body
      const replacement = { name: request.params.id, insteadOf, note }
      return answerOnce(
        ctx,
        { request, reply },
        {
          work: (tx) => replaceUnit(inNameOf(ctx, request), tx, replacement),
          render: (unit) => ({ status: 201, body: success(unitView(unit), 'Unit assigned') }),
        },
      )
    },
  )
}

function registerTracking(app: App, ctx: Context): void {
  const url = '/admin/variants/:id/unit-tracking'
  const response = { 200: envelope(TrackingView) }
  const params = UuidParams

  app.get(
    url,
    {
      schema: { tags, summary: 'Whether an article is tracked by unit', params, response },
      config: { ...reading, errors: ['NOT_FOUND'] },
    },
    async (request) => {
      const variantId = request.params.id.toLowerCase()
      const tracking = await getTracking(ctx.db.read, variantId)
      return success(trackingView(variantId, tracking), 'Tracking found')
    },
  )

  app.put(
    url,
    {
      schema: {
        tags,
        summary: 'Track an article by unit; what is on hand needs its serial numbers',
        params,
        body: TrackingBody,
        response,
      },
      config: { ...writing, errors: ['NOT_FOUND', 'ALREADY_EXISTS', 'SERIALS_MISSING', 'IN_USE'] },
    },
    async (request) => {
      const start = { variantId: request.params.id.toLowerCase(), serials: firstOf(request.body) }
      const named = inNameOf(ctx, request)
      const tracking = await ctx.db.transaction((tx) => startTracking(named, tx, start))
      return success(trackingView(start.variantId, tracking), 'Tracked by unit')
    },
  )

  app.delete(
    url,
    {
      schema: {
        tags,
        summary: 'Count the pieces of an article again, without serial numbers',
        ...{ params, querystring: DiscardQuery, response },
      },
      config: { ...writing, errors: ['NOT_FOUND', 'IN_USE'] },
    },
    async (request) => {
      const variantId = request.params.id.toLowerCase()
      const stop = { variantId, discard: request.query.discard ?? false }
      const named = inNameOf(ctx, request)
      const tracking = await ctx.db.transaction((tx) => stopTracking(named, tx, stop))
      return success(trackingView(variantId, tracking), 'Counted again')
    },
  )
}

function firstOf({ units = [], generate }: Static<typeof TrackingBody>): FirstSerials {
  if (generate && units.length > 0) throw invalid('generate', 'cannot be combined with units')
  if (generate) return 'generated'
  const byPlace = Map.groupBy(units, ({ location }) => location)
  return new Map(
    [...byPlace].map(([place, own]) => [place, own.map(({ serial_number }) => serial_number)]),
  )
}
