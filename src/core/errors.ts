import { errorsOfOrders } from './errors-of-orders.ts'

export interface ErrorDefinition {
  readonly status: number
  /** `{placeholders}` are filled from the details. Never holds internals. */
  readonly message: string
  /** What the caller can do about it. */
  readonly hint: string
  /** Seconds after which trying again makes sense; sent as Retry-After. */
  readonly retryAfterSeconds?: number
}

/**
 * Every error this system may answer with. The documentation (docs/errors.md) and the OpenAPI
 * document are made from this table. When several apply, the request is checked in the order
 * form, sign-in, permission, existence, state, stock, money.
 */
export const errorCatalogue = {
  VALIDATION_ERROR: {
    status: 400,
    message: 'Invalid input: {field} {issue}',
    hint: 'Correct the named field; the expected form is in the API documentation.',
  },
  MALFORMED_JSON: {
    status: 400,
    message: 'The request body is not valid JSON.',
    hint: 'Send one JSON value, encoded as UTF-8, without duplicate or reserved keys.',
  },
  MALFORMED_REQUEST: {
    status: 400,
    message: 'The request could not be understood.',
    hint: 'Check the URL encoding, the headers and the body length.',
  },
  UNAUTHENTICATED: {
    status: 401,
    message: 'You must be signed in.',
    hint: 'Send "Authorization: Bearer <token>" with a token from the login endpoint.',
  },
  INVALID_TOKEN: {
    status: 401,
    message: 'The access token is invalid or has expired.',
    hint: 'Get a new one with the refresh token, or sign in again.',
  },
  INVALID_REFRESH_TOKEN: {
    status: 401,
    message: 'The refresh token is invalid, used, or its session is over.',
    hint: 'Sign in again. A refresh token is good once: use the one of the last answer.',
  },
  SECOND_FACTOR_REQUIRED: {
    status: 401,
    message: 'A second factor is needed to sign in.',
    hint: 'Send the challenge from the details with a code to POST /api/v1/sessions/second-factor.',
  },
  INVALID_CODE: {
    status: 401,
    message: 'The code is wrong, used or too old.',
    hint: 'Take the code that is shown now, or a recovery code that was not used yet.',
  },
  INVALID_CHALLENGE: {
    status: 401,
    message: 'This sign-in is over: it took too long, or had too many wrong codes.',
    hint: 'Sign in again from the beginning.',
  },
  INVALID_PASSKEY: {
    status: 401,
    message: 'The passkey did not prove who you are.',
    hint: 'Ask for new options and try again; an answer to a challenge is good once.',
  },
  SIGN_IN_FAILED: {
    status: 401,
    message: '{provider} did not sign you in: {reason}.',
    hint: 'Begin again at GET /api/v1/sessions/oidc, or sign in another way.',
  },
  INVALID_SIGNATURE: {
    status: 401,
    message: 'This is not signed by the payment provider, or too long ago.',
    hint: 'Check the secret for events that the provider has given to the shop.',
  },
  INVALID_LINK: {
    status: 401,
    message: 'This link is not valid (any more).',
    hint: 'Ask for a new one; the newest mail has the link that works.',
  },
  INVALID_CREDENTIALS: {
    status: 401,
    message: 'The user name, e-mail or password is wrong.',
    hint: 'Check the spelling, or register first.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'You are not allowed to do this.',
    hint: 'Sign in as a user who has the permission "{permission}".',
  },
  ACCOUNT_REQUIRED: {
    status: 403,
    message: 'This is for people who are signed in, not for API keys.',
    hint: 'Sign in, and send the access token instead of the key.',
  },
  CSRF_TOKEN_REQUIRED: {
    status: 403,
    message: 'A change by cookie needs the token that proves where it comes from.',
    hint: 'Send the csrf_token of the session in the header X-CSRF-Token.',
  },
  EMAIL_NOT_VERIFIED: {
    status: 403,
    message: '{provider} does not say that your e-mail address is yours.',
    hint: 'Verify it there, or register here and link {provider} to your account.',
  },
  REAUTHENTICATION_REQUIRED: {
    status: 403,
    message: 'It is too long ago that you signed in for this.',
    hint: 'Sign in again, then repeat the request.',
  },
  NOT_FOUND: {
    status: 404,
    message: '{resource} not found.',
    hint: 'Check the address or id; what belongs to somebody else is not found either.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address does not answer {method}.',
    hint: 'The Allow header lists the methods it answers.',
  },
  VERSION_CONFLICT: {
    status: 412,
    message: 'Somebody else changed this in the meantime (it is at version {current}).',
    hint: 'Read it again, apply your change to the new version and repeat.',
  },
  ALREADY_EXISTS: {
    status: 409,
    message: 'Another {resource} already uses this {field}.',
    hint: 'Choose another value.',
  },
  ACCOUNT_NOT_LINKED: {
    status: 409,
    message: 'There is an account with your e-mail address, and {provider} is not linked to it.',
    hint: 'Sign in to the account another way, then link {provider} to it.',
  },
  STAFF_SECOND_FACTOR_REQUIRED: {
    status: 403,
    message: 'Staff need a second factor.',
    hint: 'Set one up: POST /api/v1/customers/me/second-factor, or sign in by passkey.',
  },
  SECOND_FACTOR_ACTIVE: {
    status: 409,
    message: 'This account has a second factor already.',
    hint: 'Remove it first: DELETE /api/v1/customers/me/second-factor.',
  },
  LAST_WAY_IN: {
    status: 409,
    message: 'Without this nobody could sign in to the account any more.',
    hint: 'Set a password, or add a passkey or another provider first.',
  },
  BUILT_IN: {
    status: 409,
    message: 'The {resource} "{code}" is part of every shop and cannot be changed.',
    hint: 'Make one of your own beside it.',
  },
  LAST_ADMIN: {
    status: 409,
    message: 'This is the last administrator.',
    hint: 'Make somebody else an administrator first.',
  },
  LIMIT_REACHED: {
    status: 409,
    message: 'There can be at most {limit} {resource}.',
    hint: 'Remove one first.',
  },
  IN_USE: {
    status: 409,
    message: '{resource} is still in use.',
    hint: 'Remove what refers to it first.',
  },
  REQUEST_IN_PROGRESS: {
    status: 409,
    message: 'A request with this Idempotency-Key is still running.',
    hint: 'Repeat it in a moment to get its answer.',
    retryAfterSeconds: 1,
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    message: 'This Idempotency-Key was used with a different request body.',
    hint: 'Use a new key for a new request.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    message: 'The request did not arrive in time.',
    hint: 'Send it again over a faster connection, or send less at once.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    message: 'The request body is too large.',
    hint: 'Send at most {limit_bytes} bytes.',
  },
  URI_TOO_LONG: {
    status: 414,
    message: 'A part of the address is too long.',
    hint: 'Shorten it.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'The body must be JSON.',
    hint: 'Send "Content-Type: application/json".',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    message: 'The address and the headers are too large.',
    hint: 'Send fewer or shorter headers, or a shorter address.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    message: 'Too many requests.',
    hint: 'Wait for the time in Retry-After.',
    retryAfterSeconds: 1,
  },
  INTERNAL_ERROR: {
    status: 500,
    message: 'Something went wrong on our side.',
    hint: 'Report the request_id; nothing was changed unless a later read shows it.',
  },
  SERVICE_UNAVAILABLE: {
    status: 503,
    message: 'The shop cannot answer right now.',
    hint: 'Try again after the time in Retry-After; nothing was changed.',
    retryAfterSeconds: 1,
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    message: '{provider} cannot be reached or does not answer as it should.',
    hint: 'Try again in a moment, or sign in another way.',
    retryAfterSeconds: 5,
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    message: 'The database broke off before it confirmed: the change may or may not be saved.',
    hint: 'Read again, or repeat the request with the same Idempotency-Key.',
    retryAfterSeconds: 2,
  },
  ...errorsOfOrders,
} as const satisfies Record<string, ErrorDefinition>

export type ErrorCode = keyof typeof errorCatalogue
export type ErrorDetails = Readonly<Record<string, unknown>>

/** An error that is part of the contract: it reaches the client as it is. */
export class ShopError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly hint: string
  readonly details: ErrorDetails
  /** From the details (`retry_after_seconds`), else what the catalogue says. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const definition: ErrorDefinition = errorCatalogue[code]
    super(fill(definition.message, details))
    this.code = code
    this.status = definition.status
    this.hint = fill(definition.hint, details)
    this.details = details
    const { retry_after_seconds: seconds } = details
    this.retryAfterSeconds = typeof seconds === 'number' ? seconds : definition.retryAfterSeconds
  }
}

/** The most common refusal: one field of the input, and what is wrong with it. */
export function invalid(field: string, issue: string): ShopError {
  return new ShopError('VALIDATION_ERROR', { field, issue })
}

export function notFound(resource: string): ShopError {
  return new ShopError('NOT_FOUND', { resource })
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value) : name
  })
}
