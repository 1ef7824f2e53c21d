/** What a peer should not have sent: counted, and told in the log. What it hears of it is the business of whoever found it. */
import type { Bus } from './bus.ts'
import type { RouterCounters } from './counters.ts'
import { shown } from './peer-log.ts'

/** The counter says which misdeed it is. */
export type Misdeed =
  | 'malformed'
  | 'malformedRequest'
  | 'malformedPublish'
  | 'unknownSubsystem'
  | 'refusedForward'
  | 'failedRequest'

export type MisdeedCounters = Pick<RouterCounters, Misdeed>

/** @param detail may hold what the peer has written */
export function noteMisdeed(
  bus: Pick<Bus, 'counters' | 'peerLog'>,
  peer: string,
  misdeed: Misdeed,
  detail: string,
): void {
  bus.counters[misdeed]++
  bus.peerLog.add(peer, 'peer-misbehaves', { identity: peer, misdeed, detail: shown(detail) })
}
