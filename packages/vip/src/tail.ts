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
    const end = this.#blockEnd(at)
    return this.buffer.toString('utf8', end - this.#lengthAt(at), end)
  }

  /** Offset behind the length-prefixed block at `at`. Beyond the tail when the length lies: the reader refuses that. */
  #blockEnd(at: number): number {
    const length = this.#lengthAt(at)
    return at + lengthBytes(length) + length
  }

  #lengthAt(at: number): number {
    let length = 0
    for (let digit = 0; digit < MAX_LENGTH_BYTES; digit++) {
      const byte = this.buffer[at + digit]
      if (byte === undefined || at + digit >= this.tailEnd) break
      length += (byte & 0x7f) * 0x80 ** digit
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
  let flags = typeof body === 'string' ? PublishFlag.json : 0
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  if (headersJson === '' && bus === '') return { flags, bytes }
  const parts: Uint8Array[] = []
  if (bus !== '') {
    flags |= PublishFlag.bus
    parts.push(...block(bus))
  }
  if (headersJson !== '') {
    flags |= PublishFlag.headers
    parts.push(...block(headersJson))
  }
  parts.push(bytes)
  return { flags, bytes: Buffer.concat(parts) }
}

function block(text: string): Uint8Array[] {
  const bytes = Buffer.from(text, 'utf8')
  const length: number[] = []
  let rest = bytes.length
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
  length.push(rest)
  return [Buffer.from(length), bytes]
}
