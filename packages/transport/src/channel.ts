/**
 * The batched form over one connection, in both directions: packs what is published, unpacks what arrives, and keeps both
 * sides' credit. Its owner feeds it the batches, because the same connection carries classic messages until both have
 * announced that they can do better.
 *
 * Nothing is lost silently: a record that finds neither credit nor room in the queue is refused, counted, and reported to
 * the caller by `false`.
 */
import { BatchFormatError, type BatchHandlers, BatchReader, BatchWriter, type Credit, MAX_NAME_ID } from '@volttron/vip'
import { AnnouncedNames } from './announced-names.ts'
import type { Connection } from './connection.ts'
import { CreditBalance, CreditGrant } from './credit-window.ts'
import type { Name } from './name-table.ts'
import { SendQueue } from './send-queue.ts'
import type { Turn } from './turn.ts'

/** Longest topic a peer may publish to, in UTF-16 code units: bounds what the names of a connection can cost. */
export const MAX_TOPIC_LENGTH = 1_024
const MAX_ROUTE_LENGTH = 4_096

/** A batch leaves at this size even within the turn. */
const FLUSH_BYTES = 64 * 1024

/**
 * What the socket may hold back before records wait here, whatever the other side allows: credit without reading must not
 * cost more memory than the queue. More than any window, so that a reader that empties it always grants more.
 */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** Results need no credit. One largest message and a window never come near this; what comes then is refused. */
const MAX_UNSENT_BYTES_FOR_RESULTS = 32 * 1024 * 1024

export interface ChannelOptions {
  /** Names the connection in every batch; drawn by the accepting side. */
  readonly nonce: number
  /** What the other side allows at first. */
  readonly credit: Credit
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Bytes that may wait for credit; what comes then is refused. */
  readonly queueBytes: number
  /** Absent: the other side is granted credit as fast as it is consumed. */
  readonly backpressure?: Backpressure
}

/**
 * Holds the other side back a little while those its records go to catch up, so that a burst fills queues instead of
 * overflowing them. Bounded: a grant is held for 100 ms at most, and who does not move at all is not waited for.
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

export interface ChannelCounters {
  recordsIn: number
  recordsOut: number
  /** Refused because the queue was full. */
  refused: number
}

/** A record that waits for credit. */
interface WaitingRecord {
  readonly topic: Name
  readonly route: Name
  readonly flags: number
  readonly sequence: number
  readonly ageMs: number
  readonly tail: Buffer
  readonly bytes: number
}

/** A classic message that waits for credit. */
interface WaitingFrames {
  readonly frames: readonly Uint8Array[]
  readonly bytes: number
}

/** What classic messages may send beyond the credit of records, so that a call or a sign of life does not wait behind bulk. */
const AHEAD = { bytes: 64 * 1024, records: 256 }
/** Longest time a grant is held. */
const HOLD_MS = 100
/** A reader that has granted nothing for so long stands still. */
const STANDSTILL_MS = 200
/** Share of the queue above which a reader is congested, and above which it is lost anyway. */
const CONGESTED = { from: 0.25, to: 0.95 }

/** Memory a waiting record costs beside its bytes. */
const WAITING_OVERHEAD_BYTES = 128

export class Channel<T = Name, R = Name> implements BatchHandlers {
  readonly connection: Connection
  readonly counters: ChannelCounters = { recordsIn: 0, recordsOut: 0, refused: 0 }
  readonly #options: ChannelOptions
  readonly #handlers: ChannelHandlers<T, R>
  readonly #writer: BatchWriter
  readonly #reader = new BatchReader()
  readonly #balance: CreditBalance
  readonly #grant: CreditGrant
  readonly #announcedTopics = new AnnouncedNames()
  readonly #announcedRoutes = new AnnouncedNames()
  readonly #topics: (T | undefined)[] = []
  readonly #routes: (R | undefined)[] = []
  readonly #records: SendQueue<WaitingRecord>
  /** Goes ahead of the records. */
  readonly #messages: SendQueue<WaitingFrames>
  #scheduled = false
  #closed = false
  #creditAtMs: number
  #owed: Credit | undefined
  #heldSinceMs = 0
  #cancelHold: (() => void) | undefined

  constructor(connection: Connection, options: ChannelOptions, handlers: ChannelHandlers<T, R>) {
    this.connection = connection
    this.#options = options
    this.#handlers = handlers
    this.#writer = new BatchWriter(options.nonce)
    this.#balance = new CreditBalance(options.credit)
    this.#grant = new CreditGrant(options.now)
    this.#creditAtMs = options.now()
    this.#records = new SendQueue(options.queueBytes)
    this.#messages = new SendQueue(options.queueBytes)
  }

  /** Bytes that wait for the other side: for credit, or for the socket. */
  get queuedBytes(): number {
    return this.#records.bytes + this.#messages.bytes + this.#writer.byteLength + this.connection.pendingBytes
  }

  /** Much waits for the other side, there is still room, and the other side is reading. */
  get isCongested(): boolean {
    const { queueBytes, now } = this.#options
    const share = this.#records.bytes / queueBytes
    return share > CONGESTED.from && share < CONGESTED.to && now() - this.#creditAtMs < STANDSTILL_MS
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
    if (this.#closed) return false
    if (this.#records.isEmpty && this.#messages.isEmpty && this.#maySend()) {
      this.#pack(topic, route, flags, sequence, ageMs, source, tailStart, tailEnd)
      return true
    }
    const bytes = tailEnd - tailStart + WAITING_OVERHEAD_BYTES
    if (!this.#records.hasRoom(bytes)) return this.#refuse()
    const tail = Buffer.from(source.subarray(tailStart, tailEnd))
    this.#records.add({ topic, route, flags, sequence, ageMs, tail, bytes })
    return true
  }

  /**
   * Sends a classic message, ahead of records that wait. The frames are copied before the call returns.
   *
   * @returns false when the queue is full and the message was refused
   */
  sendFrames(frames: readonly Uint8Array[]): boolean {
    if (this.#closed) return false
    if (this.#messages.isEmpty && this.#maySend(AHEAD)) {
      this.#packFrames(frames)
      return true
    }
    let bytes = WAITING_OVERHEAD_BYTES
    for (const frame of frames) bytes += frame.length + 16
    if (!this.#messages.hasRoom(bytes)) return this.#refuse()
    this.#messages.add({ frames: frames.map((frame) => Buffer.from(frame)), bytes })
    return true
  }

  /**
   * Answers the record of the other side with this sequence. Control records need no credit; they are refused and counted
   * when the other side asks for them without end and reads none.
   */
  sendResult(sequence: number, status: number, count: number, text = ''): void {
    if (this.#closed) return
    if (this.connection.pendingBytes > MAX_UNSENT_BYTES_FOR_RESULTS) {
      this.counters.refused++
      return
    }
    this.#writer.result(sequence, status, count, text)
    this.#packed()
  }

  /**
   * Unpacks one batch of the other side. A record whose handler closes the channel is the last one.
   *
   * @throws BatchFormatError when it breaks the format; the owner closes the connection
   */
  receive(batch: Buffer): void {
    if (this.#closed) return
    this.#reader.read(batch, this.#options.nonce, this)
    const records = this.#reader.records
    this.counters.recordsIn += records
    const grant = this.#grant.consume(batch.length, records)
    if (!grant || this.#closed) return
    this.#owed = grant
    if (!this.#cancelHold) this.#heldSinceMs = this.#options.now()
    this.#grantOrHold()
  }

  /** Hands what is packed to the socket. Called at the end of the turn. */
  flush(): void {
    this.#scheduled = false
    if (this.#closed || this.#writer.isEmpty) return
    const records = this.#writer.records
    const batch = this.#writer.take()
    this.#balance.sent(batch.length, records)
    this.counters.recordsOut += records
    this.connection.send([batch])
  }

  /** Forgets what waits; the owner has closed the connection. Returns how many records were waiting. Idempotent. */
  close(): number {
    if (this.#closed) return 0
    const lost = this.#records.length + this.#messages.length + this.#writer.records
    this.#closed = true
    this.#cancelHold?.()
    this.#records.clear()
    this.#messages.clear()
    return lost
  }

  onTopic(id: number, name: string): void {
    if (this.#closed) return
    if (name.length > MAX_TOPIC_LENGTH) throw new BatchFormatError(`a topic has at most ${MAX_TOPIC_LENGTH} characters`)
    this.#topics[id] = this.#handlers.resolveTopic(name)
  }

  onRoute(id: number, text: string): void {
    if (this.#closed) return
    if (text.length > MAX_ROUTE_LENGTH) throw new BatchFormatError(`a route has at most ${MAX_ROUTE_LENGTH} characters`)
    const route = this.#handlers.resolveRoute(text)
    if (route === undefined) throw new BatchFormatError('a route that this peer may not use')
    this.#routes[id] = route
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
    this.#balance.raise(bytes, records)
    this.#creditAtMs = this.#options.now()
    if (this.#records.isEmpty && this.#messages.isEmpty) this.#handlers.onAllowance?.()
    else this.#sendWaiting()
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
    this.#writer.credit(this.#owed.bytes, this.#owed.records)
    this.#owed = undefined
    this.#packed()
  }

  #maySend(ahead = { bytes: 0, records: 0 }): boolean {
    const { byteLength, records } = this.#writer
    const isAllowed = this.#balance.allows(byteLength - ahead.bytes, records - ahead.records)
    return isAllowed && this.connection.pendingBytes < MAX_UNSENT_BYTES
  }

  #refuse(): false {
    this.counters.refused++
    return false
  }

  #sendWaiting(): void {
    while (!this.#messages.isEmpty && this.#maySend(AHEAD)) this.#packFrames(this.#messages.take().frames)
    if (!this.#messages.isEmpty) return
    while (!this.#records.isEmpty && this.#maySend()) {
      const { topic, route, flags, sequence, ageMs, tail } = this.#records.take()
      this.#pack(topic, route, flags, sequence, ageMs, tail, 0, tail.length)
    }
    if (this.#records.isEmpty) this.#handlers.onDrain?.()
  }

  #pack(
    topic: Name,
    route: Name,
    flags: number,
    sequence: number,
    ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): void {
    const writer = this.#writer
    if (!this.#announcedTopics.has(topic)) {
      this.#announcedTopics.add(topic)
      writer.defineTopic(topic.id, topic.text)
    }
    if (!this.#announcedRoutes.has(route)) {
      this.#announcedRoutes.add(route)
      writer.defineRoute(route.id, route.text)
    }
    writer.publish(flags, topic.id, route.id, sequence, ageMs, source, tailStart, tailEnd)
    this.#packed()
  }

  #packFrames(frames: readonly Uint8Array[]): void {
    this.#writer.frames(frames)
    this.#packed()
  }

  #packed(): void {
    if (this.#writer.byteLength >= FLUSH_BYTES) this.flush()
    else if (!this.#scheduled) {
      this.#scheduled = true
      this.#options.turn.schedule(this)
    }
  }
}
