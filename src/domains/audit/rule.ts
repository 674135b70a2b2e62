import type { RawBuilder } from 'kysely'

/** One thing that must never be; `rows` finds where it is. */
export interface Rule {
  readonly name: string
  readonly rows: (limit: number) => RawBuilder<Record<string, unknown>>
}
