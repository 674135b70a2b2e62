import { Type, type Static } from 'typebox'
import { Timestamp, Uuid, uuidPattern } from '../../http/schema.ts'
import { AddressBody } from '../checkout/schema.ts'

const isDefault = (purpose: string) =>
  Type.Optional(
    Type.Boolean({
      description: `The default for ${purpose}, of which there is one; left out: as it was`,
    }),
  )

export const SavedAddressBody = Type.Object(
  {
    ...AddressBody.properties,
    default_shipping: isDefault('shipping'),
    default_billing: isDefault('billing'),
  },
  {
    additionalProperties: false,
    examples: [
      {
        name: 'Ada Lovelace',
        address: '12 St James Square',
        city: 'London',
        postal_code: 'SW1Y 4JH',
        country: 'GB',
        default_shipping: true,
      },
    ],
  },
)
export type SavedAddressBody = Static<typeof SavedAddressBody>

export const SavedAddressView = Type.Object(
  {
    id: Uuid,
    ...AddressBody.properties,
    default_shipping: Type.Boolean(),
    default_billing: Type.Boolean(),
    version: Type.Integer(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'SavedAddress' },
)

export const AddressParams = Type.Object({
  id: Type.String({
    pattern: `^${uuidPattern}$`,
    description: 'The id (UUID)',
    examples: ['0199c2a4-6b1e-7c3d-9f00-1d2e3f4a5b6c'],
  }),
})
