import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertOutsideTransaction, outsideTransactions, runInTransactionScope } from './scope.ts'

const isInside = (): boolean => {
  try {
    assertOutsideTransaction('a call')
    return false
  } catch {
    return true
  }
}

test('the inside of a transaction is known however deep and late the call comes', async () => {
  const deep = async (): Promise<boolean> => {
    await sleep(1)
    return Promise.resolve().then(isInside)
  }
  assert.equal(isInside(), false)
  assert.equal(await runInTransactionScope(deep), true)
  assert.equal(isInside(), false)
  assert.equal(await deep(), false)
})

test('what runs beside a transaction is outside of it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const running = runInTransactionScope(() => promise)
  assert.equal(isInside(), false)
  resolve()
  await running
})

test('a call over the network inside a transaction is refused by name', async () => {
  const driver = outsideTransactions('mail', {
    kind: 'smtp',
    sent: 0,
    send(count: number): number {
      this.sent += count
      return this.sent
    },
  })
  assert.equal(driver.kind, 'smtp')
  assert.equal(driver.send(2), 2)
  assert.equal(driver.send(1), 3)
  await assert.rejects(
    runInTransactionScope(async () => driver.send(1)),
    { message: 'mail.send was attempted inside a database transaction' },
  )
  assert.equal(driver.sent, 3)
  assert.equal(await runInTransactionScope(async () => driver.kind), 'smtp')
})
