/**
 * CURVE keys. VOLTTRON writes them as unpadded base64url of the 32 raw bytes (43 characters); libzmq wants Z85 (40
 * characters, ZeroMQ RFC 32). Inside the program a key is always the 43-character text.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { VolttronError } from './errors.ts'

declare const brand: unique symbol

/** A CURVE public key: 43 characters of base64url. Made by {@link parsePublicKey} only. */
export type PublicKey = string & { readonly [brand]: 'PublicKey' }
/** A CURVE secret key: 43 characters of base64url. Never logged. */
export type SecretKey = string & { readonly [brand]: 'SecretKey' }

export interface KeyPair {
  readonly publicKey: PublicKey
  readonly secretKey: SecretKey
}

const KEY_BYTES = 32
const Z85_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** Encodes bytes (a multiple of 4) as Z85, ZeroMQ RFC 32. */
export function encodeZ85(bytes: Uint8Array): string {
  if (bytes.length % 4 !== 0) throw new RangeError('Z85 encodes multiples of 4 bytes')
  let text = ''
  for (let at = 0; at < bytes.length; at += 4) {
    let value = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    let group = ''
    for (let digit = 0; digit < 5; digit++) {
      group = Z85_ALPHABET[value % 85]! + group
      value = Math.floor(value / 85)
    }
    text += group
  }
  return text
}

/** Decodes Z85 text; `undefined` when it is none. */
export function decodeZ85(text: string): Uint8Array | undefined {
  if (text.length % 5 !== 0) return undefined
  const bytes = new Uint8Array((text.length / 5) * 4)
  for (let group = 0; group * 5 < text.length; group++) {
    let value = 0
    for (let digit = 0; digit < 5; digit++) {
      const rank = Z85_ALPHABET.indexOf(text[group * 5 + digit]!)
      if (rank < 0) return undefined
      value = value * 85 + rank
    }
    if (value > 0xffffffff) return undefined
    bytes.set([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255], group * 4)
  }
  return bytes
}

/**
 * The 32 raw bytes of a key in any form VOLTTRON accepts: base64url with or without padding (43 or 44 characters), Z85
 * (40), hexadecimal (64). `undefined` when the text is no key.
 */
export function keyBytes(text: string): Uint8Array | undefined {
  if (text.length === 40) return decodeZ85(text)
  if (text.length === 64 && /^[0-9a-fA-F]+$/.test(text)) return Buffer.from(text, 'hex')
  if (!/^[A-Za-z0-9_+/-]{43}=?$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === KEY_BYTES ? bytes : undefined
}

const encodeKey = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The canonical form of a public key, or `undefined` when the text is none. */
export function parsePublicKey(text: string): PublicKey | undefined {
  const bytes = keyBytes(text)
  return bytes && (encodeKey(bytes) as PublicKey)
}

/** The canonical form of a secret key, or `undefined` when the text is none. */
export function parseSecretKey(text: string): SecretKey | undefined {
  const bytes = keyBytes(text)
  return bytes && (encodeKey(bytes) as SecretKey)
}

export const publicKeyFromBytes = (raw: Uint8Array): PublicKey => encodeKey(raw) as PublicKey

/** The form libzmq takes. */
export const toZ85 = (key: PublicKey | SecretKey): string => encodeZ85(Buffer.from(key, 'base64url'))

/** Makes the key pair whose secret is `secret` (32 random bytes). The caller brings the randomness. */
export function keyPairFromSecret(secret: Uint8Array): KeyPair {
  if (secret.length !== KEY_BYTES) throw new VolttronError('internal', 'a CURVE secret key has 32 bytes')
  const d = encodeKey(secret) as SecretKey
  // As a JWK, because OpenSSL takes ten times as long to find out what a DER document is. The format wants a public key too,
  // which is not looked at: OpenSSL computes it from `d`.
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: d }, format: 'jwk' })
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  return { publicKey: jwk.x as PublicKey, secretKey: d }
}

/** The public half of a secret key: X25519 with the base point, which is what CURVE uses. */
export const publicKeyOf = (secret: SecretKey): PublicKey =>
  keyPairFromSecret(Buffer.from(secret, 'base64url')).publicKey
