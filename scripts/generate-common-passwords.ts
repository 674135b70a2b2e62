import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const target = new URL('../reference/common-passwords.txt', import.meta.url)

/**
 * The text of reference/common-passwords.txt: of the most common passwords (the most common first)
 * those that the other rules would let pass if their letters were of both cases. All others can be
 * left out: they are refused for their length or for what they lack.
 */
export function generateCommonPasswords(passwords: readonly string[]): string {
  const chosen = passwords.map((password) => password.toLowerCase()).filter(couldPass)
  return `${[...new Set(chosen)].join('\n')}\n`
}

function couldPass(password: string): boolean {
  const letters = password.match(/[a-z]/g) ?? []
  return password.length >= 8 && letters.length >= 2 && /[0-9]/.test(password)
}

/** What `@zxcvbn-ts/language-common` counts as common passwords. */
export async function packagedPasswords(): Promise<readonly string[]> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return dictionary['passwords-common']
}

/** Its licence, which goes with the list. */
export function packagedLicence(): string {
  const entry = createRequire(import.meta.url).resolve('@zxcvbn-ts/language-common')
  return readFileSync(new URL('../LICENSE.txt', `file://${entry}`), 'utf8')
}

if (import.meta.main) {
  writeFileSync(target, generateCommonPasswords(await packagedPasswords()))
  writeFileSync(new URL('licenses/zxcvbn-ts.MIT.txt', target), packagedLicence())
}
