import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  decodeZ85,
  encodeZ85,
  keyBytes,
  keyPairFromSecret,
  parsePublicKey,
  parseSecretKey,
  publicKeyFromBytes,
  publicKeyOf,
  toZ85,
} from './keys.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('Z85', () => {
  it('agrees with the test vector of ZeroMQ RFC 32', () => {
    const bytes = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b)
    expect(encodeZ85(bytes)).toBe('HelloWorld')
    expect(decodeZ85('HelloWorld')).toEqual(bytes)
  })

  it('gives back all bytes', () => {
    const blocks = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 20 })
    fc.assert(
      fc.property(blocks, (parts) => {
        const bytes = new Uint8Array(Buffer.concat(parts))
        expect(decodeZ85(encodeZ85(bytes))).toEqual(bytes)
      }),
    )
  })

  it.each([
    ['a length that no bytes have', 'Hell'],
    ['a character of another alphabet', 'Hell_World'],
    ['a blank', 'Hell World'],
    ['a group above 32 bits', '#####'],
    ['a character beyond the basic plane', 'Hell💡Worl'],
  ])('refuses %s', (_what, text) => {
    expect(decodeZ85(text)).toBeUndefined()
  })

  it('encodes whole groups only', () => {
    expect(() => encodeZ85(new Uint8Array(5))).toThrow(RangeError)
  })
})

describe('the text of a key', () => {
  it('may have any form that VOLTTRON accepts, and has one inside the program', () => {
    fc.assert(
      fc.property(key, (bytes) => {
        const canonical = publicKeyFromBytes(bytes)
        expect(canonical).toHaveLength(43)
        const buffer = Buffer.from(bytes)
        for (const text of [
          canonical,
          `${canonical}=`,
          buffer.toString('base64'),
          buffer.toString('base64').replace('=', ''),
          buffer.toString('hex'),
          buffer.toString('hex').toUpperCase(),
          encodeZ85(bytes),
        ]) {
          expect(Buffer.from(keyBytes(text)!)).toEqual(buffer)
          expect(parsePublicKey(text)).toBe(canonical)
          expect(parseSecretKey(text)).toBe(canonical)
        }
        expect(toZ85(canonical)).toBe(encodeZ85(bytes))
      }),
    )
  })

  it.each([
    '',
    'x',
    'k'.repeat(42),
    'k'.repeat(45),
    '='.repeat(43),
    'z'.repeat(64),
    ' '.repeat(40),
    `${'k'.repeat(42)}\n`,
  ])('is not %j', (text) => {
    expect(keyBytes(text)).toBeUndefined()
    expect(parsePublicKey(text)).toBeUndefined()
    expect(parseSecretKey(text)).toBeUndefined()
  })

  it('is judged without an error, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 38, maxLength: 66 }), (text) => {
        const parsed = parsePublicKey(text)
        expect(parsed === undefined || parsed.length === 43).toBe(true)
      }),
    )
  })
})

describe('a key pair', () => {
  // RFC 7748, section 6.1.
  it.each([
    [
      'Alice',
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    ],
    [
      'Bob',
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
  ])('of %s is the one of RFC 7748', (_who, secret, publicKey) => {
    expect(keyPairFromSecret(hex(secret)).publicKey).toBe(publicKeyFromBytes(hex(publicKey)))
  })

  it('is made from its secret alone, and the same each time', () => {
    fc.assert(
      fc.property(key, (secret) => {
        const pair = keyPairFromSecret(secret)
        expect(pair).toEqual(keyPairFromSecret(secret))
        expect(publicKeyOf(pair.secretKey)).toBe(pair.publicKey)
        expect(parsePublicKey(pair.publicKey)).toBe(pair.publicKey)
      }),
      { numRuns: 20 },
    )
  })

  it('needs a secret of 32 bytes', () => {
    expect(() => keyPairFromSecret(hex('00'))).toThrow('32 bytes')
  })
})
