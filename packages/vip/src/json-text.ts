/**
 * JSON as VOLTTRON peers write and read it (VIP specification, section 3): Python writes the bare words NaN, Infinity
 * and -Infinity, and it misreads every character that is not ASCII.
 */
import { VolttronError } from './errors.ts'

/** Everything but printable ASCII. JSON.stringify has already escaped the control characters below the blank. */
const NOT_PRINTABLE_ASCII = /[\u007f-\uffff]/g

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Writes `value` as JSON of printable ASCII only. `undefined`, NaN and the infinities become `null`, which every peer
 * can read.
 *
 * @throws VolttronError `bad-data` when the value cannot be written: it refers to itself, is nested too deeply, or
 * holds a BigInt
 */
export function toAsciiJson(value: unknown): string {
  try {
    return asciiJson(JSON.stringify(value) ?? 'null')
  } catch (error) {
    throw new VolttronError('bad-data', `the value cannot be written as JSON: ${reason(error)}`, { cause: error })
  }
}

/** The same JSON without any other character: they can only stand within strings, where an escape means the same. */
export const asciiJson = (text: string): string => text.replace(NOT_PRINTABLE_ASCII, escapeUnit)

const reason = (error: unknown): string => (error instanceof Error ? error.message.split('\n', 1)[0]! : String(error))

/**
 * Reads JSON text, Python's NaN, Infinity and -Infinity included. Integers above 2^53 lose precision. Never throws.
 *
 * @returns the value, or `undefined` (which no JSON text means) when the text is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (!text.includes('NaN') && !text.includes('Infinity')) return undefined
  }
  try {
    return JSON.parse(withoutBareWords(text), (_key, value) => (Object.is(value, -0) ? Number.NaN : value))
  } catch {
    return undefined
  }
}

/** A number or one of Python's words, at a given place. */
const NUMBER_OR_WORD = /-?(?:Infinity|[0-9][0-9.eE+-]*)|NaN/y

/**
 * Rewrites Python's words into what JSON.parse reads: Infinity becomes a number out of range, NaN becomes -0. Minus
 * zeros that stand in the text become plain zeros first, so that -0 means NaN and nothing else.
 */
function withoutBareWords(text: string): string {
  const parts: string[] = []
  let copied = 0
  for (let at = 0; at < text.length; ) {
    if (text[at] === '"') {
      at = endOfString(text, at)
      continue
    }
    NUMBER_OR_WORD.lastIndex = at
    const token = NUMBER_OR_WORD.exec(text)?.[0]
    if (token === undefined) {
      at++
      continue
    }
    parts.push(text.slice(copied, at), standIn(token))
    at += token.length
    copied = at
  }
  parts.push(text.slice(copied))
  return parts.join('')
}

/** Blanks keep a word from growing together with its neighbour. */
function standIn(token: string): string {
  if (token === 'NaN') return ' -0 '
  if (token === 'Infinity') return ' 1e999 '
  if (token === '-Infinity') return ' -1e999 '
  return Object.is(Number(token), -0) ? '0' : token
}

/** Index after the quote that ends the string which starts at `at`; the text's end when none does. */
function endOfString(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    if (text[next] === '\\') next++
    else if (text[next] === '"') return next + 1
  }
  return text.length
}
