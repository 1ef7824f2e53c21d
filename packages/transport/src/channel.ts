/**
 * The batched form over one connection, in both directions: packs what is published, unpacks what arrives, and keeps both
 * sides' credit. Its owner feeds it the batches, because the same connection carries classic messages until both have
 * announced that they can do better.
 *
 * Nothing is lost silently: a record that finds neither credit nor room in the queue is refused, counted, and reported to
 * the caller by `false`.
 */
import { BatchFormatError, type BatchHandlers, BatchReader, type Credit, MAX_NAME_ID } from '@volttron/vip'
import { ChannelSender, type SenderCounters, type SenderOptions } from './channel-sender.ts'
import type { Connection } from './connection.ts'
import { CreditGrant } from './credit-window.ts'
import type { Name } from './name-table.ts'
import type { SharedBlock } from './shared-records.ts'

/** Longest topic a peer may publish to, in UTF-16 code units: bounds what the names of a connection can cost. */
export const MAX_TOPIC_LENGTH = 1_024
const MAX_ROUTE_LENGTH = 4_096

export interface ChannelOptions extends SenderOptions {
  /** Absent: the other side is granted credit as fast as it is consumed. */
  readonly backpressure?: Backpressure
}

/**
 * Holds the other side back a little while those its records go to catch up, so that a burst fills queues instead of
 * overflowing them. Bounded: a grant is held for 300 ms at most, and who does not move at all is not waited for.
 */
export interface Backpressure {
  /** Some reader of what this channel brings has much in its queue, and is working on it. */
  isCongested(): boolean
  /** Runs `run` in a moment; returns how to prevent that. */
  soon(run: () => void): () => void
}

export interface ChannelHandlers<T, R> {
  /** A topic the other side will use; the result is given back with each record of it. */
  resolveTopic(text: string): T
  /** A route the other side will use; `undefined` breaks the connection. */
  resolveRoute(text: string): R | undefined
  /** One record; its fields are in `record` and are gone when the call returns. */
  onPublish(topic: T, route: R, record: BatchReader): void
  /** A classic message that came in the batch. */
  onFrames(frames: Buffer[]): void
  onResult?(sequence: number, status: number, count: number, text: string): void
  /** Records that waited for credit have left, and there is room again. */
  onDrain?(): void
  /** The other side allows more while nothing waits here: for an owner that keeps its own queue. */
  onAllowance?(): void
}

export interface ChannelCounters extends SenderCounters {
  recordsIn: number
}

/** Longest time a grant is held. More than the window lasts, so that who is held back to the end slows down each time. */
const HOLD_MS = 300

export class Channel<T = Name, R = Name> implements BatchHandlers {
  readonly connection: Connection
  readonly counters: ChannelCounters = { recordsIn: 0, recordsOut: 0, refused: 0 }
  readonly #options: ChannelOptions
  readonly #handlers: ChannelHandlers<T, R>
  readonly #sender: ChannelSender
  readonly #reader = new BatchReader()
  readonly #grant: CreditGrant
  readonly #topics: (T | undefined)[] = []
  readonly #routes: (R | undefined)[] = []
  #closed = false
  #owed: Credit | undefined
  #heldSinceMs = 0
  #cancelHold: (() => void) | undefined

  constructor(connection: Connection, options: ChannelOptions, handlers: ChannelHandlers<T, R>) {
    this.connection = connection
    this.#options = options
    this.#handlers = handlers
    this.#sender = new ChannelSender(connection, options, this.counters)
    this.#grant = new CreditGrant(options.now)
  }

  /** Bytes that wait for the other side: for credit, or for the socket. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes
  }

  /** Much waits for the other side, there is still room, and the other side is reading. */
  get isCongested(): boolean {
    return this.#sender.isCongested
  }

  /**
   * Sends a record whose tail is `source[tailStart, tailEnd)`. The bytes are copied before the call returns.
   *
   * @returns false when the queue is full and the record was refused
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
  ): boolean {
    return this.#sender.publish(topic, route, flags, sequence, ageMs, source, tailStart, tailEnd)
  }

  /**
   * Sends records that were packed once for several channels, together and in the order of the calls with what is published
   * here. They are all taken or all refused; nothing is counted then, and the caller may try them one by one.
   *
   * @returns false when the queue has no room for all of them
   */
  share(block: SharedBlock): boolean {
    return this.#sender.share(block)
  }

  /**
   * Sends a classic message, ahead of records that wait. The frames are copied before the call returns.
   *
   * @returns false when the queue is full and the message was refused
   */
  sendFrames(frames: readonly Uint8Array[]): boolean {
    return this.#sender.sendFrames(frames)
  }

  /**
   * Answers the record of the other side with this sequence. Control records need no credit; they are refused and counted
   * when the other side asks for them without end and reads none.
   */
  sendResult(sequence: number, status: number, count: number, text = ''): void {
    this.#sender.sendResult(sequence, status, count, text)
  }

  /**
   * Unpacks one batch of the other side, which is a message of one or two frames. A record whose handler closes the channel
   * is the last one.
   *
   * @throws BatchFormatError when it breaks the format; the owner closes the connection
   */
  receive(batch: Buffer, more?: Buffer): void {
    if (this.#closed) return
    this.#reader.read(batch, this.#options.nonce, this, more)
    const records = this.#reader.records
    this.counters.recordsIn += records
    const grant = this.#grant.consume(batch.length + (more?.length ?? 0), records)
    if (!grant || this.#closed) return
    this.#owed = grant
    if (!this.#cancelHold) this.#heldSinceMs = this.#options.now()
    this.#grantOrHold()
  }

  /** Hands what is packed and may leave to the socket, instead of at the end of the turn. */
  flush(): void {
    this.#sender.flush()
  }

  /** Forgets what waits; the owner has closed the connection. Returns how many records were waiting. Idempotent. */
  close(): number {
    this.#closed = true
    this.#cancelHold?.()
    return this.#sender.close()
  }

  onTopic(id: number, name: string): void {
    if (this.#closed) return
    if (name.length > MAX_TOPIC_LENGTH) throw new BatchFormatError(`a topic has at most ${MAX_TOPIC_LENGTH} characters`)
    put(this.#topics, id, this.#handlers.resolveTopic(name))
  }

  onRoute(id: number, text: string): void {
    if (this.#closed) return
    if (text.length > MAX_ROUTE_LENGTH) throw new BatchFormatError(`a route has at most ${MAX_ROUTE_LENGTH} characters`)
    const route = this.#handlers.resolveRoute(text)
    if (route === undefined) throw new BatchFormatError('a route that this peer may not use')
    put(this.#routes, id, route)
  }

  onPublish(record: BatchReader): void {
    if (this.#closed) return
    const topic = record.topicId <= MAX_NAME_ID ? this.#topics[record.topicId] : undefined
    const route = record.routeId <= MAX_NAME_ID ? this.#routes[record.routeId] : undefined
    if (topic === undefined || route === undefined) throw new BatchFormatError('a record uses a name never defined')
    this.#handlers.onPublish(topic, route, record)
  }

  onFrames(frames: Buffer[]): void {
    if (this.#closed) return
    this.#handlers.onFrames(frames)
  }

  onResult(sequence: number, status: number, count: number, text: string): void {
    if (this.#closed) return
    this.#handlers.onResult?.(sequence, status, count, text)
  }

  onCredit(bytes: number, records: number): void {
    if (this.#closed) return
    const wasDrained = this.#sender.isDrained
    const isDrained = this.#sender.raise(bytes, records)
    if (wasDrained) this.#handlers.onAllowance?.()
    else if (isDrained) this.#handlers.onDrain?.()
  }

  #grantOrHold(): void {
    const { backpressure, now } = this.#options
    this.#cancelHold?.()
    this.#cancelHold = undefined
    if (!this.#owed || this.#closed) return
    if (backpressure?.isCongested() && now() - this.#heldSinceMs < HOLD_MS) {
      this.#cancelHold = backpressure.soon(() => this.#grantOrHold())
      return
    }
    this.#sender.sendCredit(this.#owed)
    this.#owed = undefined
  }
}

/**
 * Grows without holes: an array whose first id is high would become a dictionary, which is slow for good. Ids are bounded,
 * and so is what a peer can make this cost.
 */
function put<N>(names: (N | undefined)[], id: number, name: N): void {
  while (names.length < id) names.push(undefined)
  names[id] = name
}
