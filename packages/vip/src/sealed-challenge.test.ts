import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { keyPairFromSecret, publicKeyFromBytes } from './keys.ts'
import { openChallenge, sealChallenge } from './sealed-challenge.ts'

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const token = fc.uint8Array({ maxLength: 64 })
const few = { numRuns: 25 }

const holder = keyPairFromSecret(Buffer.alloc(32, 1))
const sealed = sealChallenge(Buffer.from('token'), holder.publicKey, 'purpose', Buffer.alloc(32, 2))

describe('a sealed challenge', () => {
  it('opens to the holder of the key', () => {
    fc.assert(
      fc.property(secret, secret, token, fc.string(), (own, ephemeral, bytes, context) => {
        const pair = keyPairFromSecret(own)
        const text = sealChallenge(bytes, pair.publicKey, context, ephemeral)
        expect(text).toMatch(/^[\w-]{43}\.[\w-]+$/)
        expect(openChallenge(text, pair.secretKey, context)).toEqual(Buffer.from(bytes))
      }),
      few,
    )
  })

  it('opens to nobody else', () => {
    fc.assert(
      fc.property(secret, (other) => {
        const pair = keyPairFromSecret(other)
        fc.pre(pair.publicKey !== holder.publicKey)
        expect(openChallenge(sealed, pair.secretKey, 'purpose')).toBeUndefined()
      }),
      few,
    )
  })

  it('serves no other purpose', () => {
    expect(openChallenge(sealed, holder.secretKey, 'purpose')?.toString()).toBe('token')
    for (const context of ['', 'Purpose', 'purpose ', 'purpose\n']) {
      expect(openChallenge(sealed, holder.secretKey, context)).toBeUndefined()
    }
  })

  it('does not survive a change of any byte', () => {
    const [ephemeral, body] = sealed.split('.') as [string, string]
    const bytes = Buffer.from(body, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      expect(
        openChallenge(`${ephemeral}.${changed.toString('base64url')}`, holder.secretKey, 'purpose'),
      ).toBeUndefined()
      expect(
        openChallenge(`${ephemeral}.${bytes.subarray(0, at).toString('base64url')}`, holder.secretKey, 'purpose'),
      ).toBeUndefined()
    }
    for (const other of [holder.publicKey, publicKeyFromBytes(Buffer.alloc(32)), 'x'.repeat(43), '!'.repeat(43)]) {
      expect(openChallenge(`${other}.${body}`, holder.secretKey, 'purpose')).toBeUndefined()
    }
  })

  it.each(['', '.', 'a.b', `${sealed}.`, `${sealed}.x`, sealed.slice(1), sealed.replace('.', ''), `.${sealed}`])(
    'is not %j',
    (text) => {
      expect(openChallenge(text, holder.secretKey, 'purpose')).toBeUndefined()
    },
  )

  it('is refused without an error, whatever the text', () => {
    const anyKey = secret.map((bytes) => publicKeyFromBytes(bytes))
    const lookalike = fc.tuple(anyKey, fc.base64String()).map(([key, body]) => `${key}.${body}`)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), lookalike), (text) => {
        expect(openChallenge(text, holder.secretKey, 'purpose')).toBeUndefined()
      }),
    )
  })

  it('is never sealed to a key that anybody could open it with', () => {
    // Points of small order (RFC 7748, section 6.1): whatever the secret, the outcome is zero.
    for (const first of [0, 1]) {
      const weak = publicKeyFromBytes(Uint8Array.of(first, ...Buffer.alloc(31)))
      expect(() => sealChallenge(Buffer.from('t'), weak, 'purpose', Buffer.alloc(32, 2))).toThrow()
    }
  })
})
