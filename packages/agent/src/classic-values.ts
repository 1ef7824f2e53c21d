/**
 * Single values as routers write them: JSON text from ours, C structs from Python ones (VIP specification, sections 3.1 and
 * 3.3: a bool is 1 byte, an int 4 bytes, a float 8 bytes, little endian).
 */
import { frameText, parseJson } from '@volttron/vip'

/** Printable text is text, whatever its length: an instance name of four letters is no number. */
export const isPrintable = (frame: Uint8Array): boolean => frame.every((byte) => byte >= 0x20 && byte <= 0x7e)

/** The value of one frame: a number or boolean, what JSON text says, or else the text itself. */
export function decodeValue(frame: Uint8Array): unknown {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length)
  if (isPrintable(bytes)) {
    const text = bytes.toString('latin1')
    return parseJson(text) ?? text
  }
  if (bytes.length === 1 && bytes[0]! <= 1) return bytes[0] === 1
  if (bytes.length === 4) return bytes.readUInt32LE(0)
  if (bytes.length === 8) return bytes.readDoubleLE(0)
  return frameText(frame)
}

/** The count a publish is answered with; 0 when the frame holds none. */
export function decodeCount(frame: Uint8Array): number {
  const value = Number(decodeValue(frame))
  return value >= 0 ? value : 0
}

/** The success a subscribe or unsubscribe is answered with. */
export function decodeBoolean(frame: Uint8Array): boolean {
  const value = decodeValue(frame)
  return value === true || (typeof value === 'number' && value !== 0)
}
