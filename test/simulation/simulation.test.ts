import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Context } from '../../src/context.ts'
import { Random } from './random.ts'
import { losesUpdates, oversells, sellsTwice, settlesTwice, taxesTooMuch } from './sabotage.ts'
import { simulate, SimulationError, stepsDefault } from './simulate.ts'

const seeds = 50

const inWords = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

async function firstFailure(
  count: number,
  sabotage: (ctx: Context) => Context,
): Promise<SimulationError | undefined> {
  for (let seed = 1; seed <= count; seed++) {
    try {
      await simulate({ seed, steps: stepsDefault, sabotage })
    } catch (error) {
      if (error instanceof SimulationError) return error
      throw error
    }
  }
  return undefined
}

describe('simulation', () => {
  test(`${seeds} seeds of shoppers, staff and failures do what the model says`, async () => {
    const sums = { operations: 0, orders: 0 }
    const kinds = new Set<string>()
    for (let seed = 1; seed <= seeds; seed++) {
      const { operations, orders, outcomes } = await simulate({ seed, steps: stepsDefault })
      sums.operations += operations
      sums.orders += orders
      for (const kind of outcomes.keys()) kinds.add(kind)
    }
    // A simulation in which nothing happens proves nothing.
    assert.ok(sums.operations > 2_000, `${sums.operations} operations`)
    assert.ok(sums.orders > 100, `${sums.orders} orders`)
    for (const kind of ['201 order paid', '201 order placed', '201 order paid again', 'dead']) {
      assert.ok(kinds.has(kind), `there was no "${kind}"`)
    }
  })

  test('a seed gives the same trace every time, and another seed another one', async () => {
    const [first, again, other] = [await hashOf(7), await hashOf(7), await hashOf(8)]
    assert.equal(again, first)
    assert.notEqual(other, first)
  })

  const planted = { sellsTwice, oversells, losesUpdates, settlesTwice, taxesTooMuch }
  for (const [name, sabotage] of Object.entries(planted)) {
    test(`a shop that ${inWords(name)} is found out, with the command that repeats it`, async () => {
      const error = await firstFailure(20, sabotage)
      assert.ok(error, 'the model noticed nothing')
      assert.match(error.message, new RegExp(`npm run simulate -- --seed ${error.seed} --trace`))
    })
  }

  test('the generator gives the same numbers on every machine', () => {
    const random = new Random(1)
    assert.deepEqual(
      [random.next(), random.next(), random.next()],
      [2_336_242_736, 843_576_403, 1_003_790_991],
    )
  })
})

async function hashOf(seed: number): Promise<string> {
  return (await simulate({ seed, steps: stepsDefault })).hash
}
