/**
 * Looks into JSON text without changing it: where each value begins and ends. A router so cuts the body of a publish out
 * of its envelope and puts it into another, byte for byte, and knows that what it splices is exactly one JSON value:
 * otherwise a body such as `1,"sender":"platform.control"` could forge fields.
 *
 * Python's NaN, Infinity and -Infinity count as values; what would end a Python reader does not (see python-hazards.ts).
 */
import { MAX_JSON_DEPTH, MAX_JSON_DIGITS } from './python-hazards.ts'

const LITERAL = /true|false|null|NaN|-?Infinity|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids bare control characters in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** Characters by code: comparing numbers makes no string for each character. */
const Code = {
  tab: 0x09,
  newline: 0x0a,
  return: 0x0d,
  blank: 0x20,
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const
/** So far a loop looks for the end of a string; beyond, a regular expression is faster. */
const LOOP_CHARS = 64

/** True when `text` is exactly one JSON value, blanks around it allowed. */
export function isOneJsonValue(text: string): boolean {
  const end = skipValue(text, skipBlanks(text, 0), 0)
  return end >= 0 && skipBlanks(text, end) === text.length
}

/** True when `text` is exactly one JSON object, blanks around it allowed. */
export function isOneJsonObject(text: string): boolean {
  return codeAt(text, skipBlanks(text, 0)) === Code.openObject && isOneJsonValue(text)
}

/**
 * Cuts a JSON object into its members: name to the text of the value. Of a repeated name the last one counts, as in
 * JSON.parse and in Python.
 *
 * @returns `undefined` when the text is not one JSON object
 */
export function jsonMembers(text: string): Map<string, string> | undefined {
  const members = new Map<string, string>()
  let at = skipBlanks(text, 0)
  if (codeAt(text, at) !== Code.openObject) return undefined
  at = skipBlanks(text, at + 1)
  if (codeAt(text, at) === Code.closeObject) return skipBlanks(text, at + 1) === text.length ? members : undefined
  for (;;) {
    const nameEnd = skipString(text, at)
    if (nameEnd < 0) return undefined
    const name = text.slice(at + 1, nameEnd - 1)
    const nameStart = at
    at = skipBlanks(text, nameEnd)
    if (codeAt(text, at) !== Code.colon) return undefined
    const start = skipBlanks(text, at + 1)
    const end = skipValue(text, start, 1)
    if (end < 0) return undefined
    const isPlain = !name.includes('\\')
    members.set(isPlain ? name : (JSON.parse(text.slice(nameStart, nameEnd)) as string), text.slice(start, end))
    at = skipBlanks(text, end)
    const code = codeAt(text, at)
    if (code === Code.closeObject) return skipBlanks(text, at + 1) === text.length ? members : undefined
    if (code !== Code.comma) return undefined
    at = skipBlanks(text, at + 1)
  }
}

/** Index behind the value at `at`, or -1 when there is none. */
function skipValue(text: string, at: number, depth: number): number {
  const first = codeAt(text, at)
  if (first === Code.quote) return skipString(text, at)
  if (first !== Code.openObject && first !== Code.openArray) return skipLiteral(text, at)
  if (depth >= MAX_JSON_DEPTH) return -1
  const close = first === Code.openObject ? Code.closeObject : Code.closeArray
  let next = skipBlanks(text, at + 1)
  if (codeAt(text, next) === close) return next + 1
  for (;;) {
    if (first === Code.openObject) {
      next = skipString(text, next)
      if (next < 0) return -1
      next = skipBlanks(text, next)
      if (codeAt(text, next) !== Code.colon) return -1
      next = skipBlanks(text, next + 1)
    }
    next = skipValue(text, next, depth + 1)
    if (next < 0) return -1
    next = skipBlanks(text, next)
    const code = codeAt(text, next)
    if (code === close) return next + 1
    if (code !== Code.comma) return -1
    next = skipBlanks(text, next + 1)
  }
}

function skipString(text: string, at: number): number {
  if (codeAt(text, at) !== Code.quote) return -1
  const limit = Math.min(text.length, at + LOOP_CHARS)
  let next = at + 1
  for (; next < limit; next++) {
    const code = text.charCodeAt(next)
    if (code === Code.quote) return next + 1
    if (code === Code.backslash) break
    if (code < Code.blank) return -1
  }
  // Piece by piece: one expression for a whole string would need stack for each of its characters.
  for (;;) {
    next = match(PLAIN, text, next)
    if (codeAt(text, next) === Code.quote) return next + 1
    next = match(ESCAPE, text, next)
    if (next < 0) return -1
  }
}

/** A plain decimal number by a loop, everything rarer by the expression. */
function skipLiteral(text: string, at: number): number {
  const first = codeAt(text, at) === Code.minus ? at + 1 : at
  let next = skipDigits(text, first)
  if (next === first) return match(LITERAL, text, at)
  // No number but zero begins with a zero.
  if (next > first + 1 && codeAt(text, first) === Code.zero) return -1
  const digits = next - first
  if (codeAt(text, next) === Code.point) {
    const fraction = next + 1
    next = skipDigits(text, fraction)
    if (next === fraction) return -1
  }
  // Either case of the letter e begins an exponent.
  if ((codeAt(text, next) | 0x20) === 0x65) return match(LITERAL, text, at)
  return next === first + digits && digits > MAX_JSON_DIGITS ? -1 : next
}

function skipDigits(text: string, at: number): number {
  let next = at
  for (; next < text.length; next++) {
    const code = text.charCodeAt(next)
    if (code < Code.zero || code > Code.nine) break
  }
  return next
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

function skipBlanks(text: string, at: number): number {
  let next = at
  for (; next < text.length; next++) {
    const code = text.charCodeAt(next)
    if (code > Code.blank) break
    if (code !== Code.blank && code !== Code.newline && code !== Code.return && code !== Code.tab) break
  }
  return next
}

/** -1 behind the end. */
const codeAt = (text: string, at: number): number => (at < text.length ? text.charCodeAt(at) : -1)
