import { Type } from 'typebox'
import { RegisterBody, Username } from '../../domains/customer/schema.ts'
import { Timestamp, Uuid } from '../../http/schema.ts'

const { email, password, first_name, last_name } = RegisterBody.properties

export const ShopRegisterBody = Type.Object(
  { username: Username, email, password, first_name, last_name },
  {
    additionalProperties: false,
    examples: [{ username: 'ada_l', email: 'ada@example.com', password: 'Difference1' }],
  },
)

export const ShopUserBody = Type.Partial(
  Type.Object({ username: Username, email, password, first_name, last_name }),
  {
    additionalProperties: false,
    minProperties: 1,
    examples: [{ email: 'ada.lovelace@example.com' }],
  },
)

const exampleUser = {
  id: 7,
  username: 'ada_l',
  email: 'ada@example.com',
  email_verified: false,
  first_name: null,
  last_name: null,
  role: 'customer',
  created_at: '2026-11-21T10:30:00.000Z',
  updated_at: '2026-11-21T10:30:00.000Z',
}

export const ShopUser = Type.Object(
  {
    id: Type.Integer(),
    uuid: Uuid,
    username: Type.Union([Type.String(), Type.Null()]),
    email: Type.String(),
    email_verified: Type.Boolean(),
    first_name: Type.Union([Type.String(), Type.Null()]),
    last_name: Type.Union([Type.String(), Type.Null()]),
    role: Type.String(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'ShopUser', examples: [exampleUser] },
)

export const ShopSession = Type.Object(
  {
    ...ShopUser.properties,
    token: Type.String({ description: 'To be sent as "Authorization: Bearer <token>"' }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds' }),
  },
  {
    title: 'ShopSession',
    examples: [{ ...exampleUser, token: 'eyJ…', token_type: 'Bearer', expires_in: 900 }],
  },
)
