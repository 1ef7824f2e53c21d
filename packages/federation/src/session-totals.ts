/** Sums over all sessions with one platform since the start. */
import type { Session } from './session.ts'

export interface Totals {
  messagesIn: number
  messagesOut: number
  dropped: number
  refusedOut: number
  refusedIn: number
  sessions: number
}

export const noTotals = (): Totals => ({
  messagesIn: 0,
  messagesOut: 0,
  dropped: 0,
  refusedOut: 0,
  refusedIn: 0,
  sessions: 0,
})

export function addTo<T, R>(totals: Totals, session: Session<T, R>): void {
  totals.messagesIn += session.counters.messagesIn
  totals.messagesOut += session.messagesOut
  totals.dropped += session.counters.dropped
  totals.refusedOut += session.refusedOut
  totals.refusedIn += session.counters.refusedIn
}
