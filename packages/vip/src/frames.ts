/**
 * The frames of a classic VIP message (VIP specification, section 2.1).
 *
 * A message is kept as the frames that came from the wire, because argument frames are forwarded byte for byte and most
 * messages are only looked at. Between a peer and its router they are
 *
 *     [ peer | "VIP1" | user | id | subsystem | args... ]
 *
 * where `peer` is the recipient on the way in and the sender on the way out; empty means the router itself.
 */
import { isAscii } from 'node:buffer'
import { VIP1 } from './constants.ts'

/** Position of each header frame. */
export const FrameAt = { peer: 0, signature: 1, user: 2, id: 3, subsystem: 4, args: 5 } as const

export type Frames = readonly Uint8Array[]

const SIGNATURE = Buffer.from(VIP1, 'ascii')
const EMPTY = Buffer.alloc(0)

/** True when the frames are a VIP1 message: enough of them, and the signature in its place. */
export function isVipMessage(frames: Frames): boolean {
  return frames.length >= FrameAt.args && SIGNATURE.equals(frames[FrameAt.signature]!)
}

/** A frame from text or bytes. Text leaves as UTF-8; callers keep identities and JSON in ASCII. */
export const frame = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? (value === '' ? EMPTY : Buffer.from(value, 'utf8')) : value

export interface VipHeader {
  /** Recipient on the way to a router, sender on the way from it; `''` is the router. */
  readonly peer: string | Uint8Array
  readonly user?: string | Uint8Array
  /** Opaque; a reply carries the bytes of its request. */
  readonly id: string | Uint8Array
  readonly subsystem: string | Uint8Array
}

/** Builds the frames of a message. */
export function vipMessage(header: VipHeader, args: readonly (string | Uint8Array)[]): Uint8Array[] {
  const frames = [frame(header.peer), SIGNATURE, frame(header.user ?? EMPTY), frame(header.id), frame(header.subsystem)]
  for (const arg of args) frames.push(frame(arg))
  return frames
}

/** Keeps a byte order mark: without it two different names would read the same. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Text of a frame. Ours is UTF-8, Python's is ISO-8859-1 (VIP specification, section 3): what is not valid UTF-8 is taken
 * as Latin-1, so both arrive as the characters their author meant.
 */
export function frameText(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (isAscii(buffer)) return buffer.toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch {
    return buffer.toString('latin1')
  }
}

/** A topic as a classic peer expects it: Latin-1 where that can say it, else UTF-8. */
export function topicFrame(topic: string): Uint8Array {
  for (let at = 0; at < topic.length; at++) if (topic.charCodeAt(at) > 0xff) return Buffer.from(topic, 'utf8')
  return Buffer.from(topic, 'latin1')
}
