import { ConfigError } from '../../config/read.ts'
import { outsideTransactions } from '../../db/scope.ts'
import type { IdentityProvider } from './driver.ts'
import { oidcProvider, type OidcOptions } from './oidc.ts'

/** The configured provider; undefined if there is none. */
export function identityProvider(options: OidcOptions): IdentityProvider | undefined {
  if (options.issuer === '') return undefined
  if (options.clientId === '') throw new ConfigError('OIDC_ISSUER is set: set OIDC_CLIENT_ID too')
  assertSafe(options.issuer)
  return outsideTransactions('identity', oidcProvider(options))
}

/** What tells who somebody is must not be changed on the way; on this machine there is no way. */
function assertSafe(issuer: string): void {
  const { protocol = '', hostname = '' } = URL.canParse(issuer) ? new URL(issuer) : {}
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  if (protocol === 'https:' || (protocol === 'http:' && isLocal)) return
  throw new ConfigError('OIDC_ISSUER must start with https:// (or http://localhost for trying out)')
}
