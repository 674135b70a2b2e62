import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

/** As much of CBOR (RFC 8949) as an authenticator needs: integers, texts, bytes and maps. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) {
    const parts = [...value].flatMap(([key, child]) => [cbor(key), cbor(child)])
    return Buffer.concat([head(5, value.size), ...parts])
  }
  throw new Error(`no CBOR for ${typeof value}`)
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count])
  if (count < 256) return Buffer.from([(major << 5) | 24, count])
  return Buffer.from([(major << 5) | 25, count >> 8, count & 255])
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest()
const base64url = (data: Uint8Array | string) => Buffer.from(data).toString('base64url')

/** COSE (RFC 9053 §7.1): an elliptic curve key of P-256 for ES256. */
function coseOf(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const bytes = (text: string) => Buffer.from(text, 'base64url')
  return cbor(
    new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]),
  )
}

const flagUp = 0x01
const flagUv = 0x04
const flagAttested = 0x40

/** What a browser page asks for; anything of it can be wrong. */
export interface Ceremony {
  readonly challenge: string
  readonly origin: string
  readonly rpId: string
  /** Whether its owner unlocks it; true if it is not given. */
  readonly isVerified?: boolean
  /** What it counts; one more than before if it is not given. */
  readonly counter?: number
  /** The kind of the ceremony that the page claims; the right one if it is not given. */
  readonly type?: string
  readonly attestation?: { readonly fmt: string; readonly attStmt: Map<string, unknown> }
  /** The account that it thinks this is; the one it was made for if it is not given. */
  readonly userHandle?: string
}

/** One passkey in one device, and a browser around it (WebAuthn level 3). */
export class Authenticator {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly #id: Buffer
  #counter = 0
  /** The account that it was made for; some devices do not keep it. */
  userHandle = ''

  constructor(id: Uint8Array = randomBytes(32)) {
    this.#id = Buffer.from(id)
  }

  get id(): string {
    return base64url(this.#id)
  }

  #clientData({ type, challenge, origin }: Ceremony, ownType: string): Buffer {
    return Buffer.from(
      JSON.stringify({ type: type ?? ownType, challenge, origin, crossOrigin: false }),
    )
  }

  #authenticatorData(ceremony: Ceremony, attested: Uint8Array = Buffer.alloc(0)): Buffer {
    const { rpId, isVerified = true, counter = this.#counter + 1 } = ceremony
    this.#counter = counter
    const flags = flagUp | (isVerified ? flagUv : 0) | (attested.length > 0 ? flagAttested : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, attested])
  }

  /** navigator.credentials.create() */
  create(ceremony: Ceremony) {
    const length = Buffer.from([this.#id.length >> 8, this.#id.length & 255])
    const attested = Buffer.concat([
      Buffer.alloc(16),
      length,
      this.#id,
      coseOf(this.#keys.publicKey),
    ])
    const { fmt, attStmt } = ceremony.attestation ?? { fmt: 'none', attStmt: new Map() }
    const authData = this.#authenticatorData(ceremony, attested)
    const object = cbor(
      new Map<string, unknown>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', authData],
      ]),
    )
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: base64url(this.#clientData(ceremony, 'webauthn.create')),
        attestationObject: base64url(object),
        transports: ['internal'],
      },
    }
  }

  /** navigator.credentials.get() */
  get(ceremony: Ceremony) {
    const { userHandle = this.userHandle } = ceremony
    const clientData = this.#clientData(ceremony, 'webauthn.get')
    const authenticatorData = this.#authenticatorData(ceremony)
    const signed = Buffer.concat([authenticatorData, sha256(clientData)])
    return {
      ...this.#credential(),
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(authenticatorData),
        signature: base64url(sign('sha256', signed, this.#keys.privateKey)),
        ...(userHandle === '' ? {} : { userHandle }),
      },
    }
  }

  #credential() {
    const { id } = this
    const type = 'public-key' as const
    return { id, rawId: id, type, clientExtensionResults: {}, authenticatorAttachment: 'platform' }
  }
}
