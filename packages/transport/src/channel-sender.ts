/**
 * The sending half of a channel: packs records into batches, keeps to the credit of the other side, and holds what may not
 * leave yet. What waits is packed already, batch by batch, so that a queue costs its bytes and nothing per record.
 *
 * ```
 * publish() -> records (open batch) -> waiting (full batches) -> connection
 * share()   -> the open batch and, as its second frame, a block packed for several channels
 * results, grants, and messages that overtake -> ahead (open batch) -> connection
 * ```
 */
import { BatchWriter, type Credit, emptyBatch, stampHeldMs } from '@volttron/vip'
import { AnnouncedNames } from './announced-names.ts'
import type { Connection } from './connection.ts'
import { CreditBalance } from './credit-window.ts'
import type { Name } from './name-table.ts'
import { SendQueue } from './send-queue.ts'
import { SHARED_BYTES, type SharedBlock } from './shared-records.ts'
import type { Turn } from './turn.ts'

/** A batch leaves at this size even within the turn. */
const FLUSH_BYTES = 64 * 1024
/**
 * So many classic messages leave at once, the first time in a turn: callers that wait for each other's answers otherwise
 * travel as one batch, and each stage of their way stands still while the next one works. Once, because a batch has its price.
 */
const EARLY_MESSAGES = 24

/**
 * What the socket may hold back before records wait here, whatever the other side allows: credit without reading must not
 * cost more memory than the queue. More than any window, so that a reader that empties it always grants more.
 */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** Results need no credit. One largest message and a window never come near this; what comes then is refused. */
const MAX_UNSENT_BYTES_FOR_RESULTS = 32 * 1024 * 1024

/** What classic messages may send between two grants beyond the credit, so that a call does not wait behind bulk. */
const AHEAD = { bytes: 64 * 1024, records: 256 }
/** Memory a waiting message costs beside its bytes. */
const WAITING_OVERHEAD_BYTES = 128
/** A reader that has granted nothing for so long stands still. */
const STANDSTILL_MS = 200
/** A reader is congested when more than this waits for it, or this share of its queue; above the last share it is lost anyway. */
const CONGESTED = { bytes: 512 * 1024, from: 0.25, to: 0.95 }

export interface SenderOptions {
  readonly nonce: number
  /** What the other side allows at first. */
  readonly credit: Credit
  readonly turn: Turn
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Bytes that may wait for credit; what comes then is refused. */
  readonly queueBytes: number
}

export interface SenderCounters {
  recordsOut: number
  /** Refused because the queue was full. */
  refused: number
}

/** A full batch that waits for credit. */
interface WaitingBatch {
  readonly batch: Buffer
  /** Its second frame. Others may hold it too; it counts for each of them. */
  readonly more: Buffer | undefined
  readonly bytes: number
  readonly records: number
  readonly openedAtMs: number
}

/** A classic message that waits for credit. */
interface WaitingFrames {
  readonly frames: readonly Uint8Array[]
  readonly bytes: number
}

export class ChannelSender {
  readonly #connection: Connection
  readonly #options: SenderOptions
  readonly #counters: SenderCounters
  readonly #balance: CreditBalance
  readonly #announcedTopics = new AnnouncedNames()
  readonly #announcedRoutes = new AnnouncedNames()
  readonly #records: BatchWriter
  /** Goes ahead of the records. */
  readonly #ahead: BatchWriter
  readonly #waiting: SendQueue<WaitingBatch>
  readonly #messages: SendQueue<WaitingFrames>
  /** What is in the open batch has credit. */
  #mayLeave = true
  #openedAtMs = 0
  /** Messages sent beyond the credit since the last grant. */
  #overtaken = { bytes: 0, records: 0 }
  #creditAtMs: number
  #scheduled = false
  /** Classic messages packed since the last end of a turn. */
  #messagesOfTurn = 0
  #closed = false

  constructor(connection: Connection, options: SenderOptions, counters: SenderCounters) {
    this.#connection = connection
    this.#options = options
    this.#counters = counters
    this.#balance = new CreditBalance(options.credit)
    this.#records = new BatchWriter(options.nonce)
    this.#ahead = new BatchWriter(options.nonce)
    this.#waiting = new SendQueue(options.queueBytes)
    this.#messages = new SendQueue(options.queueBytes)
    this.#creditAtMs = options.now()
  }

  /** Bytes that wait for the other side: for credit, or for the socket. */
  get queuedBytes(): number {
    const packed = this.#records.byteLength + this.#ahead.byteLength
    return this.#waiting.bytes + this.#messages.bytes + packed + this.#connection.pendingBytes
  }

  /** Nothing waits for credit. */
  get isDrained(): boolean {
    return this.#waiting.isEmpty && this.#messages.isEmpty && (this.#mayLeave || this.#records.isEmpty)
  }

  /** Much waits for the other side, there is still room, and the other side is reading. */
  get isCongested(): boolean {
    if (this.#mayLeave) return false
    const { queueBytes, now } = this.#options
    const bytes = this.#waiting.bytes + this.#records.byteLength
    const isMuch = bytes > Math.min(CONGESTED.bytes, queueBytes * CONGESTED.from)
    return isMuch && bytes < queueBytes * CONGESTED.to && now() - this.#creditAtMs < STANDSTILL_MS
  }

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
    if (!this.#admit(tailEnd - tailStart)) return this.#refuse()
    const writer = this.#records
    if (writer.isEmpty) this.#openedAtMs = this.#options.now()
    this.#defineTopic(topic)
    this.#defineRoute(route)
    writer.publish(flags, topic.id, route.id, sequence, ageMs, source, tailStart, tailEnd)
    this.#packed()
    return true
  }

  share(block: SharedBlock): boolean {
    const { packed, records, openedAtMs } = block
    if (this.#closed || !this.#admit(packed.length)) return false
    const writer = this.#records
    if (writer.isEmpty || openedAtMs < this.#openedAtMs) this.#openedAtMs = openedAtMs
    for (const topic of block.topics) this.#defineTopic(topic)
    for (const route of block.routes) this.#defineRoute(route)
    if (packed.length < SHARED_BYTES) {
      writer.append(packed, records)
      this.#packed()
    } else this.#packedWith(packed, records)
    return true
  }

  sendFrames(frames: readonly Uint8Array[]): boolean {
    if (this.#closed) return false
    if (this.#messages.isEmpty) {
      if (this.#isOpen()) {
        this.#mayLeave = true
        if (this.#records.isEmpty) this.#openedAtMs = this.#options.now()
        this.#records.frames(frames)
        this.#packed()
        if (++this.#messagesOfTurn === EARLY_MESSAGES && !this.#records.isEmpty) this.#sendOpenBatch()
        return true
      }
      if (this.#overtake(frames)) return true
    }
    let bytes = WAITING_OVERHEAD_BYTES
    for (const frame of frames) bytes += frame.length + 16
    if (!this.#messages.hasRoom(bytes)) return this.#refuse()
    this.#messages.add({ frames: frames.map((frame) => Buffer.from(frame)), bytes })
    return true
  }

  sendResult(sequence: number, status: number, count: number, text: string): void {
    if (this.#closed) return
    if (this.#connection.pendingBytes > MAX_UNSENT_BYTES_FOR_RESULTS) {
      this.#refuse()
      return
    }
    this.#ahead.result(sequence, status, count, text)
    this.#packedAhead()
  }

  sendCredit({ bytes, records }: Credit): void {
    this.#ahead.credit(bytes, records)
    this.#packedAhead()
  }

  /** The other side allows more: sends what may leave now. Returns whether nothing waits any more. */
  raise(bytes: number, records: number): boolean {
    this.#balance.raise(bytes, records)
    this.#creditAtMs = this.#options.now()
    this.#overtaken = { bytes: 0, records: 0 }
    while (!this.#messages.isEmpty && this.#overtake(this.#messages.peek().frames)) this.#messages.take()
    if (this.#messages.isEmpty) this.#sendWaiting()
    return this.isDrained
  }

  /** Hands what is packed and may leave to the socket. Called at the end of the turn. */
  flush(): void {
    this.#scheduled = false
    this.#messagesOfTurn = 0
    if (this.#closed) return
    this.#sendAhead()
    if (this.#mayLeave && !this.#records.isEmpty) this.#sendOpenBatch()
  }

  /** Forgets what waits. Returns how many records and messages that were. */
  close(): number {
    if (this.#closed) return 0
    this.#closed = true
    let lost = this.#messages.length + this.#records.records + this.#ahead.records
    while (!this.#waiting.isEmpty) lost += this.#waiting.take().records
    this.#messages.clear()
    return lost
  }

  #defineTopic(topic: Name): void {
    if (this.#announcedTopics.has(topic)) return
    this.#announcedTopics.add(topic)
    this.#records.defineTopic(topic.id, topic.text)
  }

  #defineRoute(route: Name): void {
    if (this.#announcedRoutes.has(route)) return
    this.#announcedRoutes.add(route)
    this.#records.defineRoute(route.id, route.text)
  }

  /** Makes room for a record of so many bytes in the open batch; false when it must be refused. */
  #admit(bytes: number): boolean {
    if (this.#messages.isEmpty && this.#isOpen()) {
      this.#mayLeave = true
      return true
    }
    const waiting = this.#mayLeave ? 0 : this.#records.byteLength
    if (!this.#waiting.hasRoom(waiting + bytes + WAITING_OVERHEAD_BYTES)) return false
    if (this.#mayLeave && !this.#records.isEmpty) this.#sendOpenBatch()
    this.#mayLeave = false
    return true
  }

  /** Whether what is packed now may be sent together with more: nothing waits before it, and there is credit. */
  #isOpen(): boolean {
    const { byteLength, records } = this.#records
    return (
      this.#waiting.isEmpty &&
      this.#balance.allows(byteLength, records) &&
      this.#connection.pendingBytes < MAX_UNSENT_BYTES
    )
  }

  #refuse(): false {
    this.#counters.refused++
    return false
  }

  /** Sends a message before the records that wait; false when it must wait too. */
  #overtake(frames: readonly Uint8Array[]): boolean {
    const { bytes, records } = this.#overtaken
    // With credit there is no other bound: a reader that is sent less than it allows may never allow more.
    const hasCredit = this.#balance.allows(this.#ahead.byteLength, this.#ahead.records)
    const fits = hasCredit || (bytes < AHEAD.bytes && records < AHEAD.records)
    if (!fits || this.#connection.pendingBytes >= MAX_UNSENT_BYTES + AHEAD.bytes) return false
    // It may hold an earlier message, which this one must not overtake.
    if (this.#mayLeave && !this.#records.isEmpty) this.#sendOpenBatch()
    const before = this.#ahead.byteLength
    this.#ahead.frames(frames)
    if (!hasCredit) {
      this.#overtaken.bytes += this.#ahead.byteLength - before
      this.#overtaken.records++
    }
    this.#packedAhead()
    return true
  }

  #sendWaiting(): void {
    while (!this.#waiting.isEmpty) {
      if (!this.#balance.allows(0, 0) || this.#connection.pendingBytes >= MAX_UNSENT_BYTES) return
      const { batch, more, records, openedAtMs } = this.#waiting.take()
      this.#send(batch, records, openedAtMs, more)
    }
    if (this.#mayLeave || this.#records.isEmpty || !this.#balance.allows(0, 0)) return
    this.#mayLeave = true
    this.#schedule()
  }

  #packed(): void {
    if (this.#records.byteLength < FLUSH_BYTES) return this.#schedule()
    if (this.#mayLeave) return this.#sendOpenBatch()
    const { records } = this.#records
    const batch = this.#records.take()
    this.#waiting.add({ batch, more: undefined, bytes: batch.length, records, openedAtMs: this.#openedAtMs })
  }

  /** The open batch ends with these records as its second frame. */
  #packedWith(more: Buffer, moreRecords: number): void {
    const writer = this.#records
    const records = writer.records + moreRecords
    const batch = writer.isEmpty ? emptyBatch(this.#options.nonce) : writer.take()
    const openedAtMs = this.#openedAtMs
    if (this.#mayLeave) this.#send(batch, records, openedAtMs, more)
    else this.#waiting.add({ batch, more, bytes: batch.length + more.length, records, openedAtMs })
  }

  #packedAhead(): void {
    if (this.#ahead.byteLength >= FLUSH_BYTES) this.#sendAhead()
    else this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#options.turn.schedule(this)
  }

  #sendAhead(): void {
    if (this.#ahead.isEmpty) return
    const { records } = this.#ahead
    this.#send(this.#ahead.take(), records, this.#options.now())
  }

  #sendOpenBatch(): void {
    const { records } = this.#records
    this.#send(this.#records.take(), records, this.#openedAtMs)
  }

  #send(batch: Buffer, records: number, openedAtMs: number, more?: Buffer): void {
    this.#balance.sent(batch.length + (more?.length ?? 0), records)
    this.#counters.recordsOut += records
    stampHeldMs(batch, this.#options.now() - openedAtMs)
    this.#connection.send(more ? [batch, more] : [batch])
  }
}
