import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { makeCertificate } from './certificate.ts'

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly isSecure: boolean
  readonly user: unknown
}

/** What the server does with the next messages; each is used once, then all is well again. */
export type Trouble = 'refuse recipient' | 'delay recipient' | 'refuse message' | 'hang'

export interface TestMailServer extends AsyncDisposable {
  readonly port: number
  readonly received: Received[]
  readonly troubles: Trouble[]
  /** Connections that have been made so far. */
  connections(): number
  /** The certificate that it shows, as PEM: valid for `localhost`. */
  readonly certificate: string
}

const account = { user: 'shop@example.com', pass: 'p@ss: wörd/?' } as const
export const mailAccount = account

/** A real mail server on a free port of this machine, with a certificate of its own making. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<TestMailServer> {
  const received: Received[] = []
  const troubles: Trouble[] = []
  let connections = 0
  async function receive(stream: Readable, session: SMTPServerSession): Promise<undefined> {
    const content = await buffer(stream)
    if (troubles[0] === 'refuse message') throw troubleOf(troubles, '5.7.1 Looks like spam', 554)
    const { mailFrom, rcptTo } = session.envelope
    received.push({
      from: mailFrom ? mailFrom.address : '',
      to: rcptTo.map(({ address }) => address),
      raw: content.toString('latin1'),
      isSecure: session.secure,
      user: session.user,
    })
  }
  const { cert, key } = makeCertificate('localhost')
  const server: SMTPServer = new SMTPServer({
    cert,
    key,
    logger: false,
    authOptional: true,
    closeTimeout: 100,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onAuth({ username, password }, _session, done) {
      if (username === account.user && password === account.pass) done(null, { user: username })
      else done(withCode('Wrong user or password', 535))
    },
    onRcptTo(_address, _session, done) {
      const trouble = troubles[0]
      if (trouble === 'refuse recipient') done(troubleOf(troubles, '5.1.1 No such mailbox', 550))
      else if (trouble === 'delay recipient') done(troubleOf(troubles, '4.2.2 Mailbox full', 452))
      else if (trouble !== 'hang') done()
    },
    onData(stream, session, done) {
      void receive(stream, session).then(done, done)
    },
    ...options,
  })
  // A client that finds the certificate wanting hangs up, which is what some tests are about.
  server.on('error', () => undefined)
  const { server: listener } = server
  server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    port,
    received,
    troubles,
    connections: () => connections,
    certificate: cert,
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      await promise
    },
  }
}

function troubleOf(troubles: Trouble[], message: string, responseCode: number): Error {
  troubles.shift()
  return withCode(message, responseCode)
}

const withCode = (message: string, responseCode: number) =>
  Object.assign(new Error(message), { responseCode })
