import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { networkOf } from './ip.ts'

test('an IPv4 address stands for itself, however it is written', () => {
  assert.equal(networkOf('203.0.113.7'), '203.0.113.7')
  assert.equal(networkOf('::ffff:203.0.113.7'), '203.0.113.7')
  assert.equal(networkOf('::FFFF:203.0.113.7'), '203.0.113.7')
})

test('IPv6 addresses of one network are one, of two are two', () => {
  const network = '2001:db8:0:7::/64'
  for (const ip of [
    '2001:db8:0:7::1',
    '2001:DB8:0:7:ffff:ffff:ffff:ffff',
    '2001:0db8:0000:0007:0:0:0:0',
    '2001:db8:0:7::',
    '2001:db8::7:0:0:0:1',
    '2001:db8:0:7::192.0.2.1',
    '2001:db8:0:7::1%eth0',
  ]) {
    assert.equal(networkOf(ip), network, ip)
  }
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(networkOf('2001:db8:0:8::1'), '2001:db8:0:8::/64')
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
  assert.equal(networkOf('fe80::1%lo'), 'fe80:0:0:0::/64')
})

test('the last 64 bits make no difference, each of the first does', () => {
  const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
  const half = fc.tuple(group, group, group, group)
  fc.assert(
    fc.property(half, half, half, (network, host, other) => {
      const ip = [...network, ...host].join(':')
      assert.equal(networkOf(ip), `${network.join(':')}::/64`)
      assert.equal(networkOf([...network, ...other].join(':')), networkOf(ip))
    }),
  )
})
