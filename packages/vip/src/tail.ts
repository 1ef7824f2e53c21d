/** The tail of a publish record: bus, headers and body, built by its author and copied untouched from hop to hop. */
import { BatchFormatError, PublishFlag } from './batch-format.ts'

/** A tail within the bytes it came in. */
export class TailView {
  /** {@link PublishFlag} bits. */
  flags = 0
  buffer: Buffer = NO_BYTES
  tailStart = 0
  tailEnd = 0

  /** Offset of the body within {@link buffer}: behind bus and headers, where there are any. */
  bodyStart(): number {
    let at = this.tailStart
    if (this.flags & PublishFlag.bus) at = this.#blockEnd(at)
    if (this.flags & PublishFlag.headers) at = this.#blockEnd(at)
    return at
  }

  /** Offset of the text of the headers, which ends at {@link bodyStart}; only where there are headers. */
  headersStart(): number {
    const at = this.flags & PublishFlag.bus ? this.#blockEnd(this.tailStart) : this.tailStart
    return at + lengthBytes(this.#lengthAt(at))
  }

  /** The JSON text of the headers; `''` when there are none. */
  headersText(): string {
    if (!(this.flags & PublishFlag.headers)) return ''
    return this.#blockText(this.flags & PublishFlag.bus ? this.#blockEnd(this.tailStart) : this.tailStart)
  }

  /** The VIP bus field; `''` when there is none. */
  busText(): string {
    return this.flags & PublishFlag.bus ? this.#blockText(this.tailStart) : ''
  }

  bodyText(): string {
    return this.buffer.toString('utf8', this.bodyStart(), this.tailEnd)
  }

  /** The body; a slice that shares memory with its batch: copy what is kept. */
  bodyBytes(): Buffer {
    return this.buffer.subarray(this.bodyStart(), this.tailEnd)
  }

  /** Views `tail` from now on. */
  show(tail: Tail): void {
    this.flags = tail.flags
    this.buffer = Buffer.from(tail.bytes.buffer, tail.bytes.byteOffset, tail.bytes.length)
    this.tailStart = 0
    this.tailEnd = tail.bytes.length
  }

  #blockText(at: number): string {
    const length = this.#lengthAt(at)
    const start = at + lengthBytes(length)
    return this.buffer.toString('utf8', start, start + length)
  }

  /** Offset behind the length-prefixed block at `at`. Beyond the tail when the length lies: the reader refuses that. */
  #blockEnd(at: number): number {
    const length = this.#lengthAt(at)
    return at + lengthBytes(length) + length
  }

  #lengthAt(at: number): number {
    const first = at < this.tailEnd ? this.buffer[at] : undefined
    if (first !== undefined && first < 0x80) return first
    let length = 0
    for (let digit = 0; digit < MAX_LENGTH_BYTES; digit++) {
      const byte = this.buffer[at + digit]
      if (byte === undefined || at + digit >= this.tailEnd) break
      length |= (byte & 0x7f) << (7 * digit)
      if (byte < 0x80) {
        // One length has one spelling, so that its width follows from its value.
        if (lengthBytes(length) !== digit + 1) break
        return length
      }
    }
    throw new BatchFormatError('a length in a record is broken')
  }
}

const NO_BYTES = Buffer.alloc(0)
const MAX_LENGTH_BYTES = 4

const lengthBytes = (length: number): number => (length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4)

export interface Tail {
  /** {@link PublishFlag} bits the tail implies: json, headers, bus. */
  readonly flags: number
  readonly bytes: Uint8Array
}

/**
 * Builds a tail.
 *
 * @param body JSON text, or opaque bytes
 * @param headersJson JSON text of an object; `''` for none
 */
export function buildTail(body: string | Uint8Array, headersJson: string, bus: string): Tail {
  const flags = tailFlags(body, headersJson, bus)
  if (flags === 0) return { flags, bytes: body as Uint8Array }
  if (flags === PublishFlag.json) return { flags, bytes: Buffer.from(body as string, 'utf8') }
  const bytes = Buffer.allocUnsafe(maxTailBytes(body, headersJson, bus))
  return { flags, bytes: bytes.subarray(0, writeTail(bytes, body, headersJson, bus)) }
}

/** {@link PublishFlag} bits of a tail with these contents. */
export function tailFlags(body: string | Uint8Array, headersJson: string, bus: string): number {
  const blocks = (headersJson === '' ? 0 : PublishFlag.headers) | (bus === '' ? 0 : PublishFlag.bus)
  return typeof body === 'string' ? blocks | PublishFlag.json : blocks
}

/** The most that {@link writeTail} writes: a UTF-16 unit is at most three bytes of UTF-8. */
export function maxTailBytes(body: string | Uint8Array, headersJson: string, bus: string): number {
  const bodyBytes = typeof body === 'string' ? body.length * 3 : body.length
  return bodyBytes + (headersJson.length + bus.length) * 3 + 2 * MAX_LENGTH_BYTES
}

/** Writes what {@link buildTail} builds to the beginning of `target`, which has room for it; returns its length. */
export function writeTail(target: Buffer, body: string | Uint8Array, headersJson: string, bus: string): number {
  let at = 0
  if (bus !== '') at = writeBlock(target, at, bus)
  if (headersJson !== '') at = writeBlock(target, at, headersJson)
  if (typeof body === 'string') return at + target.write(body, at, 'utf8')
  target.set(body, at)
  return at + body.length
}

/** Returns the offset behind the block. */
function writeBlock(target: Buffer, at: number, text: string): number {
  // The width of the length is that of ASCII at first; other text may need to move.
  const expected = lengthBytes(text.length)
  const length = target.write(text, at + expected, 'utf8')
  const width = lengthBytes(length)
  if (width !== expected) target.copyWithin(at + width, at + expected, at + expected + length)
  let rest = length
  let next = at
  for (; rest >= 0x80; rest >>>= 7) target[next++] = (rest & 0x7f) | 0x80
  target[next] = rest
  return at + width + length
}
