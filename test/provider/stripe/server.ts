import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultPlan, type Behaviour, type Fault, type Operation } from '../faults.ts'
import { WebhookSender } from '../webhooks.ts'
import { readForm, textOf, type Form } from './form.ts'
import {
  approve,
  cancelIntent,
  captureIntent,
  confirmIntent,
  createIntent,
  decline,
  refundIntent,
  refuse,
  savedCard,
  type Intent,
  type Work,
} from './intents.ts'
import type { Store, StripeObject, StripeReply } from './store.ts'
import { stripeSignature } from './signature.ts'

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: readonly string[]
  readonly form: Form
  readonly key: string | undefined
}

export interface StripeEvent {
  readonly id: string
  readonly type: string
}

const missing = refuse({ status: 404, code: 'resource_missing' })

/**
 * Stripe's HTTP API as far as the shop uses it: forms in, JSON out, once for each Idempotency-Key,
 * errors and signatures as Stripe makes them. `PUT /behaviour` says how badly it behaves, and what
 * is below `/test` plays the payer and the people at Stripe's own desk.
 */
export class StripeServer {
  readonly server: Server
  readonly #store: Store
  readonly #attempts = new Map<string, number>()
  readonly #events: StripeEvent[] = []
  #behaviour: Behaviour = {}
  #plan = new FaultPlan({})
  #webhooks: WebhookSender | undefined

  constructor(store: Store) {
    this.#store = store
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy())
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request)
    const url = new URL(request.url ?? '', 'http://localhost')
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent)
    if (path[0] === 'behaviour') return this.#behave(text, response)
    if (path[0] === 'test') return this.#play(path.slice(1), text, response)
    if (!/^Bearer sk_\w+$/.test(request.headers.authorization ?? '')) {
      return send(response, refuse({ status: 401, code: 'api_key' }))
    }
    const given = request.headers['idempotency-key']
    const key = typeof given === 'string' ? given : undefined
    const form = readForm(request.method === 'GET' ? url.search.slice(1) : text)
    await this.#perform({ request, response, path: path.slice(1), form, key })
  }

  #behave(text: string, response: ServerResponse): void {
    this.#behaviour = JSON.parse(text) as Behaviour
    this.#plan = new FaultPlan(this.#behaviour)
    const { webhooks } = this.#behaviour
    const sign = (_id: string, body: string) => {
      const at = Date.now() + (webhooks?.aheadMs ?? 0)
      return { 'stripe-signature': stripeSignature(body, { at }) }
    }
    this.#webhooks = webhooks && new WebhookSender(webhooks, sign)
    response.writeHead(204).end()
  }

  async #perform(call: Call): Promise<void> {
    const operation = operationOf(call)
    const name = call.key ?? call.path.join('/')
    const attempt = this.#count(`${operation} ${name}`)
    const fault = this.#plan.faultFor({ operation, key: name, attempt })
    const { slowMs = 300, lateMs = 2_000 } = this.#behaviour
    if (fault === 'slow') await sleep(slowMs)
    if (fault === 'late') {
      await sleep(lateMs)
      this.#once(call, fault)
      // The caller has long hung up; the connection is only closed.
      return void call.request.socket.destroy()
    }
    const reply = fault.endsWith('-before') ? undefined : this.#once(call, fault)
    respond(call, fault, reply)
  }

  #count(name: string): number {
    const count = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, count)
    return count
  }

  /** The same key gets the same answer; another request by it is refused. */
  #once(call: Call, fault: Fault): StripeReply {
    const { key, path, form } = call
    if (call.request.method === 'GET' || key === undefined)
      return this.#save(this.#work(call, fault))
    const request = JSON.stringify([path, form])
    const known = this.#store.remembered.get(key)
    if (known?.request === request) return known.reply
    if (known) return refuse({ type: 'idempotency_error', code: 'idempotency_key_in_use' })
    return this.#save(this.#work(call, fault), { key, request })
  }

  #save(work: Work, once?: { key: string; request: string }): StripeReply {
    const { reply, objects = [], entry, events = [] } = work
    if (objects.length > 0 || once) {
      this.#store.append({
        objects,
        ...(once ? { remembered: { ...once, reply } } : {}),
        ...(entry ? { entry } : {}),
      })
    }
    for (const { type, object } of events) this.#tell(type, object)
    return reply
  }

  #tell(type: string, object: StripeObject): void {
    const id = this.#store.newId('evt')
    const event = { id, object: 'event', type, created: Math.floor(Date.now() / 1_000) }
    const told = { ...event, data: { object } }
    this.#events.push(told)
    this.#webhooks?.sendAs(id, told)
  }

  #work({ request, path, form }: Call, fault: Fault): Work {
    const [collection = '', id, action] = path
    if (collection === 'payment_intents' && id === undefined) return createIntent(this.#store, form)
    if (collection === 'refunds') return this.#refunds(request.method ?? '', form)
    if (collection === 'customers') return this.#customers(request.method ?? '', path)
    if (collection === 'setup_intents') return this.#setUp(form)
    const found = id === undefined ? undefined : this.#store.objects.get(id)
    if (!found) return { reply: missing }
    if (collection === 'payment_methods' && action === 'detach') {
      const detached = { ...found, customer: null }
      return { reply: { status: 200, body: detached }, objects: [detached] }
    }
    if (collection !== 'payment_intents') return { reply: missing }
    const intent = found as Intent
    if (action === 'confirm') {
      return confirmIntent(this.#store, intent, { form, declines: fault === 'decline' })
    }
    if (action === 'capture') return captureIntent(intent, form)
    if (action === 'cancel') return cancelIntent(intent)
    return { reply: { status: 200, body: intent } }
  }

  #refunds(method: string, form: Form): Work {
    const of = textOf(form, 'payment_intent') ?? ''
    if (method === 'GET') {
      const data = this.#store.list('refund').filter((one) => one['payment_intent'] === of)
      return { reply: list(data) }
    }
    const intent = this.#store.objects.get(of)
    return intent ? refundIntent(this.#store, intent as Intent, form) : { reply: missing }
  }

  #customers(method: string, [, id, sub, card]: readonly string[]): Work {
    if (id === undefined) {
      const made = { id: this.#store.newId('cus'), object: 'customer' }
      return { reply: { status: 200, body: made }, objects: [made] }
    }
    const known = this.#store.objects.get(id)
    if (!known || known['deleted'] === true) return { reply: missing }
    if (method === 'DELETE') {
      const gone = { ...known, deleted: true }
      const cards = this.#cardsOf(id).map((one) => ({ ...one, customer: null }))
      return { reply: { status: 200, body: gone }, objects: [gone, ...cards] }
    }
    if (sub !== 'payment_methods') return { reply: { status: 200, body: known } }
    const cards = this.#cardsOf(id)
    if (card === undefined) return { reply: list(cards) }
    const one = cards.find((candidate) => candidate.id === card)
    return { reply: one ? { status: 200, body: one } : missing }
  }

  #cardsOf(customer: string): StripeObject[] {
    return this.#store.list('payment_method').filter((one) => one['customer'] === customer)
  }

  #setUp(form: Form): Work {
    const id = this.#store.newId('seti')
    const customer = textOf(form, 'customer') ?? null
    const made = { id, object: 'setup_intent', client_secret: `${id}_secret_x`, customer }
    return { reply: { status: 200, body: made }, objects: [made] }
  }

  /** What happens beside the shop: the payer's browser, and Stripe's dashboard. */
  #play([what = '', id = '']: readonly string[], text: string, response: ServerResponse): void {
    if (what === 'events') return send(response, { status: 200, body: this.#events })
    const found = this.#store.objects.get(id)
    if (!found) return send(response, missing)
    const work = this.#played(what, found, readForm(text))
    const reply = this.#save(work)
    // What the payer is told is no concern of whoever plays.
    send(response, { status: 200, body: reply.body })
  }

  #played(what: string, found: StripeObject, form: Form): Work {
    const intent = found as Intent
    switch (what) {
      case 'authenticate':
        return approve(this.#store, intent, String(intent['payment_method']))
      case 'fail':
        return decline(intent)
      case 'save': {
        const card = savedCard(this.#store, String(found['customer']))
        return { reply: { status: 200, body: card }, objects: [card] }
      }
      case 'refund':
        return refundIntent(this.#store, intent, form)
      case 'capture':
        return captureIntent(intent, form)
      case 'expire':
        return cancelIntent(intent)
      case 'fail-refund': {
        const failed = { ...found, status: 'failed', failure_reason: 'expired_or_canceled_card' }
        const events = [{ type: 'refund.failed', object: failed }]
        return { reply: { status: 200, body: failed }, objects: [failed], events }
      }
      default:
        return { reply: missing }
    }
  }
}

const list = (data: readonly object[]): StripeReply => ({
  status: 200,
  body: { object: 'list', data, has_more: false, url: '/v1' },
})

function operationOf({ request, path }: Call): Operation {
  const [collection, id, action] = path
  if (request.method === 'GET') return 'find'
  if (collection === 'refunds') return 'refund'
  if (action === 'capture' || action === 'cancel') return action
  return collection === 'payment_intents' && id !== undefined ? 'charge' : 'create'
}

function respond({ request, response }: Call, fault: Fault, reply?: StripeReply): void {
  // Never answered: whoever waits has to give up.
  if (fault.startsWith('timeout')) return
  if (fault.startsWith('reset')) return void request.socket.resetAndDestroy()
  const status = Number(/^(409|429|500)-/.exec(fault)?.[1])
  if (status === 409) return send(response, refuse({ status, code: 'lock_timeout' }))
  if (status === 429) return send(response, refuse({ status, code: 'rate_limit' }))
  if (status === 500) return send(response, refuse({ status, type: 'api_error', code: 'api' }))
  if (fault === 'broken-json') return void response.writeHead(reply?.status ?? 500).end('{"id":')
  if (reply) send(response, reply)
}

function send(response: ServerResponse, { status, body }: StripeReply): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
