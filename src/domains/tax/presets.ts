import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRatio, percentText, ratio } from '../../core/ratio.ts'
import type { NewTaxRate, NewTaxZone } from './tax.ts'

const reference = join(import.meta.dirname, '../../../reference')

export interface TaxPreset {
  readonly code: string
  readonly name: string
  /** Where the rates are from, and of when. */
  readonly source: string
  readonly zones: () => NewTaxZone[]
}

/** Tax zones to begin with, made of `reference/`. They are a start, not advice. */
export const taxPresets: readonly TaxPreset[] = [
  {
    code: 'eu-vat',
    name: 'VAT of the European Union and Great Britain, with its history and special territories',
    source: 'ibericode/vat-rates of 2025-08-12',
    zones: europeanZones,
  },
  {
    code: 'us-sales-tax',
    name: 'Sales tax of the states of the USA, without counties and cities',
    source: 'valeriansaliou/node-sales-tax of 2025-10-31',
    zones: americanZones,
  },
  {
    code: 'ca-sales-tax',
    name: 'GST, HST, PST and QST of Canada and its provinces',
    source: 'valeriansaliou/node-sales-tax of 2025-10-31',
    zones: canadianZones,
  },
]

interface VatPeriod {
  readonly effective_from: string
  readonly rates: Readonly<Record<string, number>>
  readonly exceptions?: readonly {
    readonly name: string
    readonly postcode: string
    readonly standard: number
  }[]
}

const read = <T>(file: string): T => JSON.parse(readFileSync(join(reference, file), 'utf8')) as T

const european = {
  isInclusive: true,
  rounding: 'half-up',
  roundPer: 'total',
  shippingClass: 'standard',
} as const

function europeanZones(): NewTaxZone[] {
  const { items } = read<{ items: Record<string, VatPeriod[]> }>('vat-rates-eu-history.json')
  return Object.entries(items).flatMap(([country, periods]) => {
    const ordered = periods.toSorted((one, other) =>
      one.effective_from < other.effective_from ? -1 : 1,
    )
    const hasReverseCharge = country !== 'GB'
    const zone = { ...european, hasReverseCharge, countries: [country] }
    const code = `vat-${country.toLowerCase()}`
    return [
      { ...zone, code, name: `VAT ${country}`, rates: datedRates(ordered, ({ rates }) => rates) },
      ...specialTerritories(ordered).map((territory) => ({
        ...zone,
        ...territory,
        code: `${code}-${territory.code}`,
      })),
    ]
  })
}

function specialTerritories(periods: readonly VatPeriod[]) {
  const all = periods.flatMap(({ exceptions = [] }) => exceptions)
  const byName = new Map(all.map((exception) => [exception.name, exception]))
  return [...byName.values()].map(({ name, postcode }) => ({
    code: name
      .normalize('NFD')
      .toLowerCase()
      .replaceAll(/[\u0300-\u036f]/g, '')
      .replaceAll(/[^a-z]+/g, '-'),
    name: `VAT ${name}`,
    postcodes: patternsOf(postcode),
    rates: datedRates(periods, ({ exceptions = [], rates }) => {
      const found = exceptions.find((exception) => exception.name === name)
      return { standard: found?.standard ?? rates['standard'] ?? 0 }
    }),
  }))
}

/** One rate for each class and period; a period lasts until the next begins. */
function datedRates(
  periods: readonly VatPeriod[],
  ratesOf: (period: VatPeriod) => Readonly<Record<string, number>>,
): NewTaxRate[] {
  return periods.flatMap((period, index) =>
    Object.entries(ratesOf(period)).map(([taxClass, rate]) => ({
      taxClass,
      name: `VAT ${rate} %`,
      percent: String(rate),
      isCompound: false,
      startsAt: index === 0 ? null : Date.parse(period.effective_from),
      endsAt: dateOf(periods[index + 1]?.effective_from),
    })),
  )
}

const dateOf = (text: string | undefined): number | null =>
  text === undefined ? null : Date.parse(text)

/** The postcode patterns of an expression such as `(35\d{3}|5100[1-5])`. */
function patternsOf(expression: string): string[] {
  return expression
    .replaceAll(/[()]/g, '')
    .split('|')
    .flatMap((text) => {
      const plain = text
        .replaceAll(/\\d\{(\d),\}/g, (_, count: string) => `${'#'.repeat(Number(count))}*`)
        .replaceAll(/\\d\{(\d)\}/g, (_, count: string) => '#'.repeat(Number(count)))
      return expanded(plain)
    })
}

/** `699[123]` and `9[0-4]##*` as a pattern for each of their digits. */
function expanded(text: string): string[] {
  const [open, close] = [text.indexOf('['), text.indexOf(']')]
  if (open < 0 || close < open) return [text]
  const digits = text.slice(open, close + 1)
  const [before, after] = [text.slice(0, open), text.slice(close + 1)]
  return [...'0123456789']
    .filter((digit) => new RegExp(digits).test(digit))
    .flatMap((digit) => expanded(`${before}${digit}${after}`))
}

interface Region {
  readonly rate: number
  readonly type: string
  readonly before?: Readonly<Record<string, { readonly rate: number }>>
}

type World = Readonly<Record<string, { rate: number; states?: Readonly<Record<string, Region>> }>>

const american = {
  isInclusive: false,
  rounding: 'half-up',
  roundPer: 'total',
  hasReverseCharge: false,
} as const

function americanZones(): NewTaxZone[] {
  const { US } = read<World>('sales-tax-rates-world.json')
  return Object.entries(US?.states ?? {}).map(([state, { rate }]) => ({
    ...american,
    code: `us-${state.toLowerCase()}`,
    name: `Sales tax ${state}`,
    countries: ['US'],
    regions: [state],
    shippingClass: null,
    rates: [rateOf({ name: `Sales tax ${state}`, percent: percentOf(rate) })],
  }))
}

function canadianZones(): NewTaxZone[] {
  const { CA } = read<World>('sales-tax-rates-world.json')
  const gst = CA?.rate ?? 0
  const canadian = { ...american, countries: ['CA'], shippingClass: 'standard' }
  const federal = rateOf({ name: 'GST', percent: percentOf(gst) })
  const provinces = Object.entries(CA?.states ?? {}).map(([province, region]) => ({
    ...canadian,
    code: `ca-${province.toLowerCase()}`,
    name: `${region.type.toUpperCase()} ${province}`,
    regions: [province],
    rates: region.type === 'hst' ? harmonised(gst, region) : [federal, ownTax(region)],
  }))
  return [{ ...canadian, code: 'ca-gst', name: 'GST Canada', rates: [federal] }, ...provinces]
}

const ownTax = ({ rate, type }: Region): NewTaxRate =>
  rateOf({ name: type.toUpperCase(), percent: percentOf(rate) })

/** A harmonised tax is one tax: the federal part and the province's. Dates tell until when. */
function harmonised(gst: number, { rate, before = {} }: Region): NewTaxRate[] {
  const [change] = Object.entries(before)
  const now = rateOf({ name: 'HST', percent: percentSum(gst, rate) })
  if (!change) return [now]
  const [until, earlier] = change
  const moment = Date.parse(until)
  return [
    { ...rateOf({ name: 'HST', percent: percentSum(gst, earlier.rate) }), endsAt: moment },
    { ...now, startsAt: moment },
  ]
}

function rateOf({ name, percent }: { name: string; percent: string }): NewTaxRate {
  return {
    taxClass: 'standard',
    name,
    percent,
    isCompound: false,
    startsAt: null,
    endsAt: null,
  }
}

/** 0.09975 as '9.975': by its digits, since 100 × 0.09975 is another number. */
const percentOf = (rate: number): string => percentText(parseRatio(String(rate)) ?? ratio(0n, 1n))

const percentSum = (one: number, other: number): string =>
  percentOf(Math.round((one + other) * 1_000_000) / 1_000_000)
