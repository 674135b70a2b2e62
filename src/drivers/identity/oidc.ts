import { hash, randomBytes } from 'node:crypto'
import type { ClientAuth, Configuration, ServerMetadata } from 'openid-client'
import { ShopError } from '../../core/errors.ts'
import type { IdentityProvider, ProvidedIdentity, SignInFlow } from './driver.ts'

export interface OidcOptions {
  readonly issuer: string
  readonly clientId: string
  /** Empty: a public client, which proves nothing but PKCE. */
  readonly clientSecret: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly timeoutMs: number
}

/** Loaded at the first sign-in. */
const library = () => import('openid-client')
type Library = Awaited<ReturnType<typeof library>>

const random = () => randomBytes(32).toString('base64url')

/**
 * OpenID Connect Core 1.0, code flow with PKCE S256 (RFC 7636), state and nonce. What the provider
 * offers is read at the first use, and again only after that has failed.
 */
export function oidcProvider(options: OidcOptions): IdentityProvider {
  const { issuer, name, scopes } = options
  let known: Promise<Configuration> | undefined
  const discovered = (): Promise<Configuration> => {
    known ??= discover(options).catch((error: unknown) => {
      known = undefined
      throw unavailable(name, error)
    })
    return known
  }
  return {
    // A subject is one only together with its issuer, whose address may be too long to be kept.
    key: `oidc:${hash('sha256', issuer, 'base64url')}`,
    name,
    newFlow: () => ({ state: random(), nonce: random(), codeVerifier: random() }),
    async authorizationUrl({ state, nonce, codeVerifier }, redirectUri) {
      const configuration = await discovered()
      const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await library()
      const url = buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...scopes])].join(' '),
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      })
      return url.href
    },
    async identify(flow, returned) {
      const configuration = await discovered()
      const oidc = await library()
      try {
        return await identify(oidc, configuration, { flow, returned })
      } catch (error) {
        throw refusalOf(oidc, name, error)
      }
    },
  }
}

async function discover(options: OidcOptions): Promise<Configuration> {
  const { issuer, clientId, clientSecret, timeoutMs } = options
  const oidc = await library()
  const auth = clientSecret === '' ? oidc.None() : secretAuth(oidc, clientSecret)
  return oidc.discovery(new URL(issuer), clientId, undefined, auth, {
    timeout: timeoutMs / 1_000,
    execute: [
      // The signature is checked though the token comes from the provider itself.
      oidc.enableNonRepudiationChecks,
      // Only a provider on this machine can have such an address, see drivers.ts.
      // oxlint-disable-next-line typescript/no-deprecated -- marked so that it is not used lightly
      ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
    ],
  })
}

/** The secret is shown in the way that the provider takes (OpenID Connect Discovery §3). */
function secretAuth(oidc: Library, secret: string): ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)]
  return (server: ServerMetadata, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const auth = methods.includes('client_secret_basic') ? basic : post
    auth(server, ...rest)
  }
}

async function identify(
  oidc: Library,
  configuration: Configuration,
  { flow, returned }: { flow: SignInFlow; returned: URL },
): Promise<ProvidedIdentity> {
  const tokens = await oidc.authorizationCodeGrant(configuration, returned, {
    expectedState: flow.state,
    expectedNonce: flow.nonce,
    pkceCodeVerifier: flow.codeVerifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  const subject = claims?.sub
  if (claims === undefined || subject === undefined || subject.length > subjectLengthMax) {
    throw new RefusedError('no_subject')
  }
  const hasUserInfo = configuration.serverMetadata().userinfo_endpoint !== undefined
  // Most providers say no more in the token than who it is (OpenID Connect Core §5.4).
  if (claims['email'] !== undefined || !hasUserInfo) return identityOf(subject, claims)
  const info = await oidc.fetchUserInfo(configuration, tokens.access_token, subject)
  return identityOf(subject, info)
}

/** OpenID Connect Core §2. */
const subjectLengthMax = 255

class RefusedError extends Error {}

type Claims = Readonly<Record<string, unknown>>

function identityOf(subject: string, claims: Claims): ProvidedIdentity {
  return {
    subject,
    email: textOf(claims['email'], 254),
    // Some write it as text.
    isEmailVerified: claims['email_verified'] === true || claims['email_verified'] === 'true',
    firstName: textOf(claims['given_name'], 150),
    lastName: textOf(claims['family_name'], 150),
  }
}

/** A text of one line that every database can keep; undefined for all else. */
function textOf(value: unknown, lengthMax: number): string | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined
  const text = value.trim()
  const isPlain = text !== '' && text.length <= lengthMax && !/\p{Cc}/u.test(text)
  return isPlain ? text : undefined
}

/** What went wrong, as far as the caller may know it. */
function refusalOf(oidc: Library, name: string, error: unknown): ShopError {
  const reason = reasonOf(oidc, error)
  return reason === undefined
    ? unavailable(name, error)
    : withCause(new ShopError('SIGN_IN_FAILED', { provider: name, reason }), error)
}

/** Codes of the provider that mean that this shop is not known there, or they are in trouble. */
const ourFault = /^(invalid_client|unauthorized_client|server_error|temporarily_unavailable)$/
/** Codes of the library for an answer that is well formed, and not the one to our question. */
const wrongAnswer = /^OAUTH_(INVALID_RESPONSE|JWT_CLAIM_COMPARISON_FAILED|JWT_TIMESTAMP_CHECK)/

/** Why the provider, or the check of what it said, refused; undefined if nobody said a thing. */
function reasonOf(oidc: Library, error: unknown): string | undefined {
  if (error instanceof RefusedError) return error.message
  const isTheirs =
    error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError
  if (isTheirs) {
    const code = error.error
    if (ourFault.test(code)) return undefined
    return /^[a-z_]{1,50}$/.test(code) ? code : 'refused'
  }
  const isWrong = error instanceof oidc.ClientError && wrongAnswer.test(error.code ?? '')
  return isWrong ? 'the answer does not belong to this sign-in' : undefined
}

const unavailable = (provider: string, cause: unknown) =>
  withCause(new ShopError('PROVIDER_UNAVAILABLE', { provider }), cause)

/** For the log; callers are not told. */
function withCause(error: ShopError, cause: unknown): ShopError {
  error.cause = cause
  return error
}
