import { Type } from 'typebox'

// Described for the reader of /docs; what they hold is checked where they are used.

const session = {
  'Session-ID': Type.Optional(
    Type.String({
      description:
        'A name for the session, chosen by the client: 1 to 255 printable ASCII characters. ' +
        'Without it the session is kept by a cookie.',
      examples: ['my-session'],
    }),
  ),
}

const version = {
  'If-Match': Type.Optional(
    Type.String({ description: 'ETag of the version that was seen: refuse if there is a newer' }),
  ),
}

const once = {
  'Idempotency-Key': Type.Optional(
    Type.String({ description: 'A repetition with the same key gets the same answer again' }),
  ),
}

export const SessionHeaders = Type.Object(session)
export const ChangeHeaders = Type.Object({ ...session, ...version })
export const AddHeaders = Type.Object({ ...session, ...version, ...once })

/** The same where the path names the session. */
export const PathChangeHeaders = Type.Object(version)
export const PathAddHeaders = Type.Object({ ...version, ...once })

export const OrderHeaders = Type.Object({
  'Order-Token': Type.Optional(
    Type.String({ description: 'For guests: the token from the checkout' }),
  ),
})
