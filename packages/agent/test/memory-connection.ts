/** Two ends of a connection without a network. Messages arrive in a later turn, as they do from a socket. */
import type { Connection, ConnectionHandlers } from '@volttron/transport'
import type { PublicKey } from '@volttron/vip'

export class MemoryConnection implements Connection {
  readonly id = 'memory'
  readonly remote = 'memory'
  readonly publicKey = '' as PublicKey
  readonly counters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 }
  readonly direction: Connection['direction']
  readonly routingId: string
  pendingBytes = 0
  closed: string | undefined
  #other!: MemoryConnection
  #handlers: ConnectionHandlers | undefined
  #inbox: Buffer[][] = []
  #stalled: Buffer[][] | undefined

  private constructor(direction: Connection['direction'], routingId: string) {
    this.direction = direction
    this.routingId = routingId
  }

  static pair(routingId: string): { dialled: MemoryConnection; accepted: MemoryConnection } {
    const dialled = new MemoryConnection('dialled', '')
    const accepted = new MemoryConnection('accepted', routingId)
    dialled.#other = accepted
    accepted.#other = dialled
    return { dialled, accepted }
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.closed !== undefined) return
    const copy = frames.map((frame) => Buffer.from(frame))
    if (this.#stalled) {
      this.#stalled.push(copy)
      this.pendingBytes += copy.reduce((sum, frame) => sum + frame.length, 0)
    } else setImmediate(() => this.#other.#arrive(copy))
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.closed !== undefined) return handlers.onClose(this.closed)
    for (const frames of this.#inbox.splice(0)) this.#arrive(frames)
  }

  close(reason: string): void {
    if (this.closed !== undefined) return
    // What was sent before still arrives.
    setImmediate(() => this.#end(reason))
    setImmediate(() => this.#other.#end(reason))
  }

  silentForMs(): number {
    return 0
  }

  /** The socket takes nothing any more, until `false`. */
  stall(stalled: boolean): void {
    if (stalled) this.#stalled ??= []
    else {
      const waiting = this.#stalled ?? []
      this.#stalled = undefined
      this.pendingBytes = 0
      for (const frames of waiting) this.send(frames)
      this.#handlers?.onDrain?.()
    }
  }

  #arrive(frames: Buffer[]): void {
    if (this.closed !== undefined) return
    if (!this.#handlers) this.#inbox.push(frames)
    else {
      try {
        this.#handlers.onMessage(frames)
      } catch (error) {
        this.close(`a handler failed: ${error}`)
      }
    }
  }

  #end(reason: string): void {
    if (this.closed !== undefined) return
    this.closed = reason
    this.#handlers?.onClose(reason)
  }
}
