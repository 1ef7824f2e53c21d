/**
 * How the agent speaks on one connection: batched records with a router of ours ({@link BatchedWire}), plain VIP1 with a
 * classic one ({@link ClassicWire}). Both refuse what they cannot send now; the one queue is the outbox.
 */
import type { PublishContent } from './outgoing.ts'

/** Names an awaited publish on its connection until its result comes: a sequence number, or a message id. */
export type PublishKey = number | string

export interface Wire {
  readonly batched: boolean
  /**
   * Sends a publish that has waited `ageMs`; `undefined` when there is no room now. Bytes are copied before it returns.
   *
   * @throws VolttronError when it can never be sent to this router
   */
  publish(content: PublishContent, wantsResult: boolean, ageMs: number): PublishKey | undefined
  /** Sends any other VIP message; `false` when there is no room now. */
  send(frames: readonly Uint8Array[]): boolean
  /** Takes one message of the router apart. */
  receive(frames: Buffer[]): void
  /** Hands everything packed to the socket now instead of at the end of the turn. */
  flush(): void
  /** The connection is gone. */
  close(): void
}
