/**
 * Proof that somebody holds a CURVE key.
 *
 * CURVE keys are X25519 keys: they agree on secrets and cannot sign. So the asker seals a random token to the public key
 * (ephemeral X25519, HKDF-SHA256 as in RFC 5869, ChaCha20-Poly1305 as in RFC 8439), and the holder proves the key by
 * giving the token back. `context` binds the proof to one purpose, so that an answer for one request serves no other.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
} from 'node:crypto'
import { keyPairFromSecret, type PublicKey, type SecretKey } from './keys.ts'

const TAG_BYTES = 16
const NONCE = Buffer.alloc(12) // each sealing has a fresh key, so the nonce may be constant

function sharedKey(secret: SecretKey, peer: PublicKey, ephemeral: PublicKey, context: string): Buffer {
  const d = Buffer.from(secret, 'base64url')
  const own = keyPairFromSecret(d).publicKey
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d: secret, x: own }, format: 'jwk' })
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: peer }, format: 'jwk' })
  const agreed = diffieHellman({ privateKey, publicKey })
  return Buffer.from(hkdfSync('sha256', agreed, Buffer.from(ephemeral), `volttron sealed challenge\n${context}`, 32))
}

/**
 * Seals `token` so that only the holder of `recipient`'s secret key can read it.
 *
 * @param ephemeralSecret 32 random bytes, used once
 * @returns `<ephemeral public key>.<base64url of ciphertext and tag>`
 */
export function sealChallenge(token: Uint8Array, recipient: PublicKey, context: string, ephemeralSecret: Uint8Array) {
  const ephemeral = keyPairFromSecret(ephemeralSecret)
  const key = sharedKey(ephemeral.secretKey, recipient, ephemeral.publicKey, context)
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES })
  const sealed = Buffer.concat([cipher.update(token), cipher.final(), cipher.getAuthTag()])
  return `${ephemeral.publicKey}.${sealed.toString('base64url')}`
}

/** Opens what {@link sealChallenge} sealed; `undefined` when it was not sealed to this key and context. */
export function openChallenge(sealed: string, secret: SecretKey, context: string): Buffer | undefined {
  const [ephemeral, body, ...rest] = sealed.split('.')
  if (!ephemeral || !body || rest.length > 0 || ephemeral.length !== 43) return undefined
  try {
    const bytes = Buffer.from(body, 'base64url')
    const key = sharedKey(secret, ephemeral as PublicKey, ephemeral as PublicKey, context)
    const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}
