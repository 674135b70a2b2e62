import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultPlan, type Behaviour, type Fault, type Incident, type Operation } from './faults.ts'
import type { Charge, Ledger } from './ledger.ts'
import { WebhookSender } from './webhooks.ts'

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: Readonly<Record<string, unknown>>
}

interface Reply {
  readonly status: number
  readonly body: object
}

/**
 * A payment provider over HTTP: `POST /charges` (Idempotency-Key, amount, currency, capture), `GET
 * /charges/:key`, and `POST` to `/charges/:key/capture`, `/cancel` and `/refunds`. It acts once per
 * key, whatever it answers, and `PUT /behaviour` says how badly it behaves.
 */
export class ProviderServer {
  readonly server: Server
  readonly #ledger: Ledger
  readonly #attempts = new Map<string, number>()
  #behaviour: Behaviour = {}
  #plan = new FaultPlan({})
  #webhooks: WebhookSender | undefined

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch(() => request.socket.destroy())
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = { request, response, body: await readJson(request) }
    const [, collection, key = '', action] = (request.url ?? '').split('/').map(decodeURIComponent)
    if (collection === 'behaviour') return this.#behave(call)
    if (collection !== 'charges') return send(response, { status: 404, body: {} })
    if (request.method === 'GET') return this.#perform('find', key, call)
    const given = request.headers['idempotency-key']
    if (typeof given !== 'string') return send(response, { status: 400, body: {} })
    if (action === 'refunds') return this.#perform('refund', key, call)
    if (action === 'capture' || action === 'cancel') return this.#perform(action, key, call)
    return this.#perform('charge', given, call)
  }

  #behave({ body, response }: Call): void {
    this.#behaviour = body
    this.#plan = new FaultPlan(this.#behaviour)
    const { webhooks } = this.#behaviour
    this.#webhooks = webhooks && new WebhookSender(webhooks)
    send(response, { status: 204, body: {} })
  }

  async #perform(operation: Operation, key: string, call: Call): Promise<void> {
    const fault = this.#plan.faultFor({ operation, key, attempt: this.#count(operation, key) })
    const { slowMs = 300, lateMs = 2_000 } = this.#behaviour
    const work = () => this.#do({ operation, key, fault }, call)
    if (fault === 'slow') await sleep(slowMs)
    if (fault === 'late') {
      await sleep(lateMs)
      work()
      // The caller has long hung up; the connection is only closed.
      return void call.request.socket.destroy()
    }
    const reply = fault.endsWith('-before') ? undefined : work()
    respond(call, fault, reply)
  }

  #count(operation: Operation, key: string): number {
    const name = `${operation} ${key}`
    const count = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, count)
    return count
  }

  #do({ operation, key, fault }: Omit<Incident, 'attempt'> & { fault: Fault }, call: Call): Reply {
    const known = this.#ledger.charges.get(key)
    if (operation === 'charge')
      return this.#charge({ key, known, declines: fault === 'decline' }, call)
    if (!known) return { status: 404, body: { error: 'unknown_charge' } }
    if (operation === 'find') return { status: 200, body: known }
    if (operation === 'cancel') return { status: 200, body: this.#cancel(known) }
    return this.#move(operation, known, call)
  }

  #cancel(known: Charge): Charge {
    const { key, amount, currency } = known
    if (known.status !== 'authorised') return known
    return this.#write({ what: 'cancelled', key, amount, currency })
  }

  /** Captures and refunds, within what there is. */
  #move(operation: Operation, known: Charge, { request, body }: Call): Reply {
    const name = String(request.headers['idempotency-key'])
    if (this.#ledger.operations.has(name)) return { status: 200, body: known }
    const amount = Number(body['amount'])
    const isCapture = operation === 'capture'
    const isReady = known.status === (isCapture ? 'authorised' : 'captured')
    if (!isReady || amount > known.amount - known.refunded) {
      return { status: 402, body: { error: 'not_possible' } }
    }
    const { key, currency } = known
    const what = isCapture ? 'charged' : 'refunded'
    return { status: 200, body: this.#write({ what, key, amount, currency, operation: name }) }
  }

  #charge(
    { key, known, declines }: { key: string; known: Charge | undefined; declines: boolean },
    { body }: Call,
  ): Reply {
    const { amount, currency } = body
    if (typeof amount !== 'number' || typeof currency !== 'string') {
      return { status: 400, body: { error: 'invalid_request' } }
    }
    if (known && (known.amount !== amount || known.currency !== currency)) {
      return { status: 422, body: { error: 'key_reused' } }
    }
    const isDeclined = declines || body['token'] === 'declined'
    const approved = body['capture'] === false ? 'authorised' : 'charged'
    const what = isDeclined ? 'declined' : approved
    const charge = known ?? this.#write({ what, key, amount, currency })
    return { status: charge.status === 'declined' ? 402 : 201, body: charge }
  }

  #write(entry: Parameters<Ledger['append']>[0]): Charge {
    const charge = this.#ledger.append(entry)
    this.#webhooks?.send({ type: `charge.${charge.status}`, charge })
    return charge
  }
}

function respond({ request, response }: Call, fault: Fault, reply: Reply | undefined): void {
  // Never answered: whoever waits has to give up.
  if (fault.startsWith('timeout')) return
  if (fault.startsWith('reset')) return void request.socket.resetAndDestroy()
  const status = /^(409|429|500)-/.exec(fault)?.[1]
  if (status) return send(response, { status: Number(status), body: { error: 'provider_fault' } })
  if (fault === 'broken-json') return void response.writeHead(reply?.status ?? 500).end('{"id":')
  if (reply) send(response, reply)
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = status === 204 ? '' : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>)
}
