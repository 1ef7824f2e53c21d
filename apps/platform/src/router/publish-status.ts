/** What a batched publisher hears of its record: a result when it waits for one, and an error in any case. */
import { PublishFlag, VipErrno } from '@volttron/vip'
import type { PublishOutcome } from './distribution.ts'

export interface PublishStatus {
  /** 0, or a VIP error number without its sign: the wire has no negative numbers here. */
  readonly code: number
  readonly count: number
  readonly text: string
}

const MALFORMED = { code: 22, text: 'The headers or the body are not the JSON they claim to be' } as const

export function publishStatus(outcome: PublishOutcome, flags: number): PublishStatus | undefined {
  if ('refused' in outcome) {
    const { code, text } = outcome.refused === 'denied' ? VipErrno.unauthorized : MALFORMED
    return { code: Math.abs(code), count: 0, text }
  }
  return flags & PublishFlag.wantsResult ? { code: 0, count: outcome.count, text: '' } : undefined
}
