import { readFileSync } from 'node:fs'
import type { AddressFormats } from '../../core/address.ts'

let formats: AddressFormats | undefined

/** What each country asks of an address. Read when the first one is checked, not at start. */
export function addressFormats(): AddressFormats {
  const file = new URL('../../../reference/address-formats.json', import.meta.url)
  formats ??= JSON.parse(readFileSync(file, 'utf8')) as AddressFormats
  return formats
}
