import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { mailAccount, startMailServer, type TestMailServer } from '../../../test/support/smtp.ts'
import { ConfigError } from '../../config/read.ts'
import { RefusedError } from '../../db/subscriber.ts'
import { connectionsMax, smtpMail, type SmtpOptions } from './smtp.ts'

const from = { name: 'Shop', address: 'shop@example.com' }
const credentials = `${encodeURIComponent(mailAccount.user)}:${encodeURIComponent(mailAccount.pass)}`

const driverFor = (url: string, options: Partial<SmtpOptions> = {}) =>
  smtpMail({ url, from, tls: 'auto', timeoutMs: 5_000, ...options })

let count = 0
const message = () => ({
  id: `mail-${++count}`,
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hello.\n',
  html: '<p>Hello.</p>\n',
})

/** The error of a message that was not sent. */
async function failure(sending: Promise<void>): Promise<Error> {
  const error: unknown = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Error, 'it was sent')
  return error
}

describe('a mail server that wants to know who sends', () => {
  const open = () => startMailServer({ authOptional: false, allowInsecureAuth: true })

  test('is told the user and the password of SMTP_URL, whatever signs are in them', async () => {
    await using server = await open()
    await using driver = driverFor(`smtp://${credentials}@127.0.0.1:${server.port}`)
    await driver.send(message())
    const [received] = server.received
    assert.equal(received?.user, mailAccount.user)
    assert.deepEqual([received.from, received.to], [from.address, ['ada@example.com']])
  })

  test('refuses a wrong password; the message may be tried again, and the error hides it', async () => {
    await using server = await open()
    const secret = 'Very-Secret-1'
    await using driver = driverFor(`smtp://shop:${secret}@127.0.0.1:${server.port}`)
    const error = await failure(driver.send(message()))
    assert.ok(!(error instanceof RefusedError))
    assert.match(error.message, /^mail not sent \(EAUTH\): .*535 Wrong user or password/)
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)
    assert.doesNotMatch(shown, /Very-Secret-1/)
    const encoded = Buffer.from(`\0shop\0${secret}`).toString('base64')
    assert.ok(!shown.includes(encoded))
    assert.deepEqual(server.received, [])
  })

  test('refuses who says nothing, and the message may be tried again', async () => {
    await using server = await open()
    await using driver = driverFor(`smtp://127.0.0.1:${server.port}`)
    const error = await failure(driver.send(message()))
    assert.ok(!(error instanceof RefusedError))
    assert.match(error.message, /530/)
  })
})

describe('the way to the mail server', () => {
  test('is encrypted from STARTTLS on, with a certificate that is known', async () => {
    await using server = await startMailServer({ authOptional: false })
    const ca = server.certificate
    const url = `smtp://${credentials}@localhost:${server.port}`
    await using driver = driverFor(url, { tls: 'required', ca })
    await driver.send(message())
    assert.deepEqual(
      server.received.map(({ isSecure, user }) => [isSecure, user]),
      [[true, mailAccount.user]],
    )
  })

  test('is encrypted from the first byte with smtps', async () => {
    await using server = await startMailServer({ secure: true, authOptional: false })
    const ca = server.certificate
    await using driver = driverFor(`smtps://${credentials}@localhost:${server.port}`, { ca })
    await driver.send(message())
    assert.deepEqual(
      server.received.map(({ isSecure }) => isSecure),
      [true],
    )
  })

  test('is not taken if the certificate is unknown, or for another name', async () => {
    await using server = await startMailServer({ authOptional: false })
    const ca = server.certificate
    const at = (host: string) => `smtp://${credentials}@${host}:${server.port}`
    for (const [url, options] of [
      [at('localhost'), { tls: 'required' }],
      [at('127.0.0.1'), { tls: 'required', ca }],
    ] as const) {
      await using driver = driverFor(url, options)
      const error = await failure(driver.send(message()))
      assert.ok(!(error instanceof RefusedError))
      assert.match(error.message, /certificate|altnames/)
    }
    assert.deepEqual(server.received, [])
  })

  test('is not taken if it must be encrypted and the server cannot: no password is sent', async () => {
    const users: unknown[] = []
    await using server = await startMailServer({
      hideSTARTTLS: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username }, _session, done) => {
        users.push(username)
        done(null, { user: username })
      },
    })
    await using driver = driverFor(`smtp://${credentials}@localhost:${server.port}`, {
      tls: 'required',
    })
    const error = await failure(driver.send(message()))
    assert.ok(!(error instanceof RefusedError))
    assert.match(error.message, /^mail not sent \(ETLS\)/)
    assert.deepEqual([users, server.received], [[], []])
  })

  test('is kept open for further messages, and there are few', async () => {
    await using server = await startMailServer()
    await using driver = driverFor(`smtp://127.0.0.1:${server.port}`)
    await Promise.all(Array.from({ length: 60 }, () => driver.send(message())))
    assert.equal(server.received.length, 60)
    assert.ok(server.connections() <= connectionsMax, String(server.connections()))
  })
})

describe('what the mail server says of a message', () => {
  const says = async (server: TestMailServer) => {
    await using driver = driverFor(`smtp://127.0.0.1:${server.port}`)
    const refused = await failure(driver.send(message()))
    assert.deepEqual(server.received, [])
    // The connection, or a new one, is good for the next.
    await driver.send(message())
    assert.equal(server.received.length, 1)
    return refused
  }

  test('is final if there is no such mailbox', async () => {
    await using server = await startMailServer()
    server.troubles.push('refuse recipient')
    const error = await says(server)
    assert.ok(error instanceof RefusedError)
    assert.match(error.message, /550 5\.1\.1 No such mailbox/)
  })

  test('is final if it does not want the message', async () => {
    await using server = await startMailServer()
    server.troubles.push('refuse message')
    const error = await says(server)
    assert.ok(error instanceof RefusedError)
    assert.match(error.message, /554 5\.7\.1 Looks like spam/)
  })

  test('is not final if the mailbox is full for now', async () => {
    await using server = await startMailServer()
    server.troubles.push('delay recipient')
    const error = await says(server)
    assert.ok(!(error instanceof RefusedError))
    assert.match(error.message, /452 4\.2\.2 Mailbox full/)
  })

  test('is not final if it is about the sender, whom settings can change', async () => {
    await using server = await startMailServer({
      onMailFrom: (_address, _session, done) =>
        done(Object.assign(new Error('5.7.1 Not your address'), { responseCode: 550 })),
    })
    await using driver = driverFor(`smtp://127.0.0.1:${server.port}`)
    const error = await failure(driver.send(message()))
    assert.ok(!(error instanceof RefusedError))
    assert.match(error.message, /550 5\.7\.1 Not your address/)
  })
})

/** Answers connections with a function of what the client says. */
async function startImpostor(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('a mail server that is not well', () => {
  const mayBeTriedAgain = async (url: string, timeoutMs = 300) => {
    await using driver = driverFor(url, { timeoutMs })
    const error = await failure(driver.send(message()))
    assert.ok(!(error instanceof RefusedError), error.message)
    assert.match(error.message, /^mail not sent \(/)
    return error
  }

  test('is not there', async () => {
    const impostor = await startImpostor(() => undefined)
    await impostor[Symbol.asyncDispose]()
    const error = await mayBeTriedAgain(`smtp://127.0.0.1:${impostor.port}`)
    assert.match(error.message, /ECONNREFUSED/)
  })

  test('accepts the connection and never says a word', async () => {
    await using impostor = await startImpostor(() => undefined)
    await mayBeTriedAgain(`smtp://127.0.0.1:${impostor.port}`)
  })

  test('hangs up at once', async () => {
    await using impostor = await startImpostor((socket) => socket.destroy())
    await mayBeTriedAgain(`smtp://127.0.0.1:${impostor.port}`)
  })

  test('speaks something else', async () => {
    await using impostor = await startImpostor((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await mayBeTriedAgain(`smtp://127.0.0.1:${impostor.port}`)
  })

  test('trickles its answers, so that no pause is ever too long', async () => {
    await using impostor = await startImpostor((socket) => {
      const timer = setInterval(() => socket.write('220-still thinking\r\n'), 50)
      socket.on('close', () => clearInterval(timer))
    })
    await mayBeTriedAgain(`smtp://127.0.0.1:${impostor.port}`)
  })

  test('hangs in the middle, and is well again for the next message', async () => {
    await using server = await startMailServer()
    await using driver = driverFor(`smtp://127.0.0.1:${server.port}`, { timeoutMs: 1_000 })
    await driver.send(message())
    server.troubles.push('hang')
    const again = message()
    assert.ok(!((await failure(driver.send(again))) instanceof RefusedError))
    server.troubles.length = 0
    await driver.send(again)
    assert.equal(server.received.length, 2)
  })
})

describe('SMTP_URL', () => {
  const wrong: readonly (readonly [url: string, why: RegExp])[] = [
    ['', /^MAIL_DRIVER is smtp: set SMTP_URL$/],
    ['mail.example.com', /^SMTP_URL must be smtp:\/\//],
    ['mail.example.com:587', /^SMTP_URL must be smtp:\/\//],
    ['http://mail.example.com', /^SMTP_URL must be smtp:\/\//],
    ['smtp://', /^SMTP_URL must be smtp:\/\//],
    ['smtp://user:%E0%A4@mail.example.com', /^SMTP_URL must be smtp:\/\//],
    ['smtp://mail.example.com:99999', /^SMTP_URL must be smtp:\/\//],
    ['smtp://user:Hidden@mail.example.com/path', /^SMTP_URL must end with the port/],
    ['smtp://user:Hidden@mail.example.com?pool=true', /^SMTP_URL must end with the port/],
  ]
  for (const [url, why] of wrong) {
    test(`is refused before anything is sent, without repeating it: "${url}"`, () => {
      assert.throws(
        () => driverFor(url),
        (error) =>
          error instanceof ConfigError && why.test(error.message) && !/Hidden/.test(error.message),
      )
    })
  }

  test('cannot be smtps while encryption is off', () => {
    assert.throws(() => driverFor('smtps://mail.example.com', { tls: 'off' }), ConfigError)
  })
})
