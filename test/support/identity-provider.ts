import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Configuration } from 'oidc-provider'

/** Somebody with an account at the provider, who is signed in there. */
export interface Person {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly given_name?: string
  readonly family_name?: string
}

export interface TestProvider extends AsyncDisposable {
  readonly issuer: string
  /** Who sits at the browser; undefined: somebody who says no. */
  person: Person | undefined
  close(): Promise<void>
}

export const client = { id: 'shop', secret: 'secret-of-the-shop' } as const

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'test', alg: 'RS256', use: 'sig' }

function configurationOf(redirectUri: string, people: ReadonlyMap<string, Person>): Configuration {
  return {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [redirectUri] }],
    jwks: { keys: [jwk] },
    cookies: { keys: ['a key for cookies'] },
    features: { devInteractions: { enabled: false } },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['given_name', 'family_name'],
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: () => ({ ...people.get(accountId), sub: accountId }),
    }),
  }
}

/**
 * A real OpenID provider on this machine, at which whoever comes is let in at once; on a free port
 * if none is given.
 */
export async function startProvider(redirectUri: string, port = 0): Promise<TestProvider> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people = new Map<string, Person>()
  const provider = new Provider(issuer, configurationOf(redirectUri, people))
  const test: TestProvider = {
    issuer,
    person: undefined,
    close: () => stop(server),
    [Symbol.asyncDispose]: () => stop(server),
  }
  const answer = provider.callback()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith('/interaction/')) void answer(request, response)
    else void letIn(provider, { request, response }, remember(people, test.person))
  })
  return test
}

function remember(people: Map<string, Person>, person: Person | undefined): Person | undefined {
  if (person) people.set(person.sub, person)
  return person
}

/** What the pages of a provider do, without pages: sign in, and agree to everything. */
async function letIn(
  provider: Provider,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  person: Person | undefined,
): Promise<void> {
  if (!person) {
    await provider.interactionFinished(request, response, { error: 'access_denied' })
    return
  }
  const { params } = await provider.interactionDetails(request, response)
  const { sub: accountId } = person
  const grant = new provider.Grant({ accountId, clientId: client.id })
  grant.addOIDCScope(String(params['scope']))
  const grantId = await grant.save()
  const result = { login: { accountId }, consent: { grantId } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

/** Keeps cookies by host, and does not follow redirects by itself. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>()

  async get(url: string): Promise<Response> {
    const jar = this.cookiesOf(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  /** The cookies for the host of an address, by name. */
  cookiesOf(url: string): Map<string, string> {
    const { host } = new URL(url)
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    return jar
  }

  /** Goes where the provider sends it, until that is away from the provider. */
  async goThrough(url: string): Promise<URL> {
    const { origin } = new URL(url)
    let at = new URL(url)
    for (let hops = 0; at.origin === origin; hops += 1) {
      const response = await this.get(at.href)
      const next = response.headers.get('location')
      if (next === null || hops > 10) {
        throw new Error(`${at.href}: ${response.status} ${await response.text()}`)
      }
      at = new URL(next, at)
    }
    return at
  }
}
