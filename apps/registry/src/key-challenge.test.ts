import { describe, expect, it } from '@jest/globals'
import { proofContext } from '@volttron/contracts'
import { keyPairFromSecret, openChallenge } from '@volttron/vip'
import { CHALLENGE_LIFETIME_MS, isProofValid, makeChallenge, parseProof } from './key-challenge.ts'

const secret = Buffer.alloc(32, 9).toString('base64url')
const keys = keyPairFromSecret(Buffer.alloc(32, 1))
const subject = { method: 'DELETE', id: 'platform1', registeredKey: keys.publicKey } as const
const NOW = 1_700_000_000_000

function answered() {
  const challenge = makeChallenge(secret, subject, NOW)!
  const token = openChallenge(
    challenge.sealed,
    keys.secretKey,
    proofContext({ ...subject, challengeId: challenge.challenge_id }),
  )
  return parseProof(`${challenge.challenge_id}:${token?.toString('base64url')}`)!
}

describe('a challenge', () => {
  it('is answered by the holder of the key until it expires', () => {
    const proof = answered()
    expect(isProofValid(secret, subject, proof, NOW)).toBe(true)
    expect(isProofValid(secret, subject, proof, NOW + CHALLENGE_LIFETIME_MS - 1)).toBe(true)
    expect(isProofValid(secret, subject, proof, NOW + CHALLENGE_LIFETIME_MS)).toBe(false)
  })

  it('does not live longer when its id is changed', () => {
    const { challengeId, token } = answered()
    const later = `${(NOW + 10 * CHALLENGE_LIFETIME_MS).toString(36)}${challengeId.slice(challengeId.indexOf('.'))}`
    expect(isProofValid(secret, subject, { challengeId: later, token }, NOW)).toBe(false)
  })

  it('serves no other entry, key or database', () => {
    const proof = answered()
    expect(isProofValid(secret, { ...subject, id: 'platform2' }, proof, NOW)).toBe(false)
    expect(isProofValid(secret, { ...subject, registeredKey: 'another key of sixteen' }, proof, NOW)).toBe(false)
    expect(isProofValid(Buffer.alloc(32, 8).toString('base64url'), subject, proof, NOW)).toBe(false)
  })

  it('is not made for a credential that is no key', () => {
    expect(makeChallenge(secret, { ...subject, registeredKey: '7Dkj4a...vB3Mm==' }, NOW)).toBeUndefined()
  })
})
