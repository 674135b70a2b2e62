import { Type } from 'typebox'
import { Timestamp, Uuid } from '../../http/schema.ts'
import { GivenPassword, SessionMode } from './schema.ts'

const closed = { additionalProperties: false }
const TimestampOrNull = Type.Union([Timestamp, Type.Null()])

const TimeCode = Type.String({
  pattern: '^[0-9]{6}$',
  description: '6 digits',
  examples: ['492039'],
})

const RecoveryCode = Type.String({
  minLength: 1,
  maxLength: 50,
  description: 'One of the codes that were shown when the second factor was set up',
  examples: ['7b1k-0c3f-x9tq-5m2e-h4rd-8wz6'],
})

const CurrentPassword = Type.Optional({
  ...GivenPassword,
  description: 'Not needed by accounts that have no password',
})

export const SecondFactorView = Type.Object(
  {
    active: Type.Boolean({ description: 'Whether sign-in asks for it' }),
    confirmed_at: TimestampOrNull,
    recovery_codes_left: Type.Integer(),
  },
  { title: 'SecondFactor' },
)

export const OwnerBody = Type.Object(
  { current_password: CurrentPassword },
  { ...closed, examples: [{ current_password: 'Demo-Passw0rd' }] },
)

export const NewSecondFactorView = Type.Object({
  secret: Type.String({ description: 'Base32, for authenticators that cannot read a picture' }),
  uri: Type.String({ description: 'otpauth:// address, to be shown as a QR code' }),
})

export const CodeBody = Type.Object({ code: TimeCode }, closed)

export const OwnerCodeBody = Type.Object(
  { current_password: CurrentPassword, code: TimeCode },
  { ...closed, examples: [{ current_password: 'Demo-Passw0rd', code: '492039' }] },
)

export const RemoveFactorBody = Type.Object(
  {
    current_password: CurrentPassword,
    code: Type.Optional(TimeCode),
    recovery_code: Type.Optional(RecoveryCode),
  },
  { ...closed, examples: [{ current_password: 'Demo-Passw0rd', code: '492039' }] },
)

export const RecoveryCodesView = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: 'Each is good once, instead of a code; shown here and never again',
  }),
})

const Challenge = Type.String({
  minLength: 1,
  maxLength: 1_000,
  description: 'From the details of SECOND_FACTOR_REQUIRED',
})

const Base64url = Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 20_000 })

/** As browsers write it; they add what is new in the standard, so unknown fields are no mistake. */
const credential = {
  id: Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 1_400 }),
  rawId: Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 1_400 }),
  type: Type.Literal('public-key'),
  clientExtensionResults: Type.Object({}),
}

export const PasskeyAnswerBody = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Base64url,
      authenticatorData: Base64url,
      signature: Base64url,
      userHandle: Type.Optional(Base64url),
    }),
  },
  { title: 'AuthenticationResponseJSON', description: 'What navigator.credentials.get() gives' },
)

export const NewPasskeyAnswerBody = Type.Object(
  {
    ...credential,
    response: Type.Object({
      clientDataJSON: Base64url,
      attestationObject: Base64url,
      transports: Type.Optional(Type.Array(Type.String({ maxLength: 50 }), { maxItems: 20 })),
    }),
  },
  { title: 'RegistrationResponseJSON', description: 'What navigator.credentials.create() gives' },
)

export const SecondStepBody = Type.Object(
  {
    challenge: Challenge,
    code: Type.Optional(TimeCode),
    recovery_code: Type.Optional(RecoveryCode),
    passkey: Type.Optional(PasskeyAnswerBody),
    mode: Type.Optional(SessionMode),
  },
  closed,
)

const PasskeyName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '\\S',
  examples: ['My phone'],
})

export const PasskeyView = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    created_at: Timestamp,
    last_used_at: TimestampOrNull,
  },
  { title: 'Passkey' },
)

export const NewPasskeyBody = Type.Object(
  { name: PasskeyName, passkey: NewPasskeyAnswerBody },
  closed,
)

export const RenamePasskeyBody = Type.Object({ name: PasskeyName }, closed)

/** For `navigator.credentials`; what is in it is said by WebAuthn §5.4 and §5.5. */
export const PasskeyOptionsView = Type.Object(
  { challenge: Type.String() },
  { description: 'For parseCreationOptionsFromJSON() or parseRequestOptionsFromJSON()' },
)

export const PasskeyOptionsBody = Type.Object(
  {
    challenge: Type.Optional({
      ...Challenge,
      description: 'Where the passkey is the second factor: from SECOND_FACTOR_REQUIRED',
    }),
  },
  { ...closed, examples: [{}] },
)

export const PasskeySessionBody = Type.Object(
  { passkey: PasskeyAnswerBody, mode: Type.Optional(SessionMode) },
  closed,
)

const ReturnTo = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 500,
    description: 'A path of this shop to go on with; / if it is not given',
    examples: ['/account'],
  }),
)

export const FlowQuery = Type.Object({ return_to: ReturnTo }, closed)
export const FlowBody = Type.Object(
  { return_to: ReturnTo },
  { ...closed, examples: [{ return_to: '/account' }] },
)

/** Providers add what they like, so unknown fields are no mistake. */
export const CallbackQuery = Type.Object({
  state: Type.Optional(Type.String({ maxLength: 500 })),
  code: Type.Optional(Type.String({ maxLength: 4_000 })),
  error: Type.Optional(Type.String({ maxLength: 500 })),
})

export const BegunLinkView = Type.Object({
  authorization_url: Type.String({ description: 'Where the browser goes now' }),
})

export const IdentityView = Type.Object(
  {
    id: Uuid,
    provider: Type.String(),
    subject: Type.String({ description: 'What the provider calls you' }),
    created_at: Timestamp,
  },
  { title: 'Identity' },
)

export const SignInMethodsView = Type.Object(
  {
    provider: Type.Union([Type.Object({ name: Type.String(), url: Type.String() }), Type.Null()], {
      description: 'Another provider to sign in by: its name, and where the browser goes for it',
    }),
  },
  { title: 'SignInMethods' },
)
