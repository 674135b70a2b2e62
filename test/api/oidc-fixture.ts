import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import {
  Browser,
  client,
  startProvider,
  type Person,
  type TestProvider,
} from '../support/identity-provider.ts'
import { type Answer, type OpenShop, type TestShop } from '../support/shop.ts'

export const origin = 'https://shop.example.com'
export const callback = `${origin}/api/v1/sessions/oidc/callback`
export const sessionCookie = '__Host-session'
export const flowCookie = '__Host-sign_in_flow'
export const links = '/api/v1/customers/me/identities'

export let provider: TestProvider
before(async () => {
  provider = await startProvider(callback)
})
after(() => provider.close())

export const grace: Person = {
  sub: 'grace-1',
  email: 'Grace@Example.com',
  email_verified: true,
  given_name: 'Grace',
  family_name: 'Hopper',
}

export const settings = () => ({
  PUBLIC_URL: origin,
  OIDC_ISSUER: provider.issuer,
  OIDC_CLIENT_ID: client.id,
  OIDC_NAME: 'Navy ID',
})

export async function openWith(
  openShop: OpenShop,
  given: Parameters<OpenShop>[0] = {},
  secret: string = client.secret,
): Promise<TestShop> {
  return openShop({
    ...given,
    settings: { ...settings(), ...given.settings },
    secrets: { oidcClientSecret: secret },
  })
}

/** The address that the shop gave out, where the test reaches it. */
export const here = (shop: TestShop, url: URL) => shop.url + url.pathname + url.search

export interface Begun {
  readonly browser: Browser
  /** Where the shop has sent the browser. */
  readonly url: URL
}

export async function begin(
  shop: TestShop,
  returnTo?: string,
  browser = new Browser(),
): Promise<Begun> {
  const query = returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`
  const response = await browser.get(`${shop.url}/api/v1/sessions/oidc${query}`)
  assert.equal(response.status, 302, await response.text())
  return { browser, url: new URL(response.headers.get('location') ?? '') }
}

/** Goes to the provider as somebody, and comes back. */
export async function comeBack(
  shop: TestShop,
  { browser, url }: Begun,
  person?: Person,
): Promise<URL> {
  provider.person = person
  return new URL(here(shop, await browser.goThrough(url.href)))
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const { status, headers } = response
  return { status, headers, text, body: text === '' ? undefined : JSON.parse(text) }
}

export async function signIn(shop: TestShop, person: Person, returnTo?: string) {
  const begun = await begin(shop, returnTo)
  const back = await comeBack(shop, begun, person)
  const answer = await begun.browser.get(back.href)
  return { ...begun, back, answer: await answerOf(answer) }
}

/** Whose session a browser has. */
export async function whoIs(shop: TestShop, browser: Browser) {
  const response = await browser.get(`${shop.url}/api/v1/customers/me`)
  return response.status === 200 ? (await answerOf(response)).body.data : undefined
}

export const rows = async (shop: TestShop) => {
  const { read } = shop.ctx.db
  const identities = await read
    .selectFrom('identities')
    .select(['customer_id', 'subject'])
    .execute()
  const accounts = await read.selectFrom('customers').select('email').orderBy('number').execute()
  return {
    identities: identities.map(({ customer_id, subject }) => [customer_id, subject]),
    accounts: accounts.map(({ email }) => email),
  }
}

export const setVerified = (shop: TestShop, id: string) =>
  shop.ctx.db.transaction((tx) =>
    tx.updateTable('customers').set({ email_verified_at: 1 }).where('id', '=', id).execute(),
  )
