/**
 * The one queue between the agent and its connection. What can leave passes it by; the rest waits. It is bounded in bytes
 * and messages; when it is full a message is refused, never dropped. While there is no connection, publishes stay and
 * everything else is refused.
 */
import {
  type AwaitedPublish,
  MESSAGE_OVERHEAD_BYTES,
  type Outgoing,
  type OutgoingFrames,
  type OutgoingPublish,
  outgoingFrames,
  type PublishContent,
} from './outgoing.ts'
import type { PublishKey, Wire } from './wire.ts'

export interface OutboxOptions {
  readonly maxBytes: number
  readonly maxMessages: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** An awaited publish has left; `key` names its result. */
  readonly onSent: (topic: string, awaited: AwaitedPublish, key: PublishKey) => void
  /** A publish that waited can never be sent to the router it has now. */
  readonly onUnsendable: (awaited: AwaitedPublish | undefined, error: Error) => void
  /** Somebody was told to wait, and now nothing waits any more. */
  readonly onDrain: () => void
}

/** `sent`: handed on. `queued`: it waits; more should come after `onDrain`. `full`: it was not taken. */
export type Offer = 'sent' | 'queued' | 'full'

export class Outbox {
  readonly #options: OutboxOptions
  #wire: Wire | undefined
  #items: (Outgoing | undefined)[] = []
  #from = 0
  #bytes = 0
  /** What goes ahead of the rest; bounded like it, by itself. */
  #ahead: OutgoingFrames[] = []
  #aheadBytes = 0
  /** A sender waits for {@link OutboxOptions.onDrain}. */
  #isAwaited = false
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

  /** Whether much waits already: then a sender does well to pause. */
  get isHalfFull(): boolean {
    return this.#bytes * 2 > this.#options.maxBytes || this.length * 2 > this.#options.maxMessages
  }

  /** Sends or queues a publish. Bytes are copied before the call returns. */
  offerPublish(content: PublishContent, awaited: AwaitedPublish | undefined): Offer {
    if (this.length === 0 && this.#wire && this.#publish(this.#wire, content, awaited, 0)) return 'sent'
    const { topic, body, headersJson, bus } = content
    const bytes = topic.length + body.length + headersJson.length + bus.length + MESSAGE_OVERHEAD_BYTES
    if (!this.#hasRoom(bytes)) return 'full'
    // The caller may reuse its buffer.
    const ownBody = typeof body === 'string' ? body : Buffer.from(body)
    const createdAtMs = this.#options.now()
    this.#add({ kind: 'publish', topic, body: ownBody, headersJson, bus, awaited, bytes, createdAtMs })
    return 'queued'
  }

  /** Sends or queues any other message; `false` when the queue is full and it was not taken. */
  offerFrames(frames: readonly Uint8Array[]): boolean {
    if (this.length === 0 && this.#wire?.send(frames)) return true
    const item = outgoingFrames(frames)
    if (!this.#hasRoom(item.bytes)) return false
    this.#add(item)
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

  /** {@link OutboxOptions.onDrain} is wanted. */
  awaitDrain(): void {
    this.#isAwaited = true
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

  /** A message larger than the whole queue passes when nothing else waits. */
  #hasRoom(bytes: number): boolean {
    if (this.length === 0) return true
    return this.length < this.#options.maxMessages && this.#bytes + bytes <= this.#options.maxBytes
  }

  #add(item: Outgoing): void {
    this.#items.push(item)
    this.#bytes += item.bytes
  }

  #send(wire: Wire, item: Outgoing): boolean {
    if (item.kind === 'frames') return wire.send(item.frames)
    const ageMs = Math.max(0, Math.floor(this.#options.now() - item.createdAtMs))
    return this.#publish(wire, item, item.awaited, ageMs)
  }

  #publish(wire: Wire, content: PublishContent, awaited: AwaitedPublish | undefined, ageMs: number): boolean {
    try {
      const key = wire.publish(content, awaited !== undefined, ageMs)
      if (key === undefined) return false
      if (awaited) this.#options.onSent(content.topic, awaited, key)
    } catch (error) {
      this.#options.onUnsendable(awaited, error as Error)
    }
    return true
  }

  #clearAhead(): void {
    this.#ahead = []
    this.#aheadBytes = 0
  }

  #compact(): void {
    if (this.#from === 0) return
    this.#items = this.#items.slice(this.#from)
    this.#from = 0
  }

  #announceRoom(): void {
    if (this.length > 0) return
    if (this.#idleWaiters.length > 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
    if (!this.#isAwaited) return
    this.#isAwaited = false
    this.#options.onDrain()
  }
}
