/**
 * Challenges that prove the registered key of a platform.
 *
 * Asking for one stores nothing, so that nobody can fill the database by asking: the token is a MAC of what it is for, made
 * with a key that all processes on one database share. An answer that was used is remembered until it expires.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Challenge, type ProofSubject, proofContext } from '@volttron/contracts'
import { parsePublicKey, sealChallenge } from '@volttron/vip'
import { timestamp } from './timestamp.ts'

/** How long a challenge may be answered, in milliseconds. */
export const CHALLENGE_LIFETIME_MS = 60_000

/** An answer as it came in the header `Platform-Proof`. */
export interface Proof {
  readonly challengeId: string
  readonly token: Buffer
}

const CHALLENGE_ID = /^([0-9a-z]{8,10})\.[A-Za-z0-9_-]{22}$/

/** Reads the header `<challenge id>:<token>`; `undefined` when it has another form. */
export function parseProof(header: string | undefined): Proof | undefined {
  const match = /^([^:]{1,64}):([A-Za-z0-9_-]{43})$/.exec(header ?? '')
  if (!match?.[1] || !match[2] || !CHALLENGE_ID.test(match[1])) return undefined
  return { challengeId: match[1], token: Buffer.from(match[2], 'base64url') }
}

/** Unix time in milliseconds at which a challenge expires; 0 when the id is none of ours. */
export const challengeExpiry = (challengeId: string): number =>
  Number.parseInt(CHALLENGE_ID.exec(challengeId)?.[1] ?? '0', 36)

function tokenOf(secret: string, subject: ProofSubject, registeredKey: string): Buffer {
  const mac = createHmac('sha256', Buffer.from(secret, 'base64url'))
  return mac.update(JSON.stringify([proofContext(subject), registeredKey])).digest()
}

/** What a challenge is made for. */
export interface ChallengeSubject extends Omit<ProofSubject, 'challengeId'> {
  /** The public credential that is stored for the platform. */
  readonly registeredKey: string
}

/** Makes a challenge; `undefined` when the registered credential is no CURVE key, so that nobody can prove it. */
export function makeChallenge(secret: string, subject: ChallengeSubject, nowMs: number): Challenge | undefined {
  const key = parsePublicKey(subject.registeredKey)
  if (key === undefined) return undefined
  const expiresMs = nowMs + CHALLENGE_LIFETIME_MS
  const challengeId = `${expiresMs.toString(36)}.${randomBytes(16).toString('base64url')}`
  const bound = { ...subject, challengeId }
  const token = tokenOf(secret, bound, subject.registeredKey)
  const sealed = sealChallenge(token, key, proofContext(bound), randomBytes(32))
  return { challenge_id: challengeId, sealed, expires_at: timestamp(new Date(expiresMs)) }
}

/** True when `proof` answers a challenge made for exactly this subject that has not expired. */
export function isProofValid(secret: string, subject: ChallengeSubject, proof: Proof, nowMs: number): boolean {
  if (challengeExpiry(proof.challengeId) <= nowMs) return false
  const expected = tokenOf(secret, { ...subject, challengeId: proof.challengeId }, subject.registeredKey)
  return timingSafeEqual(expected, proof.token)
}
