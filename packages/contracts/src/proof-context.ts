/**
 * What a proof of a key is bound to. Registry and client compute it on their own, so a proof made for one change opens
 * no other: not another platform, not another method, not other data slipped in on the way.
 */
import { createHash } from 'node:crypto'
import type { ChallengeMethod, Registration } from './registry.ts'

export interface ProofSubject {
  readonly challengeId: string
  readonly method: ChallengeMethod
  /** The entry that is changed or removed. */
  readonly id: string
  /** The new data; absent for DELETE. */
  readonly platform?: Registration | undefined
}

/** The context for `sealChallenge` and `openChallenge` of `@volttron/vip`. */
export function proofContext({ challengeId, method, id, platform }: ProofSubject): string {
  const fields = platform && [
    platform.id,
    platform.address,
    platform.public_credentials,
    platform.group,
    platform.dial_only,
  ]
  const digest = createHash('sha256').update(JSON.stringify([challengeId, method, id, fields ?? null]))
  return `volttron platform registry 1 ${digest.digest('base64url')}`
}
