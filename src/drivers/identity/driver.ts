/** What a browser keeps while somebody is at the provider, and what has to come back. */
export interface SignInFlow {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** Who somebody is, as the provider says. */
export interface ProvidedIdentity {
  /** The provider's own name of them, which is never given to somebody else. */
  readonly subject: string
  readonly email: string | undefined
  /** The provider has made sure that the address is theirs. */
  readonly isEmailVerified: boolean
  readonly firstName: string | undefined
  readonly lastName: string | undefined
}

/**
 * Somebody else who knows people's passwords. Methods throw SIGN_IN_FAILED if they say no, and
 * PROVIDER_UNAVAILABLE if they do not say anything that can be understood.
 */
export interface IdentityProvider {
  /** Tells this provider from those that were configured before: at most 50 characters. */
  readonly key: string
  /** For people to read. */
  readonly name: string
  newFlow(): SignInFlow
  /** Where to send the browser. */
  authorizationUrl(flow: SignInFlow, redirectUri: string): Promise<string>
  /** Whoever came back with this query to the `redirectUri`. */
  identify(flow: SignInFlow, returned: URL): Promise<ProvidedIdentity>
}
