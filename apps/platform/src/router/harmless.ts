/** What a classic peer may be sent: a Python agent ends at some frames, and must not be ended by whoever can address it. */
import { isEchoableInPython, isReadableInPython, Subsystem } from '@volttron/vip'
import type { Peer } from './peer.ts'

/** Whoever reads frames as they are, and survives all of them. */
export const isRobust = (to: Peer): boolean => to.isBatched || to.kind === 'service'

/** @param parts the message id and the arguments, whoever wrote them */
export function isHarmless(to: Peer, subsystem: string, parts: readonly Uint8Array[]): boolean {
  if (isRobust(to)) return true
  return parts.every(subsystem === Subsystem.ping ? isEchoableInPython : isReadableInPython)
}
