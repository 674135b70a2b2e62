import { Connection, type Answer } from './client/connection.ts'
import type { StatementRecorder } from './recorder.ts'
import { scenarios, seededRandom, type Facts, type ScenarioName } from './scenarios.ts'

export interface Ports {
  readonly shop: number
  readonly bare: number
}

/** Says where the two servers differ; they do the same work if the list is empty. */
export async function differences(
  { shop, bare }: Ports,
  { name, facts, recorder }: { name: ScenarioName; facts: Facts; recorder?: StatementRecorder },
): Promise<string[]> {
  const connections = [await Connection.open(shop), await Connection.open(bare)] as const
  const random = seededRandom(name.length)
  const visitor = scenarios[name].visitor({ facts, random, name: `check-${name}` })
  const operations = [...visitor.prepare, ...Array.from({ length: 5 }, () => visitor.next()).flat()]
  const found: string[] = []
  for (const request of operations) {
    recorder?.take()
    const expected = await connections[0].request(request)
    const shopSql = recorder?.take() ?? []
    const actual = await connections[1].request(request)
    found.push(...bodyDifference(request, expected, actual))
    found.push(...sqlDifferences(shopSql, recorder?.take() ?? []))
  }
  for (const connection of connections) connection.close()
  return [...new Set(found)]
}

/** What is made anew on each side: ids, times, and the token that is made from an id. */
const ownValues: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '(id)'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '(time)'],
  [/"token":"[\w-]+"/g, '"token":"(token)"'],
]

function withoutOwnValues(text: string): string {
  // Events of the same millisecond are told apart by their ids, hence come in any order.
  const body = JSON.parse(text) as { data: { timeline?: { type: string }[] } }
  body.data.timeline?.sort((left, right) => (left.type < right.type ? -1 : 1))
  return ownValues.reduce(
    (rest, [pattern, name]) => rest.replaceAll(pattern, name),
    JSON.stringify(body),
  )
}

function bodyDifference(request: string, expected: Answer, actual: Answer): string[] {
  const where = request.split(' HTTP', 1)[0] ?? ''
  if (expected.status !== actual.status || expected.status >= 300) {
    return [`${where}: the shop answers ${expected.status}, the bare server ${actual.status}`]
  }
  const isRead = request.startsWith('GET')
  const [shop, bare] = [expected, actual].map(({ body }) =>
    // What is read was loaded once and copied, so there even ids and times are the same.
    isRead ? body.toString() : withoutOwnValues(body.toString()),
  ) as [string, string]
  if (shop === bare) return []
  const at = [...shop].findIndex((character, index) => character !== bare[index])
  const [left, right] = [shop, bare].map((text) => text.slice(Math.max(0, at - 60), at + 60))
  return [`${where}: the bodies differ\n    shop: …${left}…\n    bare: …${right}…`]
}

function sqlDifferences(shop: readonly string[], bare: readonly string[]): string[] {
  const rest = [...bare]
  const missing = shop.filter((text) => {
    const index = rest.indexOf(text)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
  return [
    ...missing.map((text) => `only the shop runs: ${text}`),
    ...rest.map((text) => `only the bare server runs: ${text}`),
  ]
}
