import { Type } from 'typebox'
import { formatMinor, type Minor } from '../core/money.ts'

/** What `JSON.stringify` writes as the very digits it was made of: 29.90 stays 29.90. */
export interface ExactNumber {
  readonly rawJSON: string
}

// Not in TypeScript's library yet: https://tc39.es/proposal-json-parse-with-source/
const { rawJSON } = JSON as unknown as { rawJSON(text: string): ExactNumber }

/** An amount as a JSON number with all digits of its currency, which a float would not keep. */
export function exact(amount: Minor, currency: string): ExactNumber {
  return rawJSON(formatMinor(amount, currency))
}

/** How the OpenAPI document tells it: a number. */
export const Amount = Type.Unsafe<ExactNumber>(
  Type.Number({
    description: 'Exact decimal with the digits of the currency',
    examples: [29.99],
  }),
)
