/** A connected platform as the router uses it, whatever protocol it speaks. */
import type { Name } from '@volttron/transport'

/** `vip1`: a Python platform, or one that speaks like it. */
export type Protocol = 'volttron-ts' | 'vip1'

export interface LinkCounters {
  messagesIn: number
  /** What had no business on the link, or came before it was settled. */
  refusedIn: number
  /** Records that were waiting when the link closed. */
  dropped: number
}

export interface PlatformLink {
  readonly platform: string
  readonly protocol: Protocol
  readonly dialledBy: 'us' | 'peer'
  readonly isRunning: boolean
  /** The other side is behind, and working on it. */
  readonly isCongested: boolean
  /** Bytes that wait for the other side. */
  readonly queuedBytes: number
  readonly counters: LinkCounters
  /** Records that left. */
  readonly messagesOut: number
  /** Records refused: the queue was full, or the protocol cannot say them. */
  readonly refusedOut: number
  /**
   * Sends a record; its bytes are copied before the call returns.
   *
   * @returns false when the record was refused
   */
  publish(
    topic: Name,
    route: Name,
    flags: number,
    sequence: number,
    ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): boolean
}
