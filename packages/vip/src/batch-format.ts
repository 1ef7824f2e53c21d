/**
 * The batched form that our own peers speak once both have announced it in `hello`: many records in one ZeroMQ message.
 *
 *     batch   = magic(1) version(1) nonce(4) held(4) record*       nonce and held are little endian
 *     record  = type(1) ...                        integers below are varints (LEB128, at most 2^53 - 1)
 *
 *     topic   = 0x01 id length utf8               "id now means this topic" (ids may be redefined at any time)
 *     route   = 0x02 id length json               {platform, epoch, sender, path}
 *     frames  = 0x03 count (length bytes)*        a classic VIP message, unchanged
 *     credit  = 0x04 bytes records                the reader allows that many in all, counted from the start
 *     result  = 0x05 sequence status count length utf8
 *     publish = 0x10 flags length topic route sequence [age] tail     length counts from topic to the end
 *     tail    = [length bus] [length headers] body                    copied untouched from hop to hop
 *
 * A batch is a message of one or two frames, which no classic message is. A second frame has no head: it is more records,
 * none of which begins in the first frame. As nothing in it concerns one connection, the same bytes can go to many readers.
 * The nonce names the connection, so that a batch can never be read with another connection's ids. `held` is how many
 * milliseconds the batch has waited with its author since its first record; it adds to the age of each record.
 */
export const BATCH_MAGIC = 0xb5
export const BATCH_VERSION = 1
export const BATCH_HEADER_BYTES = 10
export const NONCE_AT = 2
export const HELD_AT = 6

export const RecordType = { topic: 0x01, route: 0x02, frames: 0x03, credit: 0x04, result: 0x05, publish: 0x10 } as const

/** Bits of the flags byte of a publish record. */
export const PublishFlag = {
  /** The body is JSON text; otherwise opaque bytes. */
  json: 0x01,
  headers: 0x02,
  bus: 0x04,
  /** The sender waits for a result record. */
  wantsResult: 0x08,
  /** An age in milliseconds follows the sequence: time the record has spent on its way. */
  age: 0x10,
  /** The record belongs to the acknowledged class of its stream. */
  acknowledged: 0x20,
  possibleDuplicate: 0x40,
  redelivered: 0x80,
} as const

/** Highest topic or route id a peer may define: bounds the memory a connection can claim. */
export const MAX_NAME_ID = 65_535

/** Highest count of frames in one frames record. */
export const MAX_FRAMES = 4_096

/** The batch breaks the format; the connection it came from is closed. */
export class BatchFormatError extends Error {
  override readonly name = 'BatchFormatError'
}
