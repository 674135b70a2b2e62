import { Type, type Static } from 'typebox'
import type { Context } from '../../context.ts'
import type { Address } from '../../core/address.ts'
import { invalid } from '../../core/errors.ts'
import { AddressBody, line } from '../../domains/checkout/schema.ts'
import { countryOf } from '../country.ts'

const { name, address, address2, postal_code } = AddressBody.properties

/** An address as shop front-ends write it: our fields, or the names that are usual elsewhere. */
export const ShopAddress = Type.Object(
  {
    ...Type.Partial(AddressBody).properties,
    country: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z]{2}$',
        description:
          'Two letters (ISO 3166-1); left out, the country of the currency of the shop, ' +
          'if it is the currency of one',
      }),
    ),
    full_name: Type.Optional(name),
    first_name: Type.Optional(line(99)),
    last_name: Type.Optional(line(99)),
    street: Type.Optional(address),
    address_line1: Type.Optional(address),
    line1: Type.Optional(address),
    address_line2: address2,
    line2: address2,
    zip: postal_code,
    zip_code: postal_code,
  },
  {
    additionalProperties: false,
    title: 'ShopAddress',
    description:
      'Other names are understood too: full_name, or first_name and last_name, for name; street, ' +
      'address_line1 or line1 for address; address_line2 or line2 for address2; zip or zip_code ' +
      'for postal_code',
    examples: [
      {
        full_name: 'Ada Lovelace',
        street: '12 St James Square',
        city: 'London',
        zip: 'SW1Y 4JH',
        country: 'GB',
      },
    ],
  },
)
export type ShopAddress = Static<typeof ShopAddress>

const ownNames: Readonly<Record<string, keyof Address>> = {
  full_name: 'name',
  street: 'address',
  address_line1: 'address',
  line1: 'address',
  address_line2: 'address2',
  line2: 'address2',
  zip: 'postal_code',
  zip_code: 'postal_code',
}

const required = ['name', 'address', 'city', 'country'] as const

/** The address in our own fields. Refuses one that says something twice or leaves it out. */
export function addressOf(ctx: Context, part: string, given: ShopAddress): Address {
  const { first_name, last_name, ...rest } = given
  const parts = [first_name, last_name].filter((name) => name !== undefined)
  const fields: Partial<Record<keyof Address, string>> = {}
  if (parts.length > 0) fields.name = parts.join(' ')
  for (const [name, value] of Object.entries(rest)) {
    const ownName = ownNames[name] ?? (name as keyof Address)
    if (fields[ownName] !== undefined) throw invalid(`${part}.${name}`, 'is given twice')
    fields[ownName] = value
  }
  const country = fields.country?.toUpperCase() ?? countryOf(ctx.config.store.currency)
  if (country !== undefined) fields.country = country
  for (const name of required) {
    if (fields[name] === undefined) throw invalid(`${part}.${name}`, 'is required')
  }
  return fields as Address
}
