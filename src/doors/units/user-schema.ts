import { Type } from 'typebox'
import { Password, PersonName, RegisterBody, Username } from '../../domains/customer/schema.ts'

const { email } = RegisterBody.properties
const closed = { additionalProperties: false }

const Address = Type.String({
  maxLength: 250,
  description: 'The postal address, as one line',
  examples: ['12 St James Sq, London'],
})

const user = {
  username: Username,
  email,
  password: Password,
  address: Address,
  first_name: PersonName,
  last_name: PersonName,
}

const example = {
  username: 'ada_l',
  email: 'ada@example.com',
  password: 'Difference1',
  address: '12 St James Sq, London',
  first_name: 'Ada',
  last_name: 'Lovelace',
}

export const UnitsRegisterBody = Type.Object(
  {
    ...user,
    address: Type.Optional(Address),
    first_name: Type.Optional(PersonName),
    last_name: Type.Optional(PersonName),
  },
  { ...closed, examples: [example] },
)

export const UnitsProfileBody = Type.Partial(Type.Object(user), {
  ...closed,
  examples: [{ address: '1 Ockham Park, Surrey' }],
})

export const UnitsLoginBody = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 200 }),
  },
  { ...closed, examples: [{ email: 'demo@example.com', password: 'Trolley-Wheel5' }] },
)

const nullable = Type.Union([Type.String(), Type.Null()])

export const UnitsUser = Type.Object(
  {
    id: Type.Integer(),
    username: nullable,
    email: Type.String(),
    address: nullable,
    first_name: nullable,
    last_name: nullable,
  },
  { title: 'UnitsUser', examples: [{ id: 7, ...example, password: undefined }] },
)

export const UnitsToken = Type.Object({
  access_token: Type.String({ description: 'To be sent as "Authorization: Bearer <token>"' }),
})
