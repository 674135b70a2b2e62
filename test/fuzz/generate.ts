import fc from 'fast-check'

/** The part of JSON Schema that the route schemas use. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly examples?: readonly unknown[]
}

type Values = fc.Arbitrary<unknown>

const uuid = '0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'

/** What fits a schema: mostly plain and often its own examples, so that some requests succeed. */
export function fitting(schema: Schema): Values {
  const { examples, anyOf, const: only } = schema
  const own = plainly(schema, anyOf, only)
  if (!examples || examples.length === 0) return own
  return fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...examples) },
    { weight: 1, arbitrary: own },
  )
}

function plainly(schema: Schema, anyOf: readonly Schema[] | undefined, only: unknown): Values {
  if (only !== undefined) return fc.constant(only)
  if (anyOf) return fc.oneof(...anyOf.map(fitting))
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
    case 'number':
      return whole(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fitting(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
      })
    case 'object':
      return record(schema)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function whole({ minimum = 0, maximum = 1_000_000 }: Schema): Values {
  const small = fc.integer({ min: Math.max(minimum, -3), max: Math.min(maximum, 5) })
  return fc.oneof(
    { weight: 4, arbitrary: small },
    { weight: 1, arbitrary: fc.integer({ min: minimum, max: maximum }) },
  )
}

function text({ pattern, format, minLength = 0, maxLength = 50 }: Schema): Values {
  if (format === 'uuid') return fc.oneof(fc.constant(uuid), fc.uuid())
  if (format === 'email') return fc.constantFrom('ada@example.com', 'grace@example.org')
  if (format === 'uri') return fc.constant('https://example.com/picture.png')
  // Look-aheads cannot be generated from; the examples cover those fields.
  if (pattern !== undefined && !pattern.includes('(?')) {
    return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' })
  }
  return fc.string({ minLength, maxLength: Math.min(maxLength, 50), unit: 'grapheme' })
}

function record({ properties = {}, required = [] }: Schema): Values {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, fitting(schema)]),
  )
  return fc.record(model, { requiredKeys: [...required] as never[] })
}

const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '',
    ' ',
    'null',
    '0',
    '-1',
    '1e308',
    '\u0000',
    "' or 1=1 --",
    '%00',
    '__proto__',
    -0,
    1e21,
    2 ** 53,
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
)

/** What fits, or something else in one place or as a whole. */
export function nearly(schema: Schema): Values {
  return fc.oneof(
    { weight: 6, arbitrary: fitting(schema) },
    { weight: 3, arbitrary: fc.tuple(fitting(schema), hostile, fc.nat()).map(spoilt) },
    { weight: 1, arbitrary: hostile },
  )
}

function spoilt([value, poison, place]: [unknown, unknown, number]): unknown {
  if (typeof value !== 'object' || value === null) return poison
  const keys = Object.keys(value)
  const key = keys[place % (keys.length + 1)] ?? 'unexpected'
  return { ...value, [key]: poison }
}
