import { Type } from 'typebox'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { Email } from '../checkout/schema.ts'

const closed = { additionalProperties: false }

export const Username = Type.String({
  pattern: '^[A-Za-z0-9_]{3,50}$',
  description: '3 to 50 letters, digits or underscores',
  examples: ['ada_l'],
})

/** At least 8 characters with an upper-case and a lower-case letter and a digit (contract D). */
export const Password = Type.String({
  minLength: 8,
  maxLength: 200,
  pattern: '^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])',
  description: 'At least 8 characters with an upper-case letter, a lower-case letter and a digit',
  examples: ['Difference1'],
})

/** Any password is checked at sign-in, so that a refusal says nothing about the rules. */
export const GivenPassword = Type.String({ minLength: 1, maxLength: 200 })

const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })

export const RegisterBody = Type.Object(
  {
    email: Email,
    password: Password,
    username: Type.Optional(Username),
    name: Type.Optional(Name),
  },
  closed,
)

export const SignInBody = Type.Object(
  {
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    password: GivenPassword,
  },
  { ...closed, examples: [{ email: 'demo@example.com', password: 'Demo-Passw0rd' }] },
)

export const CustomerView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    username: Type.Union([Type.String(), Type.Null()]),
    email: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    role: Type.String(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'Customer' },
)

export const SessionView = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'Seconds' }),
  customer: CustomerView,
})
