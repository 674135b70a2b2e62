import type { Model } from './model.ts'
import { never } from './state.ts'
import type { World } from './world.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const jumps = {
  moments: 20,
  seconds: 20,
  minutes: 20,
  deadline: 50,
  hour: 5,
  back: 5,
  days: 6,
  month: 2,
} as const

/** By how much the clock moves. It may be set back, as clocks are. */
export function chooseTime(world: World): number {
  const { random } = world
  switch (random.weighted(jumps)) {
    case 'moments':
      return random.between(1, 999)
    case 'seconds':
      return random.between(1, 60) * secondMs
    case 'minutes':
      return random.between(1, 20) * minuteMs
    case 'deadline':
      return untilDeadline(world)
    case 'hour':
      return hourMs
    case 'back':
      return -hourMs
    case 'days':
      return random.between(1, 3) * dayMs
    case 'month':
      return 31 * dayMs
  }
}

/** To where something is about to become due, or just has: mistakes like to be there. */
function untilDeadline({ random, clock, model }: World): number {
  const orders = [...model.orders.values()].map(({ checkAt }) => checkAt)
  const soon = (random.chance(50) ? orders : deadlinesOf(model)).filter(
    (time) => time > clock.time && time !== never,
  )
  if (soon.length === 0) return secondMs
  return random.pick(soon) - clock.time + random.pick([-1, 0, 0, 1])
}

/** When something becomes due. */
export function deadlinesOf(model: Model): number[] {
  const orders = [...model.orders.values()]
  return [
    ...orders.map(({ checkAt }) => checkAt).filter((time) => time !== never),
    ...orders.filter(({ hold }) => hold === 'active').map(({ holdUntil }) => holdUntil),
    ...[...model.keys.values()].map(({ until }) => until),
    ...[...model.carts.values()].map(({ expiresAt }) => expiresAt),
  ]
}
