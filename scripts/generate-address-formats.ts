import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { AddressFormats, CountryFormat } from '../src/core/address.ts'

const source = new URL('../reference/address-formats.jsonl.gz', import.meta.url)
const target = new URL('../reference/address-formats.json', import.meta.url)

/** Entries that are no countries of ISO 3166-1: the default, and three codes of other lists. */
const notInIso = new Set(['ZZ', 'AC', 'TA', 'XK'])

/**
 * Postal codes that have changed since the source was made, or that it writes in one way only. A
 * code that is right must never be refused, so old and new ones are taken.
 */
const postalCodes: Readonly<Record<string, { postalCode: string; example: string }>> = {
  /** Six digits since 2016 (Cambodia Post). */
  KH: { postalCode: '\\d{5,6}', example: '120101' },
  /** Five digits since August 2015 (Korea Post). */
  KR: { postalCode: '\\d{5}|\\d{3}-\\d{3}', example: '03051' },
  /** Letters and digits by turns since 2015 (Kazpost); the six digits stay valid. */
  KZ: { postalCode: '\\d{6}|[A-Z]\\d{2}[A-Z]\\d[A-Z]\\d', example: '050012' },
  /** The prefix stands in the source's pattern; within the country it is left out. */
  LV: { postalCode: '(?:LV-)?\\d{4}', example: 'LV-1010' },
  /** Five digits since 2014 (Mauritius Post). */
  MU: { postalCode: '\\d{5}|\\d{3}[A-Z]{2}\\d{3}', example: '11302' },
  /** Six digits since 2020 (DINACOPA). */
  PY: { postalCode: '\\d{4}(?:\\d{2})?', example: '1536' },
  /** Four digits; CP stands for "código postal". */
  SV: { postalCode: '(?:CP )?[1-3][1-7][0-2]\\d', example: '1101' },
  /** Three digits, with two more, or with three since 2020 (Chunghwa Post). */
  TW: { postalCode: '\\d{3}(?:\\d{2,3})?', example: '10603' },
  /** Five digits since 2018 (Vietnam Post). */
  VN: { postalCode: '\\d{5,6}', example: '70000' },
}

/** Provinces that are younger than the source. */
const youngStates: Readonly<Record<string, readonly (readonly string[])[]>> = {
  IT: [['SU', 'Sud Sardegna']],
}

/** What is required where the source is silent: its own entry for unknown countries (ZZ). */
const requiredByDefault = 'AC'

interface Entry {
  readonly key: string
  readonly require?: string
  readonly zip?: string
  readonly zipex?: string
  readonly postprefix?: string
  readonly sub_keys?: string
  readonly sub_names?: string
  readonly sub_lnames?: string
  readonly sub_isoids?: string
}

/** The rules of every country by its code, from the lines of libaddressinput. */
export function generateAddressFormats(jsonLines: string): AddressFormats {
  const entries = jsonLines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Entry)
  const byCode = Map.groupBy(
    entries.filter(({ key }) => !notInIso.has(key)),
    ({ key }) => key,
  )
  const codes = [...byCode.keys()].toSorted()
  return Object.fromEntries(codes.map((code) => [code, formatOf(code, byCode.get(code) ?? [])]))
}

/** A country with several languages has an entry for each, which differ in names alone. */
function formatOf(code: string, entries: readonly Entry[]): CountryFormat {
  const { require = requiredByDefault, zip, zipex, postprefix } = entries[0]!
  const states = [...entries.flatMap(statesOf), ...(youngStates[code] ?? [])]
  const pattern = new RegExp(`^(?:${zip})$`)
  // Some of the examples of the source are none.
  const example = zipex?.split(',').find((code) => pattern.test(code))
  return {
    require: [...require].toSorted().join(''),
    ...(zip === undefined ? {} : { postalCode: zip }),
    ...(example === undefined ? {} : { example }),
    ...postalCodes[code],
    ...(postprefix === undefined ? {} : { prefix: postprefix.trim() }),
    ...(states.length === 0 ? {} : { states: merged(states) }),
  }
}

/** Each as [key, its other names…]. */
function statesOf(entry: Entry): string[][] {
  const { sub_keys: keys = '', sub_names: names, sub_lnames: latin, sub_isoids: ids } = entry
  const lists = [keys, names, latin, ids].map((list) => list?.split('~') ?? [])
  const count = keys === '' ? 0 : (lists[0]?.length ?? 0)
  for (const list of lists) {
    if (list.length !== 0 && count !== 0 && list.length !== count) {
      throw new Error(`${entry.key} has lists of different lengths.`)
    }
  }
  return Array.from({ length: count }, (_, index) => [
    ...new Set(lists.flatMap((list) => (list[index] ? [list[index]] : []))),
  ])
}

function merged(states: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const names = Map.groupBy(states, ([key]) => key ?? '')
  return [...names].map(([key, lists]) => [...new Set([key, ...lists.flat()])])
}

/** A country to a line, so that a change can be read. */
export function textOf(formats: AddressFormats): string {
  const lines = Object.entries(formats).map(
    ([code, format]) => `  ${JSON.stringify(code)}: ${JSON.stringify(format)}`,
  )
  return `{\n${lines.join(',\n')}\n}\n`
}

/** The lines of the source. */
export const readSource = (): string => gunzipSync(readFileSync(source)).toString()

if (import.meta.main) writeFileSync(target, textOf(generateAddressFormats(readSource())))
