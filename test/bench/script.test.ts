import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseLogLine, resultOf } from '../../bench/database/pgbench.ts'
import { pgbenchScript } from '../../bench/database/pgbench-script.ts'
import type { Step } from '../../bench/database/recorder.ts'
import { bind, scriptOf, shareOf, type Recording } from '../../bench/database/script.ts'

const nowMs = 1_795_272_822_469

const step = (kind: Step['kind'], sql: string, params: readonly unknown[] = []): Step => ({
  kind,
  sql,
  params,
  rows: 1,
  joined: false,
})

/** An order for one article, as the shop would have written it down. */
function order({
  id,
  price,
  sql = 'insert into o values ($1, $2, $3, $4)',
}: OrderParts): Recording {
  const row = JSON.stringify({ id, price, note: '100 % wool', expires_at: nowMs + 900_000 })
  return {
    steps: [
      step('begin', 'begin'),
      { ...step('statement', sql, [id, row, null, nowMs]), joined: true },
      step('statement', 'update s set n = $1::json where p = $2', ['open', price]),
      step('commit', 'commit'),
    ],
    ownTexts: [id],
    nowMs,
  }
}

interface OrderParts {
  readonly id: string
  readonly price: number
  readonly sql?: string
}

describe('a script made of recorded operations', () => {
  const script = scriptOf([
    order({ id: 'first-id', price: 5 }),
    order({ id: 'other-id', price: 7 }),
  ])

  test('makes ids and times anew, inside of JSON too, and leaves the rest as it was', () => {
    const [, params = []] = script.variants[1]?.params ?? []
    const bound = params.map((value) => bind(value, { ids: ['new-id'], nowMs: nowMs + 1_000 }))
    assert.deepEqual(bound, [
      'new-id',
      `{"id":"new-id","price":7,"note":"100 % wool","expires_at":${nowMs + 901_000}}`,
      null,
      nowMs + 1_000,
    ])
  })

  test('is refused if the operations ran different statements, or one was rolled back', () => {
    const other = order({ id: 'x', price: 1, sql: 'insert into other values ($1, $2, $3, $4)' })
    assert.throws(
      () => scriptOf([order({ id: 'first-id', price: 5 }), other]),
      /differ at statement 2:\n {2}insert into o .*\n {2}insert into other /,
    )
    const undone = { ...other, steps: [step('rollback', 'rollback')] }
    assert.throws(() => scriptOf([undone]), /a transaction was undone/)
  })

  test('becomes a file for pgbench with the same SQL texts', () => {
    const { text, table, constants } = pgbenchScript(script, { shares: 1 })
    const [choice, preparation, ...statements] = text.split('\n')
    assert.equal(choice, '\\set k (:client_id % 1) * 2 + random(0, 1)')
    assert.match(preparation ?? '', /select i0 as v0, format\(p0, i0, now \+ 900000\) as v1, /)
    assert.match(preparation ?? '', /now \+ 0 as v2, p1 as v3 from .* where k = :k \\gset$/)
    assert.deepEqual(statements, [
      '\\startpipeline',
      'begin;',
      'insert into o values (:v0, :v1, null, :v2);',
      '\\endpipeline',
      'update s set n = :c0::json where p = :v3;',
      'commit;',
      '',
    ])
    assert.deepEqual(constants, { c0: 'open' })
    assert.deepEqual(table, {
      columns: 2,
      rows: [
        ['{"id":"%1$s","price":5,"note":"100 %% wool","expires_at":%2$s}', '5'],
        ['{"id":"%1$s","price":7,"note":"100 %% wool","expires_at":%2$s}', '7'],
      ],
    })
  })

  test('is shared out so that connections have variants of their own, if there are enough', () => {
    const shares = [0, 1, 2].map((index) => shareOf(script, { index, shares: 3 }))
    assert.deepEqual(shares, [
      { first: 0, count: 1 },
      { first: 1, count: 1 },
      { first: 0, count: 1 },
    ])
    assert.deepEqual(shareOf(script, { index: 2, shares: 1 }), { first: 0, count: 2 })
  })
})

test('what pgbench did counts after its first second, for as long as was asked', () => {
  const at = (seconds: number, latencyMs: number) => ({ endMs: seconds * 1_000, latencyMs })
  assert.deepEqual(parseLogLine('3 17 2500 0 1795272822 469000'), {
    endMs: nowMs,
    latencyMs: 2.5,
  })
  const logged = [at(0.5, 500), at(1.2, 20), at(1.9, 40), at(2.5, 30), at(3.5, 10)]
  assert.deepEqual(resultOf(logged, 2), {
    operations: 3,
    elapsedMs: 2_000,
    p50Ms: 30,
    p99Ms: 40,
    cpuMs: 0,
  })
})
