import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type {
  FastifySchemaCompiler,
  FastifySchemaValidationError,
  FastifySerializerCompiler,
} from 'fastify'
import type { TSchema } from 'typebox'
import { invalid, type ShopError } from '../core/errors.ts'

const options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  // Errors carry their schema, whose description says more to people than a pattern does.
  verbose: true,
} as const

// A body says what it means ({"quantity": "2"} is refused); a URL can only hold text.
const strict = new Ajv({ ...options, coerceTypes: false })
// With strict numbers, Ajv would coerce "Infinity" and then hold no limit against it.
const lenient = new Ajv({ ...options, coerceTypes: true, strictNumbers: false })
const formats = ['uuid', 'email', 'uri', 'date-time'] as const
addFormats.default(strict, [...formats])
addFormats.default(lenient, [...formats])
for (const ajv of [strict, lenient]) ajv.addKeyword('example').addKeyword('x-order')

/**
 * Compiles a part of a route's schema when the first request needs it: all of them at start would
 * cost more than the rest of the start. A test calls every route, so a broken schema is found.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let validate: ValidateFunction | undefined
  return (data: unknown): boolean | { error: Error } => {
    validate ??= (httpPart === 'body' ? strict : lenient).compile(schema)
    if (validate(data)) return true
    const error = new Error('invalid input')
    return { error: Object.assign(error, { validation: validate.errors ?? [] }) }
  }
}

/**
 * Answers are made by the views and written as they are. Serialisers compiled from the schemas took
 * 2.6 times as long for a list; that answers keep to their schemas is what tests are for.
 */
export const serializerCompiler: FastifySerializerCompiler<unknown> = () => JSON.stringify

/** One sentence on the first thing that is wrong: which field, and what was expected. */
export function describeValidation(
  errors: readonly FastifySchemaValidationError[],
  part: string | undefined,
): ShopError {
  const first = mostTelling(errors)
  if (!first) return invalid(part ?? 'body', 'is invalid')
  const path = first.instancePath.slice(1).replaceAll('/', '.')
  const { params, keyword } = first
  const child = String(params['missingProperty'] ?? params['additionalProperty'] ?? '')
  const field = [path, child].filter((text) => text !== '').join('.') || (part ?? 'body')
  if (keyword === 'required') return invalid(field, 'is required')
  if (keyword === 'additionalProperties') return invalid(field, 'is not known')
  if (keyword === 'enum') return invalid(field, `must be one of ${listed(params['allowedValues'])}`)
  if (keyword === 'pattern') return invalid(field, patternIssue(first))
  return invalid(field, first.message ?? 'is invalid')
}

/** An object schema of one kind, among several that are told apart by their `kind`. */
interface KindSchema {
  readonly properties?: { readonly kind?: { readonly enum?: readonly string[] } }
}

interface VerboseError extends FastifySchemaValidationError {
  readonly parentSchema?: KindSchema
  readonly schema?: unknown
  readonly data?: unknown
}

const kindOf = (schema: KindSchema | undefined): string | undefined =>
  schema?.properties?.kind?.enum?.[0]

/**
 * Of several forms that are told apart by their `kind`, the one that was meant is wrong in
 * something else; if none was meant, the kind is.
 */
function mostTelling(
  errors: readonly FastifySchemaValidationError[],
): FastifySchemaValidationError | undefined {
  const verbose = errors as readonly VerboseError[]
  const forms = verbose.find(({ keyword }) => keyword === 'anyOf')
  const kinds = Array.isArray(forms?.schema) ? (forms.schema as KindSchema[]).map(kindOf) : []
  if (!forms || kinds.length === 0 || kinds.includes(undefined)) return errors[0]
  const given = (forms.data as { kind?: unknown } | null)?.kind
  const meant = verbose.find((error) => {
    if (error === forms || error.instancePath === `${forms.instancePath}/kind`) return false
    const own = kindOf(error.parentSchema)
    return own === undefined || own === given
  })
  if (meant && kinds.some((kind) => kind === given)) return meant
  const instancePath = `${forms.instancePath}/kind`
  return { ...forms, keyword: 'enum', instancePath, params: { allowedValues: kinds } }
}

function patternIssue(error: FastifySchemaValidationError): string {
  const { parentSchema } = error as { parentSchema?: { description?: string } }
  const expected = parentSchema?.description
  if (expected === undefined) return error.message ?? 'is invalid'
  // "At least 8 characters" becomes part of a sentence, "ISO 3166-1" stays as it is.
  return `must be ${expected.replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase())}`
}

function listed(values: unknown): string {
  return Array.isArray(values) ? values.join(', ') : String(values)
}

/** Deeper values mean nothing here, and would exhaust the stack of whatever walks them. */
const levelsMax = 100

/**
 * Text that not every database can store: U+0000 and halves of surrogate pairs. No name or address
 * has them, so they are refused everywhere alike.
 */
export function isUnstorable(value: unknown, levels = levelsMax): boolean {
  if (typeof value === 'string') return value.includes('\u0000') || !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.entries(value).some(
    ([key, child]) => isUnstorable(key) || isUnstorable(child, levels - 1),
  )
}
