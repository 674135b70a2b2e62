import { types } from 'pg'
import { exactInteger, exactNumber } from '../values.ts'

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [types.builtins.INT8]: exactInteger,
  [types.builtins.NUMERIC]: exactNumber,
  [types.builtins.JSON]: (text) => text,
  [types.builtins.JSONB]: (text) => text,
}

/** Makes a value of what the server answers as text, by the type of its column. */
export function parserOf(oid: number): (text: string) => unknown {
  return parsers[oid] ?? (types.getTypeParser(oid, 'text') as (text: string) => unknown)
}
