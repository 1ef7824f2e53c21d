/**
 * Packs records into a batch. The buffer starts small, grows with the traffic, and is given away by {@link BatchWriter.take}
 * because libzmq sends it without a copy.
 */
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_VERSION,
  HELD_AT,
  NONCE_AT,
  PublishFlag,
  RecordType,
} from './batch-format.ts'

const INITIAL_BYTES = 512
/** Up to this size a buffer is a part of Node's pool: an ArrayBuffer of its own costs a microsecond. */
const POOLED_BYTES = 1_024
const NO_BYTES = Buffer.alloc(0)
/** Up to this many bytes a loop beats the native copy, which allocates a view for each call. */
const LOOP_COPY_BYTES = 32
/** Room for the head of any record: type, flags and at most six varints of up to 8 bytes. */
const HEAD_BYTES = 64

export class BatchWriter {
  readonly #nonce: number
  #buffer: Buffer = NO_BYTES
  #at = 0
  #expectedBytes = INITIAL_BYTES
  /** Publish and frames records since the last {@link take}: what credit counts. */
  records = 0

  constructor(nonce: number) {
    this.#nonce = nonce
  }

  get isEmpty(): boolean {
    return this.#at === 0
  }

  /** Bytes of the batch so far, its header included. */
  get byteLength(): number {
    return this.#at
  }

  defineTopic(id: number, name: string): void {
    this.#define(RecordType.topic, id, name)
  }

  /** `route` is the text form made by `formatRoute`. */
  defineRoute(id: number, route: string): void {
    this.#define(RecordType.route, id, route)
  }

  frames(frames: readonly Uint8Array[]): void {
    let bytes = HEAD_BYTES
    for (const frame of frames) bytes += frame.length + 8
    this.#reserve(bytes)
    this.#buffer[this.#at++] = RecordType.frames
    this.#varint(frames.length)
    for (const frame of frames) {
      this.#varint(frame.length)
      this.#copy(frame, 0, frame.length)
    }
    this.records++
  }

  /** Allows the other side `bytes` and `records` in all since the connection began (as MAX_DATA of RFC 9000, 19.9). */
  credit(bytes: number, records: number): void {
    this.#reserve(HEAD_BYTES)
    this.#buffer[this.#at++] = RecordType.credit
    this.#varint(bytes)
    this.#varint(records)
  }

  /** Answers the publish with this sequence: `status` 0 and how many it was sent to, or a VIP error number and text. */
  result(sequence: number, status: number, count: number, text: string): void {
    const textBytes = Buffer.byteLength(text)
    this.#reserve(HEAD_BYTES + textBytes)
    this.#buffer[this.#at++] = RecordType.result
    this.#varint(sequence)
    this.#varint(status)
    this.#varint(count)
    this.#varint(textBytes)
    this.#at += this.#buffer.write(text, this.#at, textBytes, 'utf8')
  }

  /** Adds a publish whose tail is `source[tailStart, tailEnd)`; the tail is copied, `source` may be reused. */
  publish(
    flags: number,
    topicId: number,
    routeId: number,
    sequence: number,
    ageMs: number,
    source: Uint8Array,
    tailStart: number,
    tailEnd: number,
  ): void {
    const tailBytes = tailEnd - tailStart
    this.#reserve(HEAD_BYTES + tailBytes)
    const buffer = this.#buffer
    const hasAge = ageMs > 0
    let at = this.#at
    buffer[at++] = RecordType.publish
    buffer[at++] = hasAge ? flags | PublishFlag.age : flags & ~PublishFlag.age
    const length =
      varintBytes(topicId) +
      varintBytes(routeId) +
      varintBytes(sequence) +
      (hasAge ? varintBytes(ageMs) : 0) +
      tailBytes
    at = writeVarint(buffer, at, length)
    at = writeVarint(buffer, at, topicId)
    at = writeVarint(buffer, at, routeId)
    at = writeVarint(buffer, at, sequence)
    if (hasAge) at = writeVarint(buffer, at, ageMs)
    this.#at = at
    this.#copy(source, tailStart, tailEnd)
    this.records++
  }

  /** Adds what another writer has packed, without the head of its batch. It is copied. */
  append(packed: Uint8Array, records: number): void {
    this.#reserve(packed.length)
    this.#copy(packed, 0, packed.length)
    this.records += records
  }

  /** What has been packed since `start`, a {@link byteLength}; the bytes stay as they are when more follows. */
  packedSince(start: number): Buffer {
    return this.#buffer.subarray(Math.max(start, BATCH_HEADER_BYTES), this.#at)
  }

  /** The finished batch; the writer is empty afterwards. */
  take(): Buffer {
    const batch = this.#buffer.subarray(0, this.#at)
    // Size the next buffer like the last batches, so that a busy connection grows once and an idle one is small again soon.
    const decayed = this.#expectedBytes - (this.#expectedBytes >> 2)
    this.#expectedBytes = Math.max(INITIAL_BYTES, decayed, this.#at + (this.#at >> 2))
    this.#buffer = NO_BYTES
    this.#at = 0
    this.records = 0
    return batch
  }

  #define(type: number, id: number, text: string): void {
    const textBytes = Buffer.byteLength(text)
    this.#reserve(HEAD_BYTES + textBytes)
    this.#buffer[this.#at++] = type
    this.#varint(id)
    this.#varint(textBytes)
    this.#at += this.#buffer.write(text, this.#at, textBytes, 'utf8')
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    if (this.#at === 0) {
      const size = Math.max(this.#expectedBytes, bytes + BATCH_HEADER_BYTES)
      this.#buffer = size <= POOLED_BYTES ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size)
      writeHead(this.#buffer, this.#nonce)
      this.#at = BATCH_HEADER_BYTES
      return
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.#buffer, this.#at, value)
  }

  #copy(source: Uint8Array, start: number, end: number): void {
    if (end - start > LOOP_COPY_BYTES) {
      // A plain view: Buffer's own subarray costs twice as much.
      this.#buffer.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), this.#at)
      this.#at += end - start
      return
    }
    const buffer = this.#buffer
    let at = this.#at
    for (let from = start; from < end; from++) buffer[at++] = source[from]!
    this.#at = at
  }
}

/** A batch without records: the first frame of a message whose records are all in the second. */
export function emptyBatch(nonce: number): Buffer {
  const batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES)
  writeHead(batch, nonce)
  return batch
}

function writeHead(batch: Buffer, nonce: number): void {
  batch[0] = BATCH_MAGIC
  batch[1] = BATCH_VERSION
  batch.writeUInt32LE(nonce, NONCE_AT)
  batch.writeUInt32LE(0, HELD_AT)
}

/** Writes into a finished batch how long it has waited, in milliseconds. */
export function stampHeldMs(batch: Buffer, heldMs: number): void {
  batch.writeUInt32LE(Math.min(0xffffffff, Math.max(0, Math.floor(heldMs))), HELD_AT)
}

/** Returns the offset behind it. */
function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  while (rest >= 0x80) {
    buffer[at++] = (rest % 0x80) | 0x80
    rest = rest > 0x7fffffff ? Math.floor(rest / 0x80) : rest >>> 7
  }
  buffer[at++] = rest
  return at
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  let bytes = 4
  for (let rest = value / 0x10000000; rest >= 1; rest /= 0x80) bytes++
  return bytes
}
