import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../../src/config/read.ts'
import { readAddress } from '../../src/db/dialect/address.ts'

test('a URL names host, port, user, password and database', () => {
  assert.deepEqual(readAddress('postgres://shop:p%40ss%2Fword@db.example:6432/my%20shop', 5432), {
    host: 'db.example',
    port: 6432,
    socket: undefined,
    user: 'shop',
    password: 'p@ss/word',
    database: 'my shop',
    tls: undefined,
  })
})

test('host and port may be left out, and a socket or an IPv6 address given', () => {
  const short = readAddress('mysql:///shop?socket=/run/mysqld/mysqld.sock', 3306)
  assert.equal(short.host, 'localhost')
  assert.equal(short.port, 3306)
  assert.equal(short.socket, '/run/mysqld/mysqld.sock')
  assert.equal(readAddress('postgres://[::1]/shop', 5432).host, '::1')
})

test('sslmode says what is checked of the certificate', () => {
  const verify = (mode: string) =>
    readAddress(`postgres://db/shop?sslmode=${mode}`, 5432).tls?.verify
  assert.equal(verify('disable'), undefined)
  assert.equal(verify('require'), 'none')
  assert.equal(verify('verify-ca'), 'authority')
  assert.equal(verify('verify-full'), 'authority and host')
})

test('a refusal never repeats the password', () => {
  for (const url of [
    'postgres://u:hunter2@',
    'mysql://u:hunter2@db/',
    'mysql://u:hunter2@db/x?y',
  ]) {
    assert.throws(
      () => readAddress(url, 1),
      (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
    )
  }
})
