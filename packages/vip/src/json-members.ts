/**
 * Looks into JSON text without changing it: where each value begins and ends. A router so cuts the body of a publish out
 * of its envelope and puts it into another, byte for byte, and knows that what it splices is exactly one JSON value:
 * otherwise a body such as `1,"sender":"platform.control"` could forge fields.
 *
 * Python's NaN, Infinity and -Infinity count as values.
 */

/** Deepest nesting of arrays and objects; what is deeper is refused, because it would exhaust the reader's stack. */
const MAX_DEPTH = 512

const LITERAL = /true|false|null|NaN|-?Infinity|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids bare control characters in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const BLANKS = /[ \t\r\n]*/y

/** True when `text` is exactly one JSON value, blanks around it allowed. */
export function isOneJsonValue(text: string): boolean {
  const end = skipValue(text, skipBlanks(text, 0), 0)
  return end >= 0 && skipBlanks(text, end) === text.length
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
  if (text[at] !== '{') return undefined
  at = skipBlanks(text, at + 1)
  if (text[at] === '}') return skipBlanks(text, at + 1) === text.length ? members : undefined
  for (;;) {
    const nameEnd = skipString(text, at)
    if (nameEnd < 0) return undefined
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    at = skipBlanks(text, nameEnd)
    if (text[at] !== ':') return undefined
    const start = skipBlanks(text, at + 1)
    const end = skipValue(text, start, 1)
    if (end < 0) return undefined
    members.set(name, text.slice(start, end))
    at = skipBlanks(text, end)
    if (text[at] === '}') return skipBlanks(text, at + 1) === text.length ? members : undefined
    if (text[at] !== ',') return undefined
    at = skipBlanks(text, at + 1)
  }
}

/** Index behind the value at `at`, or -1 when there is none. */
function skipValue(text: string, at: number, depth: number): number {
  const first = text[at]
  if (first === '"') return skipString(text, at)
  if (first !== '{' && first !== '[') return match(LITERAL, text, at)
  if (depth >= MAX_DEPTH) return -1
  const close = first === '{' ? '}' : ']'
  let next = skipBlanks(text, at + 1)
  if (text[next] === close) return next + 1
  for (;;) {
    if (first === '{') {
      next = skipString(text, next)
      if (next < 0) return -1
      next = skipBlanks(text, next)
      if (text[next] !== ':') return -1
      next = skipBlanks(text, next + 1)
    }
    next = skipValue(text, next, depth + 1)
    if (next < 0) return -1
    next = skipBlanks(text, next)
    if (text[next] === close) return next + 1
    if (text[next] !== ',') return -1
    next = skipBlanks(text, next + 1)
  }
}

/** Piece by piece: one expression for a whole string would need stack for each of its characters. */
function skipString(text: string, at: number): number {
  if (text[at] !== '"') return -1
  let next = at + 1
  for (;;) {
    next = match(PLAIN, text, next)
    if (text[next] === '"') return next + 1
    next = match(ESCAPE, text, next)
    if (next < 0) return -1
  }
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

function skipBlanks(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code > 0x20 ? at : match(BLANKS, text, at)
}
