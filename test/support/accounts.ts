import assert from 'node:assert/strict'
import type { TestShop } from './shop.ts'

export const password = 'Difference1'
export const ada = { email: 'ada@example.com', password, username: 'ada_l' }

export const register = (shop: TestShop, body: object = ada) =>
  shop.call('POST', '/api/v1/customers', { body })
export const signIn = (shop: TestShop, body: object) =>
  shop.call('POST', '/api/v1/sessions', { body })
export const me = (shop: TestShop, token: string) =>
  shop.call('GET', '/api/v1/customers/me', { token })
export const verify = (shop: TestShop, token: string) =>
  shop.call('POST', '/api/v1/email-verifications', { body: { token } })
export const askForReset = (shop: TestShop, email: string) =>
  shop.call('POST', '/api/v1/password-resets', { body: { email } })
export const reset = (shop: TestShop, token: string, new_password = 'Another-Pass-2') =>
  shop.call('PUT', '/api/v1/password-resets', { body: { token, new_password } })
export const agree = (shop: TestShop, token: string) =>
  shop.call('POST', '/api/v1/email-changes', { body: { token } })

/** Who was written to, and about what. */
export async function letters(shop: TestShop): Promise<string[]> {
  return (await shop.mails()).map(({ to, subject }) => `${to}: ${subject}`)
}

/** The token in the newest mail to this address. */
export async function mailedToken(shop: TestShop, to: string): Promise<string> {
  const mail = (await shop.mails()).findLast((candidate) => candidate.to === to)
  const token = /\?token=([\w-]+)/.exec(mail?.text ?? '')?.[1]
  assert.ok(token !== undefined, `no link was mailed to ${to}`)
  return token
}

export async function tokenOf(shop: TestShop, login: object = ada): Promise<string> {
  const answer = await signIn(shop, { ...login, username: undefined })
  assert.equal(answer.status, 201, answer.text)
  return answer.body.data.access_token as string
}

export async function customers({ ctx }: TestShop) {
  return ctx.db.read.selectFrom('customers').selectAll().orderBy('number').execute()
}

/** What links have been made for, so far. */
export async function tokens({ ctx }: TestShop): Promise<string[]> {
  const rows = await ctx.db.read.selectFrom('one_time_tokens').select('purpose').execute()
  return rows.map(({ purpose }) => purpose)
}
