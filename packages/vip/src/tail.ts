/** The tail of a publish record as its author builds it: bus, headers and body, copied untouched from hop to hop. */
import { PublishFlag } from './batch-format.ts'

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
