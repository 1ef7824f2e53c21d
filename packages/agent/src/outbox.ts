/**
 * The one queue between the agent and its connection. It is bounded in bytes and messages; when it is full a message is
 * refused, never dropped. While there is no connection, publishes stay and everything else is refused.
 */
import { type Outgoing, type OutgoingFrames, type OutgoingPublish, outgoingFrames } from './outgoing.ts'
import type { PublishKey, Wire } from './wire.ts'

export interface OutboxOptions {
  readonly maxBytes: number
  readonly maxMessages: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** An awaited publish has left; `key` names its result. */
  readonly onSent: (message: OutgoingPublish, key: PublishKey) => void
  /** A publish that waited can never be sent to the router it has now. */
  readonly onUnsendable: (message: OutgoingPublish, error: Error) => void
  /** A message was refused earlier, and now half of the queue is free. */
  readonly onDrain: () => void
}

export class Outbox {
  readonly #options: OutboxOptions
  #wire: Wire | undefined
  #items: (Outgoing | undefined)[] = []
  #from = 0
  #bytes = 0
  /** What goes ahead of the rest; bounded like it, by itself. */
  #ahead: OutgoingFrames[] = []
  #aheadBytes = 0
  #refused = false
  #idleWaiters: (() => void)[] = []

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Messages that wait. */
  get length(): number {
    return this.#items.length - this.#from
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Sends a message or queues it; `false` when the queue is full and the message was not taken. */
  offer(item: Outgoing): boolean {
    if (this.length === 0 && this.#wire && this.#send(this.#wire, item)) return true
    // A message larger than the whole queue passes when nothing else waits.
    const fits = this.length < this.#options.maxMessages && this.#bytes + item.bytes <= this.#options.maxBytes
    if (!fits && this.length > 0) {
      this.#refused = true
      return false
    }
    this.#items.push(withOwnBytes(item))
    this.#bytes += item.bytes
    return true
  }

  /**
   * Sends ahead of all that waits: a router that asks whether we live must not wait behind bulk.
   *
   * @returns `false` without a connection, or when as much waits already as the queue may hold
   */
  sendAhead(frames: readonly Uint8Array[]): boolean {
    if (!this.#wire) return false
    if (this.#ahead.length === 0 && this.#wire.send(frames)) return true
    const item = outgoingFrames(frames)
    if (this.#aheadBytes + item.bytes > this.#options.maxBytes) return false
    this.#ahead.push(item)
    this.#aheadBytes += item.bytes
    return true
  }

  /** From here on messages go to `wire`; call {@link pump} when it is ready for what waits. */
  attach(wire: Wire): void {
    this.#wire = wire
  }

  /** The connection is gone: publishes stay for the next one, the rest is meaningless there. */
  detach(): void {
    this.#wire = undefined
    this.#clearAhead()
    this.#items = this.#items.slice(this.#from).filter((item) => item?.kind === 'publish')
    this.#from = 0
    this.#bytes = this.#items.reduce((sum, item) => sum + item!.bytes, 0)
  }

  /** Sends what waits until the wire has no more room. */
  pump(): void {
    const wire = this.#wire
    if (!wire) return
    while (this.#ahead.length > 0 && wire.send(this.#ahead[0]!.frames)) this.#aheadBytes -= this.#ahead.shift()!.bytes
    while (this.length > 0 && this.#ahead.length === 0) {
      const item = this.#items[this.#from]!
      if (!this.#send(wire, item)) break
      this.#items[this.#from++] = undefined
      this.#bytes -= item.bytes
      if (this.#from > 4_096 && this.#from * 2 > this.#items.length) this.#compact()
    }
    if (this.length === 0) this.#compact()
    this.#announceRoom()
  }

  /** Resolves when nothing waits any more. */
  whenEmpty(): Promise<void> {
    if (this.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  /** Takes out what waits, for an agent that stops. */
  clear(): OutgoingPublish[] {
    const left = this.#items.filter((item): item is OutgoingPublish => item?.kind === 'publish')
    this.#items = []
    this.#from = 0
    this.#bytes = 0
    this.#clearAhead()
    return left
  }

  #send(wire: Wire, item: Outgoing): boolean {
    if (item.kind === 'frames') return wire.send(item.frames)
    try {
      const key = wire.publish(item, this.#options.now())
      if (key === undefined) return false
      if (item.awaited) this.#options.onSent(item, key)
    } catch (error) {
      this.#options.onUnsendable(item, error as Error)
    }
    return true
  }

  #clearAhead(): void {
    this.#ahead = []
    this.#aheadBytes = 0
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#from)
    this.#from = 0
  }

  #announceRoom(): void {
    if (this.length === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
    const { maxBytes, maxMessages } = this.#options
    if (!this.#refused || this.#bytes * 2 > maxBytes || this.length * 2 > maxMessages) return
    this.#refused = false
    this.#options.onDrain()
  }
}

/** The caller may reuse its buffer once the call has returned. */
const withOwnBytes = (item: Outgoing): Outgoing =>
  item.kind === 'publish' && typeof item.body !== 'string' ? { ...item, body: Buffer.from(item.body) } : item
