export interface SecondFactorTable {
  customer_id: string
  /** The shared secret of RFC 6238, in base32, sealed. */
  sealed_secret: string
  /** The last time step whose code was used. */
  last_step: number
  created_at: number
  /** Null until its owner has shown a right code: until then it is asked of nobody. */
  confirmed_at: number | null
}

export interface RecoveryCodeTable {
  customer_id: string
  hash: string
  used_at: number | null
}

export interface PasskeyTable {
  id: string
  customer_id: string
  name: string
  /** SHA-256 of the credential's id. */
  credential_hash: string
  /** base64url, as browsers write it. */
  credential_id: string
  /** COSE (RFC 9052), in base64url. */
  public_key: string
  counter: number
  /** JSON list of how the authenticator can be reached. */
  transports: string
  created_at: number
  last_used_at: number | null
}

export interface IdentityTable {
  id: string
  customer_id: string
  /** The `key` of the provider, see drivers/identity. */
  provider: string
  subject: string
  created_at: number
}

export interface FactorTables {
  second_factors: SecondFactorTable
  recovery_codes: RecoveryCodeTable
  passkeys: PasskeyTable
  identities: IdentityTable
}
