import fc from 'fast-check'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { TestShop } from '../support/shop.ts'
import { nearly, type Schema } from './generate.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: Schema
  readonly example?: unknown
}

interface Content {
  readonly 'application/json'?: { readonly schema: Schema }
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

export interface Endpoint {
  readonly method: string
  readonly path: string
  readonly operation: Operation
  /** What the schemas of the document refer to. */
  readonly components: object
}

/** Every operation of the document, with what its answers must look like. */
export async function endpointsOf(shop: TestShop): Promise<Endpoint[]> {
  const { body } = await shop.call('GET', '/openapi.json')
  const paths = body.paths as Record<string, Record<string, Operation>>
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
      components: body.components as object,
    })),
  )
}

export interface FuzzedRequest {
  readonly url: string
  readonly body: unknown
}

/** Requests to one endpoint, right or nearly right in every part. */
export function requestsTo({ path, operation }: Endpoint): fc.Arbitrary<FuzzedRequest> {
  const parameters = operation.parameters ?? []
  const bodySchema = operation.requestBody?.content['application/json']?.schema
  const values = fc.tuple(
    ...parameters.map((parameter) => fc.option(nearly(schemaOf(parameter)), { nil: undefined })),
  )
  const body = bodySchema ? nearly(bodySchema) : fc.constant(undefined)
  return fc.tuple(values, body).map(([given, content]) => ({
    url: urlOf(path, parameters, given),
    body: content,
  }))
}

/** The document moves a parameter's first example out of its schema. */
function schemaOf({ schema, example }: Parameter): Schema {
  return example === undefined ? schema : { ...schema, examples: [example] }
}

function urlOf(path: string, parameters: readonly Parameter[], values: readonly unknown[]): string {
  let url = path
  const query = new URLSearchParams()
  for (const [index, parameter] of parameters.entries()) {
    const value = values[index]
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value ?? '1')
    // A URL cannot carry a dot segment or nothing: the client would ask for another page.
    const segment = /^\.{0,2}$/.test(text) ? '1' : encodeURIComponent(text.toWellFormed())
    if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, segment)
    else if (value !== undefined && parameter.in === 'query') query.set(parameter.name, text)
  }
  return query.size > 0 ? `${url}?${query.toString()}` : url
}

const ajv = new Ajv2020({ strict: false, validateFormats: false })
const validators = new Map<Schema, ValidateFunction>()

/** What is wrong with an answer by the document; undefined if nothing is. */
export function faultOf(endpoint: Endpoint, status: number, body: unknown): string | undefined {
  if (status >= 500 && status !== 503) return `answered ${status}`
  // No body and no schema: a picture, or "not modified".
  const response = endpoint.operation.responses[String(status)]
  if (!response) return `answered ${status}, which is not documented`
  const schema = response.content?.['application/json']?.schema
  if (!schema || body === undefined) return undefined
  const { components } = endpoint
  const validate = validators.get(schema) ?? ajv.compile({ ...schema, components })
  validators.set(schema, validate)
  return validate(body)
    ? undefined
    : `answered outside its schema: ${ajv.errorsText(validate.errors)}`
}
