/**
 * Reads a batch record by record. The fields of a publish are left in the reader itself, which is reused: no object is
 * made per record. Whoever keeps bytes copies them, because a slice would pin the whole batch.
 */
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_VERSION,
  BatchFormatError,
  HELD_AT,
  MAX_FRAMES,
  MAX_NAME_ID,
  NONCE_AT,
  PublishFlag,
  RecordType,
} from './batch-format.ts'
import { TailView } from './tail.ts'

/** What four digits of a varint hold. */
const SHIFTED_BITS = 28

export interface BatchHandlers {
  onTopic(id: number, name: string): void
  onRoute(id: number, route: string): void
  onFrames(frames: Buffer[]): void
  onCredit(bytes: number, records: number): void
  onResult(sequence: number, status: number, count: number, text: string): void
  /** The record is in `reader`: flags, topicId, routeId, sequence, ageMs, buffer, tailStart, tailEnd. */
  onPublish(reader: BatchReader): void
}

/** True for a message in the batched form: one or two frames, the first with the magic byte. */
export const isBatch = (frames: readonly Uint8Array[]): boolean =>
  (frames.length === 1 || frames.length === 2) &&
  frames[0]!.length >= BATCH_HEADER_BYTES &&
  frames[0]![0] === BATCH_MAGIC

export class BatchReader extends TailView {
  topicId = 0
  routeId = 0
  sequence = 0
  /** Time since its author wrote it, as far as measured: the last leg of the way is missing. */
  ageMs = 0
  /** Publish and frames records of the batch just read: what credit counts. */
  records = 0
  #at = 0
  #end = 0
  #heldMs = 0

  /**
   * Hands each record of `batch` to `handlers`, in order, and those of `more`, the second frame, if there is one.
   *
   * @throws BatchFormatError when the batch breaks the format or carries another connection's nonce; records before the
   *   broken one have been delivered.
   */
  read(batch: Buffer, nonce: number, handlers: BatchHandlers, more?: Buffer): void {
    this.records = 0
    if (batch.length < BATCH_HEADER_BYTES || batch[0] !== BATCH_MAGIC) throw new BatchFormatError('not a batch')
    if (batch[1] !== BATCH_VERSION) throw new BatchFormatError(`batch version ${batch[1]} is not supported`)
    if (batch.readUInt32LE(NONCE_AT) !== nonce) throw new BatchFormatError('the batch belongs to another connection')
    this.#heldMs = batch.readUInt32LE(HELD_AT)
    this.#readFrame(batch, BATCH_HEADER_BYTES, handlers)
    if (more) this.#readFrame(more, 0, handlers)
  }

  #readFrame(frame: Buffer, start: number, handlers: BatchHandlers): void {
    this.buffer = frame
    this.#end = frame.length
    this.#at = start
    while (this.#at < this.#end) {
      const type = frame[this.#at++]
      if (type === RecordType.publish) this.#publish(handlers)
      else this.#control(type!, handlers)
    }
  }

  #publish(handlers: BatchHandlers): void {
    const buffer = this.buffer
    if (this.#at >= this.#end) throw new BatchFormatError('the batch ends within a record')
    this.flags = buffer[this.#at++]!
    const length = this.#varint()
    const end = this.#at + length
    if (end > this.#end) throw new BatchFormatError('a record is longer than its batch')
    this.topicId = this.#varint()
    this.routeId = this.#varint()
    this.sequence = this.#varint()
    const ageMs = this.#heldMs + (this.flags & PublishFlag.age ? this.#varint() : 0)
    // Whatever its author claims, the next reader must be able to read it.
    this.ageMs = Math.min(ageMs, Number.MAX_SAFE_INTEGER)
    if (this.#at > end) throw new BatchFormatError('a record is shorter than its head')
    this.tailStart = this.#at
    this.tailEnd = end
    if (this.bodyStart() > end) throw new BatchFormatError('the headers are longer than their record')
    this.#at = end
    this.records++
    handlers.onPublish(this)
  }

  #control(type: number, handlers: BatchHandlers): void {
    switch (type) {
      case RecordType.topic:
        return handlers.onTopic(this.#nameId(), this.#text())
      case RecordType.route:
        return handlers.onRoute(this.#nameId(), this.#text())
      case RecordType.credit:
        return handlers.onCredit(this.#varint(), this.#varint())
      case RecordType.result:
        return handlers.onResult(this.#varint(), this.#varint(), this.#varint(), this.#text())
      case RecordType.frames:
        return this.#frames(handlers)
      default:
        throw new BatchFormatError(`unknown record type ${type}`)
    }
  }

  #frames(handlers: BatchHandlers): void {
    const count = this.#varint()
    if (count > MAX_FRAMES) throw new BatchFormatError('too many frames in a record')
    const frames: Buffer[] = []
    for (let index = 0; index < count; index++) {
      const length = this.#varint()
      const end = this.#at + length
      if (end > this.#end) throw new BatchFormatError('a frame is longer than its batch')
      frames.push(this.buffer.subarray(this.#at, end))
      this.#at = end
    }
    this.records++
    handlers.onFrames(frames)
  }

  #nameId(): number {
    const id = this.#varint()
    if (id > MAX_NAME_ID) throw new BatchFormatError(`a name id is at most ${MAX_NAME_ID}`)
    return id
  }

  #text(): string {
    const length = this.#varint()
    const end = this.#at + length
    if (end > this.#end) throw new BatchFormatError('a text is longer than its batch')
    const text = this.buffer.toString('utf8', this.#at, end)
    this.#at = end
    return text
  }

  #varint(): number {
    const buffer = this.buffer
    const end = this.#end
    let at = this.#at
    let value = 0
    for (let shift = 0; shift < SHIFTED_BITS; shift += 7) {
      if (at >= end) throw new BatchFormatError('the batch ends within a number')
      const byte = buffer[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return value
      }
    }
    this.#at = at
    return this.#largeVarint(value)
  }

  /** Goes on where shifts end, which have 32 bits only. */
  #largeVarint(low: number): number {
    let value = low
    let scale = 2 ** SHIFTED_BITS
    for (let digit = SHIFTED_BITS / 7; digit < 8; digit++) {
      if (this.#at >= this.#end) throw new BatchFormatError('the batch ends within a number')
      const byte = this.buffer[this.#at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 0x80
    }
    throw new BatchFormatError('a number is too large')
  }
}
