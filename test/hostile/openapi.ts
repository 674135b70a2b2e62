import { permissions, type Permission } from '../../src/domains/access/permissions.ts'
import type { Allow } from '../../src/http/app.ts'
import type { TestShop } from '../support/shop.ts'

/** As much of a JSON Schema as route schemas use. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly examples?: readonly unknown[]
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly minItems?: number
}

interface Parameter {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly schema: Schema
}

interface RawOperation {
  readonly security?: readonly object[]
  readonly 'x-allow': Allow
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; example?: unknown }>>
  }
  readonly responses: Readonly<Record<string, unknown>>
}

export interface Operation {
  readonly method: string
  /** With `{parameters}`. */
  readonly path: string
  readonly pathParameters: readonly string[]
  readonly queryParameters: readonly string[]
  readonly body: Schema | undefined
  readonly bodyExample: unknown
  /** Nobody has to sign in. */
  readonly isOpen: boolean
  /** The permission that is needed, where one is. */
  readonly permission: Permission | undefined
}

/** Every operation of the shop, as its own document tells it. */
export async function listOperations(shop: TestShop): Promise<Operation[]> {
  const document = (await shop.call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, RawOperation>>
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => operationOf(method.toUpperCase(), path, raw)),
  )
}

function operationOf(method: string, path: string, raw: RawOperation): Operation {
  const named = (place: Parameter['in']) =>
    (raw.parameters ?? []).filter((one) => one.in === place).map(({ name }) => name)
  const { 'x-allow': allow } = raw
  const [content] = Object.values(raw.requestBody?.content ?? {})
  return {
    method,
    path,
    pathParameters: named('path'),
    queryParameters: named('query'),
    body: content?.schema,
    bodyExample: content?.example ?? content?.schema.examples?.[0],
    isOpen: allow === 'public' || allow === 'shopper',
    permission: Object.hasOwn(permissions, allow) ? (allow as Permission) : undefined,
  }
}

export type Path = readonly (string | number)[]

/** Where values stand in a body of this schema; `*` is the key of a free-form object. */
export function fieldsOf(schema: Schema | undefined, at: Path = []): Path[] {
  if (!schema) return []
  const choices = schema.anyOf ?? [schema]
  const inner = choices.flatMap((choice) => [
    ...Object.entries(choice.properties ?? {}).flatMap(([name, child]) =>
      fieldsOf(child, [...at, name]),
    ),
    ...(choice.items ? fieldsOf(choice.items, [...at, 0]) : []),
    ...(isFreeForm(choice) ? [[...at, '*']] : []),
  ])
  return at.length === 0 ? inner : [at, ...inner]
}

function isFreeForm({ type, properties, additionalProperties }: Schema): boolean {
  return type === 'object' && !properties && additionalProperties !== false
}

/** Real values by the name of their field, so that a body is refused for the hostile part alone. */
export type Known = Readonly<Record<string, () => unknown>>

/** A body that the schema accepts: what is required, from what is known of the shop. */
export function sampleOf(schema: Schema, known: Known, name = ''): unknown {
  const value = known[name]
  if (value) return value()
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sampleOf(schema.anyOf[0] ?? {}, known, name)
  if (schema.properties) return sampleObject(schema, known)
  if (schema.type === 'array') return schema.items ? [sampleOf(schema.items, known, name)] : []
  if (schema.examples) return schema.examples[0]
  if (schema.type === 'object') return {}
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return schema.type === 'boolean' ? true : 'sample'
}

function sampleObject({ properties = {}, required = [] }: Schema, known: Known): object {
  const entries = required.map((name) => [name, sampleOf(properties[name] ?? {}, known, name)])
  return Object.fromEntries(entries) as object
}

/** The body with one value replaced; what is missing on the way is made up. */
export function withValue(body: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (typeof key === 'number') {
    const list = Array.isArray(body) ? [...(body as unknown[])] : []
    list[key] = withValue(list[key], rest, value)
    return list
  }
  const object = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}
  const name = key === '*' ? 'anything' : key
  const child = (object as Record<string, unknown>)[name]
  return { ...object, [name]: withValue(child, rest, value) }
}
