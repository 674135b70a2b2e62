import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from './log.ts'

function logged(level: string, write: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = []
  write(createLog(level, { write: (line) => lines.push(line) }))
  return lines
}

test('a log line is one JSON object with its level, time and message', () => {
  const [line = '', ...more] = logged('info', (log) => {
    log.info({ port: 80 }, 'started')
    log.debug('not this')
  })
  assert.deepEqual(more, [])
  const { time, ...rest } = JSON.parse(line) as { time: string }
  assert.deepEqual(rest, { level: 'info', port: 80, msg: 'started' })
  assert.equal(new Date(time).toISOString(), time)
})

test('an error is logged with its type and stack', () => {
  const [line = ''] = logged('info', (log) => log.error({ err: new TypeError('broken') }, 'failed'))
  const { err } = JSON.parse(line) as { err: { type: string; message: string; stack: string } }
  assert.deepEqual([err.type, err.message], ['TypeError', 'broken'])
  assert.match(err.stack, /log\.test\.ts/)
})

test('secrets are hidden wherever they usually stand', () => {
  const secret = 'Difference1'
  const headers = {
    authorization: `Bearer ${secret}`,
    cookie: `cart_session=${secret}`,
    'session-id': secret,
    'order-token': secret,
    'idempotency-key': secret,
    accept: 'text/html',
  }
  const entries: object[] = [
    { req: { headers, method: 'GET' } },
    { res: { headers: { 'set-cookie': secret } } },
    { password: secret },
    { token: secret },
    { secret },
    { customer: { password: secret, name: 'Ada' } },
    { session: { token: secret } },
    { config: { secret } },
  ]
  const lines = logged('trace', (log) => {
    for (const entry of entries) log.info(entry, 'entry')
    log.child({ password: secret }).warn('child')
  })
  assert.equal(lines.length, entries.length + 1)
  for (const line of lines) {
    assert.ok(!line.includes(secret), line)
    assert.match(line, /\[hidden\]/)
  }
  assert.match(lines[0] ?? '', /"accept":"text\/html"/)
  assert.match(lines[5] ?? '', /"name":"Ada"/)
})
