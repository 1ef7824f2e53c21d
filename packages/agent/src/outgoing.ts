/** A message on its way to the router, in the form that fits both kinds of router. */

/** Settled when the router has answered an awaited publish. */
export interface AwaitedPublish {
  resolve(receivers: number): void
  reject(error: Error): void
}

/** What is published. */
export interface PublishContent {
  readonly topic: string
  /** JSON text, or opaque bytes. */
  readonly body: string | Uint8Array
  /** JSON text of an object; `''` for none. */
  readonly headersJson: string
  readonly bus: string
}

/** A publish that waits. */
export interface OutgoingPublish extends PublishContent {
  readonly kind: 'publish'
  readonly awaited: AwaitedPublish | undefined
  /** What it counts for in the send queue. */
  readonly bytes: number
  /** Monotonic milliseconds; tells how long it has waited when it leaves. */
  readonly createdAtMs: number
}

/** A classic VIP message: everything that is not a publish. It means nothing on a later connection. */
export interface OutgoingFrames {
  readonly kind: 'frames'
  readonly frames: readonly Uint8Array[]
  readonly bytes: number
}

export type Outgoing = OutgoingPublish | OutgoingFrames

/** Memory a waiting message costs beside its bytes. */
export const MESSAGE_OVERHEAD_BYTES = 128

export function outgoingFrames(frames: readonly Uint8Array[]): OutgoingFrames {
  let bytes = MESSAGE_OVERHEAD_BYTES
  for (const frame of frames) bytes += frame.length
  return { kind: 'frames', frames, bytes }
}
