/**
 * Frames that would end a Python agent. It reads every frame it gets as JSON (VIP specification, section 3.2), and only that a
 * frame is no JSON is foreseen: nesting beyond its stack and whole numbers of more than 4,300 digits raise something else,
 * which nobody catches. Of a ping it writes the frames back as it has read them, which not all of them survive.
 */
import { frameText } from './frames.ts'

/** Deepest nesting that is passed on; Python's reader gives up at about 1,000 levels, of which its callers need some. */
export const MAX_JSON_DEPTH = 512
/** Longest row of digits that is passed on; Python refuses longer integers by an exception that nobody catches. */
export const MAX_JSON_DIGITS = 4_300
/** Shorter than this a frame can be neither. */
const HARMLESS_BYTES = Math.min(MAX_JSON_DEPTH, MAX_JSON_DIGITS)
/** So far a loop looks for the end of a string; beyond, the search of the engine is many times faster. */
const LOOP_BYTES = 64

const Byte = {
  quote: 0x22,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
  blank: 0x20,
} as const

/** True when a Python agent survives to read the frame. In doubt false: nobody misses what is that deep or that long. */
export function isReadableInPython(frame: Uint8Array): boolean {
  if (frame.length <= HARMLESS_BYTES) return true
  let at = 0
  while (at < frame.length && frame[at]! <= Byte.blank) at++
  const first = frame[at]
  const isContainer = first === Byte.openArray || first === Byte.openObject
  if (!isContainer && first !== Byte.minus && !isDigit(first)) return true
  let depth = 0
  let digits = 0
  for (; at < frame.length; at++) {
    const byte = frame[at]!
    if (byte >= Byte.zero && byte <= Byte.nine) {
      if (++digits > MAX_JSON_DIGITS) return false
      continue
    }
    digits = 0
    if (byte === Byte.quote) at = endOfString(frame, at)
    else if (byte === Byte.openArray || byte === Byte.openObject) {
      if (++depth > MAX_JSON_DEPTH) return false
    } else if (byte === Byte.closeArray || byte === Byte.closeObject) depth--
  }
  return true
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= Byte.zero && byte <= Byte.nine

/** Offset of the quote that ends the string which begins at `at`; the last byte when none does. */
function endOfString(frame: Uint8Array, at: number): number {
  const limit = Math.min(frame.length, at + LOOP_BYTES)
  let next = at + 1
  for (; next < limit; next++) {
    const byte = frame[next]!
    if (byte === Byte.backslash) next++
    else if (byte === Byte.quote) return next
  }
  let end = frame.indexOf(Byte.quote, next)
  while (end >= next && isEscaped(frame, next, end)) end = frame.indexOf(Byte.quote, end + 1)
  return end < 0 ? frame.length - 1 : end
}

/** An odd number of backslashes stands before `at`, none of them before `start`. */
function isEscaped(frame: Uint8Array, start: number, at: number): boolean {
  let before = at
  while (before > start && frame[before - 1] === Byte.backslash) before--
  return (at - before) % 2 === 1
}

const MAX_ECHOED_BYTES = 4_096
const MAX_U32 = 2 ** 32 - 1

/** True when a Python agent can look the frame up in a table and write it as it has read it. */
export function isEchoableInPython(frame: Uint8Array): boolean {
  if (frame.length > MAX_ECHOED_BYTES || !isReadableInPython(frame)) return false
  const text = frameText(frame)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return true
  }
  if (typeof value === 'string') return [...value].every((character) => character.codePointAt(0)! <= 0xff)
  if (typeof value !== 'number') return typeof value !== 'object' || value === null
  // A fraction becomes a double, a whole number 4 bytes without a sign.
  return /[.eE]/.test(text) || (value >= 0 && value <= MAX_U32)
}
