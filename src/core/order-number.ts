/**
 * How orders are called towards people: a pattern of fixed text and parts in braces, such as
 * `CW-{year}-{number:6}`. Made of the order's number and its date alone, so that nothing more has
 * to be counted or stored, and read back to the number.
 */
export interface OrderNumberFormat {
  /** The reference of an order; `at` is when it was placed, in UTC milliseconds. */
  write(order: { readonly number: number; readonly at: number }): string
  /** The number in what may be a reference, in any case; undefined if it has not its form. */
  read(text: string): number | undefined
}

/** Years, months and days are those of UTC, as all times here. */
interface Part {
  /** What it looks like, as a pattern. */
  readonly pattern: string
  write(number: number, date: CalendarDate): string
}

interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0')

const dateParts: Readonly<Record<string, Part>> = {
  year: { pattern: '[0-9]{4}', write: (_, { year }) => padded(year, 4) },
  month: { pattern: '[0-9]{2}', write: (_, { month }) => padded(month, 2) },
  day: { pattern: '[0-9]{2}', write: (_, { day }) => padded(day, 2) },
}

const numberPart = (digits: number): Part => ({
  pattern: '([0-9]{1,15})',
  write: (number) => padded(number, digits),
})

const literalPart = (text: string): Part => ({
  pattern: text.replaceAll('.', String.raw`\.`),
  write: () => text,
})

const lengthMax = 40

/**
 * The format that `text` describes, or what is wrong with it. It has `{number}` (or `{number:6}`,
 * filled up with zeros) once; what has nothing but digits would be taken for a plain number.
 */
export function orderNumberFormat(text: string): OrderNumberFormat | string {
  if (text === '{number}') return plainFormat
  if (text.length > lengthMax) return `may have ${lengthMax} characters`
  const pieces = text.split(/(\{[^{}]*\})/).filter((piece) => piece !== '')
  const parts = pieces.map(partOf)
  const unknown = pieces.find((_, index) => !parts[index])
  if (unknown !== undefined) {
    return `cannot contain "${unknown}": letters, digits, . _ - {number} {year} {month} {day}`
  }
  if (pieces.filter((piece) => piece.startsWith('{number')).length !== 1) {
    return 'must contain {number} once'
  }
  if (!pieces.some((piece) => !piece.startsWith('{') && /[^0-9]/.test(piece))) {
    return 'must contain a letter or a sign, unless it is {number} alone'
  }
  return formatOf(parts.filter((part) => part !== undefined))
}

function partOf(piece: string): Part | undefined {
  const [, name = '', digits] =
    /^\{(number|year|month|day)(?::([1-9]|1[0-5]))?\}$/.exec(piece) ?? []
  if (name === 'number') return numberPart(Number(digits ?? 1))
  if (name !== '') return digits === undefined ? dateParts[name] : undefined
  return /^[A-Za-z0-9._-]+$/.test(piece) ? literalPart(piece) : undefined
}

const plainFormat: OrderNumberFormat = {
  write: ({ number }) => String(number),
  read: (text) => (/^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined),
}

function formatOf(parts: readonly Part[]): OrderNumberFormat {
  const pattern = new RegExp(`^${parts.map((part) => part.pattern).join('')}$`, 'i')
  return {
    write({ number, at }) {
      const date = calendarDate(at)
      return parts.map((part) => part.write(number, date)).join('')
    },
    read(text) {
      const digits = pattern.exec(text)?.[1]
      return digits === undefined ? undefined : Number(digits)
    },
  }
}

const dayMs = 86_400_000

/**
 * The day of the Gregorian calendar, by counting from 1 March of the year 0, so that leap days come
 * last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
 */
export function calendarDate(at: number): CalendarDate {
  const days = Math.floor(at / dayMs) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const leap = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524)
  const yearOfEra = Math.floor((dayOfEra - leap + Math.floor(dayOfEra / 146_096)) / 365)
  const before = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const dayOfYear = dayOfEra - before
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
