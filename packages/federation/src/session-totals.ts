/** Sums over all links with one platform since the start. */
import type { PlatformLink } from './platform-link.ts'

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

export function addTo(totals: Totals, link: PlatformLink): void {
  totals.messagesIn += link.counters.messagesIn
  totals.messagesOut += link.messagesOut
  totals.dropped += link.counters.dropped
  totals.refusedOut += link.refusedOut
  totals.refusedIn += link.counters.refusedIn
}
