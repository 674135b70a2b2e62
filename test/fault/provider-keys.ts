import assert from 'node:assert/strict'
import { checkOut, add } from '../api/support.ts'
import { startProvider } from '../provider/provider.ts'
import { tally as countAnswers } from '../race/support.ts'
import type { Engine } from '../support/databases.ts'
import { addProduct, type Answer, type TestShop } from '../support/shop.ts'
import { assertMoney } from './provider-checks.ts'
import { openRig } from './provider.ts'
import { randomFrom, type Random } from './random.ts'

export interface KeyOptions {
  readonly engine: Engine
  /** Keys, each of them misused in every way at once. */
  readonly rounds: number
  readonly seed: number
  readonly width?: number
  readonly onRound?: (tally: KeyTally) => void
}

export interface KeyTally {
  rounds: number
  readonly told: Record<string, number>
}

/**
 * One key, at the same moment: sent several times by its owner, with another body, and by somebody
 * else. One order and one charge for each of the two; who changes the body is refused.
 */
export async function keyRounds(options: KeyOptions): Promise<KeyTally> {
  const { engine, rounds, seed, width = 8, onRound = () => undefined } = options
  await using provider = await startProvider()
  await using rig = await openRig(engine, provider, 20_000)
  const { shop } = rig
  const { variantId } = await addProduct(shop.ctx, { onHand: 2 * rounds })
  const random = randomFrom(seed)
  const tally: KeyTally = { rounds: 0, told: {} }
  let next = 0
  const worker = async () => {
    while (next < rounds) {
      const answers = await misuse(shop, { name: `${next++}`, variantId, random })
      for (const [name, count] of Object.entries(countAnswers(answers))) {
        tally.told[name] = (tally.told[name] ?? 0) + count
      }
      tally.rounds += 1
      onRound(tally)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  const found = await assertMoney(rig)
  assert.deepEqual([found.orders, found.paid], [2 * rounds, 2 * rounds])
  await shop.assertAudit()
  return tally
}

interface Case {
  readonly name: string
  readonly variantId: string
  readonly random: Random
}

type Kind = 'same' | 'changed' | 'stranger'

async function misuse(shop: TestShop, { name, variantId, random }: Case): Promise<Answer[]> {
  const [owner, other] = [{ session: `owner-${name}` }, { session: `other-${name}` }]
  for (const who of [owner, other]) {
    assert.equal((await add(shop, who, { variantId })).status, 201)
  }
  const buy = (who: { session: string }, email: string) =>
    checkOut(shop, who, { key: `key-${name}`, email, payment_method: 'http' })
  const count = random.integer(2, 4)
  const kinds: Kind[] = ['changed', ...Array.from({ length: count }, () => 'same' as const)]
  // Sometimes the changed body comes first, and then the others are the ones that changed.
  if (random.chance(0.5)) kinds.reverse()
  kinds.splice(random.integer(0, kinds.length), 0, 'stranger')
  const emails = { same: 'me@example.com', changed: 'you@example.com', stranger: 'me@example.com' }
  const answers = await Promise.all(
    kinds.map((kind) => buy(kind === 'stranger' ? other : owner, emails[kind])),
  )
  assertTold(kinds, answers)
  // Whichever body came first owns the key; it gets its very bytes again, and the other is refused.
  const first = answers.find(({ status }, index) => status === 201 && kinds[index] !== 'stranger')
  const isChanged = first !== undefined && kinds[answers.indexOf(first)] === 'changed'
  const [mine, not] = isChanged ? (['changed', 'same'] as const) : (['same', 'changed'] as const)
  const again = await buy(owner, emails[mine])
  assert.equal(again.status, 201, again.text)
  assert.equal(again.headers.get('idempotent-replayed'), 'true')
  if (first) assert.equal(again.text, first.text)
  const refusal = await buy(owner, emails[not])
  assert.equal(refusal.body.error.code, 'IDEMPOTENCY_KEY_REUSED')
  return answers
}

function assertTold(kinds: readonly string[], answers: readonly Answer[]): void {
  const owners = answers.filter((_, index) => kinds[index] !== 'stranger')
  const [stranger] = answers.filter((_, index) => kinds[index] === 'stranger')
  assert.equal(stranger?.status, 201, stranger?.text ?? '')
  assert.ok(!stranger?.headers.has('idempotent-replayed'))
  const known = ['201', '201 again', '409 REQUEST_IN_PROGRESS', '422 IDEMPOTENCY_KEY_REUSED']
  const counts = countAnswers(owners)
  for (const name of Object.keys(counts)) assert.ok(known.includes(name), name)
  assert.equal(counts['201'], 1, JSON.stringify(counts))
  for (const { status, text } of owners) {
    if (status === 201) assert.equal(text, owners.find((one) => one.status === 201)?.text)
  }
}
