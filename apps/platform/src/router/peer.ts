/** Anything with an identity on the bus: an agent behind a connection, or a service of the platform itself. */
import type { SharedBlock } from '@volttron/transport'
import type { Delivery } from './delivery.ts'

/** `full`: the queue had no room. `unfit`: the record cannot be said in the form this peer understands. */
export type DeliveryOutcome = 'sent' | 'full' | 'unfit'

export interface Peer {
  readonly identity: string
  /** Whose rights count: the identity, or `control.connection` for any of the operator's command lines. */
  readonly principal: string
  readonly kind: 'agent' | 'control' | 'service'
  /**
   * Sends a VIP message as the peer is to see it.
   *
   * @returns false when the peer's queue is full and the message was refused
   */
  send(frames: readonly Uint8Array[]): boolean
  /** Hands over one publish. Its bytes are copied or rendered before the call returns. */
  deliver(delivery: Delivery): DeliveryOutcome
  /** Much waits for the peer, and it is working on it. */
  readonly isCongested: boolean
  /** Speaks the batched form, and so knows more than VIP1 can say. */
  readonly isBatched: boolean
  /** True when the peer wants to hear who joins and leaves. */
  readonly hearsPeers: boolean
  close(reason: string): void
}

/** A peer that speaks the batched form. */
export interface BatchedPeer extends Peer {
  /**
   * Hands over records packed for several peers, and nothing else before them: what was packed earlier has been taken.
   *
   * @returns false when the queue has no room for all; none was taken then
   */
  share(block: SharedBlock): boolean
  /** What is packed and may leave does so now, instead of at the end of the turn. */
  flush(): void
}

export const asBatched = (peer: Peer): BatchedPeer | undefined => (peer.isBatched ? (peer as BatchedPeer) : undefined)
