import { Type } from 'typebox'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { CursorQuery } from '../../http/paging.ts'
import { TokensView } from '../access/schema.ts'
import { Email } from '../checkout/schema.ts'

const closed = { additionalProperties: false }
const nullable = <T extends ReturnType<typeof Type.String>>(type: T) =>
  Type.Union([type, Type.Null()])

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
  description:
    'At least 8 characters with an upper-case letter, a lower-case letter and a digit; ' +
    'none of the most common passwords',
  examples: ['Difference1'],
})

/** Any password is checked at sign-in, so that a refusal says nothing about the rules. */
export const GivenPassword = Type.String({ minLength: 1, maxLength: 200 })

export const PersonName = Type.String({
  minLength: 1,
  maxLength: 150,
  pattern: '\\S',
  examples: ['Ada'],
})

export const RegisterBody = Type.Object(
  {
    email: Email,
    password: Password,
    username: Type.Optional(Username),
    first_name: Type.Optional(PersonName),
    last_name: Type.Optional(PersonName),
  },
  closed,
)

const login = {
  email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
  username: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
  password: GivenPassword,
}

export const SignInBody = Type.Object(login, {
  ...closed,
  examples: [{ email: 'demo@example.com', password: 'Trolley-Wheel5' }],
})

export const SetupBody = Type.Object(
  { code: Type.String({ minLength: 1, maxLength: 200 }), email: Email, password: Password },
  { ...closed, examples: [{ code: 'x', email: 'ada@example.com', password: 'Difference1' }] },
)

export const SessionMode = Type.Enum(['token', 'cookie'], {
  description:
    'token: the answer holds the tokens; cookie: the browser keeps the session, and changes need ' +
    'the csrf_token in the header X-CSRF-Token',
})

export const NewSessionBody = Type.Object(
  { ...login, mode: Type.Optional(SessionMode) },
  { ...closed, examples: [{ email: 'demo@example.com', password: 'Trolley-Wheel5' }] },
)

export const CustomerView = Type.Object(
  {
    id: Uuid,
    number: Type.Integer(),
    username: nullable(Type.String()),
    email: Type.String(),
    email_verified: Type.Boolean(),
    first_name: nullable(Type.String()),
    last_name: nullable(Type.String()),
    role: Type.String(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'Customer' },
)

export const TokenSessionView = Type.Object({
  ...TokensView.properties,
  session_id: Uuid,
  customer: CustomerView,
})

export const CookieSessionView = Type.Object({
  csrf_token: Type.String({ description: 'To be sent as X-CSRF-Token with every change' }),
  session_id: Uuid,
  customer: CustomerView,
})

export const SessionView = Type.Union([TokenSessionView, CookieSessionView])

export const ProfileBody = Type.Object(
  {
    username: Type.Optional(Username),
    first_name: Type.Optional(nullable(PersonName)),
    last_name: Type.Optional(nullable(PersonName)),
  },
  { ...closed, minProperties: 1, examples: [{ first_name: 'Ada', last_name: 'Lovelace' }] },
)

export const NewPasswordBody = Type.Object(
  { current_password: GivenPassword, new_password: Password },
  { ...closed, examples: [{ current_password: 'Trolley-Wheel5', new_password: 'Difference1' }] },
)

export const AccountView = Type.Object(
  { ...CustomerView.properties, blocked: Type.Boolean(), version: Type.Integer() },
  { title: 'Account' },
)

export const AccountQuery = Type.Object(
  {
    ...CursorQuery.properties,
    role: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })),
    blocked: Type.Optional(Type.Boolean()),
    search: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 254,
        description: 'How the e-mail address or the user name begins',
      }),
    ),
  },
  closed,
)

export const AccountBody = Type.Object(
  { ...ProfileBody.properties, email: Type.Optional(Email) },
  { ...closed, minProperties: 1, examples: [{ email: 'ada.lovelace@example.com' }] },
)

export const RoleOfAccountBody = Type.Object(
  { role: Type.String({ minLength: 1, maxLength: 20 }) },
  { ...closed, examples: [{ role: 'support' }] },
)

const LinkToken = Type.String({
  pattern: '^[\\w-]{20,100}$',
  description: 'The token of the link in a mail',
})

export const TokenBody = Type.Object({ token: LinkToken }, closed)
export const TokenQuery = Type.Object({ token: LinkToken }, closed)

export const ResetRequestBody = Type.Object({ email: Email }, closed)
export const ResetBody = Type.Object({ token: LinkToken, new_password: Password }, closed)

/** What is wrong with a password is said beside its field, and so not by the schema. */
export const ResetFormBody = Type.Object(
  { token: LinkToken, new_password: Type.String({ maxLength: 1_000 }) },
  closed,
)

export const EmailChangeBody = Type.Object(
  { new_email: Email, current_password: Type.Optional(GivenPassword) },
  {
    ...closed,
    examples: [{ new_email: 'ada@new.example.com', current_password: 'Demo-Passw0rd' }],
  },
)

export const EraseBody = Type.Object(
  { current_password: Type.Optional(GivenPassword) },
  { ...closed, examples: [{ current_password: 'Demo-Passw0rd' }] },
)

/** Where an address has to be confirmed first, the answer is the same for any address. */
export const PendingView = Type.Object(
  { status: Type.Literal('confirmation_mailed'), email: Type.String() },
  { title: 'PendingRegistration' },
)
