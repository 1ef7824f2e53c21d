/**
 * A live, authenticated connection to one peer: accepted by the front door, dialled by us, or an in-memory twin.
 *
 * Everything above this interface is the same for all three. One object is one connection: it never reconnects. Who
 * wants the peer back dials again and gets a new object.
 */
import type { PublicKey } from '@volttron/vip'

export interface Connection {
  /** Unique within the process; for log lines and counters. */
  readonly id: string
  readonly direction: 'accepted' | 'dialled'
  /** `host:port` of the other side as the network sees it, or the path of a local socket. */
  readonly remote: string
  /** The CURVE key the other side has proven to hold. */
  readonly publicKey: PublicKey
  /** The routing id the other side claims (accepted connections); `''` on dialled ones. Text is UTF-8. */
  readonly routingId: string
  readonly counters: ConnectionCounters
  /**
   * Memory, in bytes, of what was handed over by {@link send} and the socket has not taken yet. The layer above stops sending when this
   * exceeds its limit; the connection itself never drops anything while it is open.
   */
  readonly pendingBytes: number

  /**
   * Queues one message; frames are sent in order of the calls. A closed connection ignores it. The buffers belong to the
   * connection from here on: the caller must not change them.
   */
  send(frames: readonly Uint8Array[]): void

  /**
   * Starts reading. Messages that arrived earlier are delivered first. Reading is budgeted: after 8 messages, 256 KiB or
   * 1 ms the event loop gets a turn, so one busy peer never starves the others.
   */
  start(handlers: ConnectionHandlers): void

  /** Lets queued messages leave for at most `lingerMs` (default 0), then closes. Idempotent; `onClose` fires once. */
  close(reason: string, lingerMs?: number): void

  /** Milliseconds (monotonic) since any byte came from the other side, heartbeats included. */
  silentForMs(): number
}

export interface ConnectionHandlers {
  /** Frames after the routing id. An exception thrown here closes the connection, never the platform. */
  onMessage(frames: Buffer[]): void
  /** `pendingBytes` fell to zero after it was above. */
  onDrain?(): void
  /** The connection is gone, for the reason given; nothing is delivered after it. */
  onClose(reason: string): void
}

export interface ConnectionCounters {
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
}

/** What the platform says about a key that knocks (ZAP, ZeroMQ RFC 27). */
export type Admission =
  | { readonly verdict: 'accept' }
  /** Not known yet: the client stays in its handshake and tries again (ZAP 300). */
  | { readonly verdict: 'later'; readonly reason: string }
  /** Denied or revoked: the client is told and does not retry (ZAP 400). */
  | { readonly verdict: 'refuse'; readonly reason: string }
