import { generateKeyPairSync, sign } from 'node:crypto'

export interface TestCertificate {
  /** PEM */
  readonly cert: string
  /** PEM */
  readonly key: string
}

/**
 * A certificate for a host name, signed by itself and good for a day either way (X.509, RFC 5280,
 * as DER by hand: neither a key in the repository nor a program that may be missing).
 */
export function makeCertificate(host: string): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('550403'), der(0x0c, Buffer.from(host)))))
  const hosts = sequence(der(0x82, Buffer.from(host)))
  const extensions = [
    sequence(oid('551d11'), octets(hosts)),
    sequence(oid('551d13'), octets(sequence(der(0x01, Buffer.of(0xff))))),
  ]
  const toSign = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(time(-dayMs), time(dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', toSign, privateKey)
  const whole = sequence(toSign, ecdsaWithSha256, der(0x03, Buffer.of(0), signature))
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
}

const dayMs = 86_400_000

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts)
const set = (...parts: readonly Buffer[]) => der(0x31, ...parts)
const integer = (value: number) => der(0x02, Buffer.of(value))
const octets = (content: Buffer) => der(0x04, content)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))

/** UTCTime: `261121103000Z` */
function time(offsetMs: number): Buffer {
  const iso = new Date(Date.now() + offsetMs).toISOString()
  return der(0x17, Buffer.from(`${iso.slice(2, 19).replaceAll(/[-T:]/g, '')}Z`))
}
