/**
 * Headers of a publish, as JSON text that is cut and spliced but never re-encoded.
 *
 * Only the platform itself may say where a message came from. Nearly all headers come nowhere near that: a look at their
 * bytes tells so, without knowing whether they are JSON. Those who read headers find that out for themselves; those who
 * splice them check them before.
 */
import { jsonMembers, type TailView, toAsciiJson } from '@volttron/vip'

const RESERVED = 'platform'
const BACKSLASH = 0x5c
/** Turns a capital letter of ASCII into a small one. */
const LOWER = 0x20
const RESERVED_CODES = Uint8Array.from(RESERVED, (letter) => letter.charCodeAt(0))
const FIRST = RESERVED_CODES[0]!
const SUSPECT = new RegExp(`\\\\|${RESERVED}`, 'i')

/**
 * Whether the headers may have a member that an agent must not set: they hold its name, in either case, or a backslash,
 * which may hide it. The record has headers.
 */
export function areSuspect(record: TailView): boolean {
  const { buffer } = record
  const end = record.bodyStart()
  for (let at = record.headersStart(); at < end; at++) {
    const byte = buffer[at]!
    if (byte === BACKSLASH || ((byte | LOWER) === FIRST && isReserved(buffer, at, end))) return true
  }
  return false
}

function isReserved(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + RESERVED_CODES.length > end) return false
  for (let index = 1; index < RESERVED_CODES.length; index++) {
    if ((bytes[at + index]! | LOWER) !== RESERVED_CODES[index]) return false
  }
  return true
}

/** The headers without what an agent must not set. The text is one JSON object. */
export const cleanObject = (headersText: string): string =>
  SUSPECT.test(headersText) ? cleanHeaders(headersText)! : headersText

/**
 * The headers without what an agent must not set.
 *
 * @returns the same text when there was nothing to remove; `undefined` when the text is not one JSON object
 */
export function cleanHeaders(headersText: string): string | undefined {
  const members = jsonMembers(headersText)
  if (!members) return undefined
  let isClean = true
  for (const name of members.keys()) {
    // Python agents read headers whatever their case.
    if (name.length !== RESERVED.length || name.toLowerCase() !== RESERVED) continue
    members.delete(name)
    isClean = false
  }
  if (isClean) return headersText
  return `{${[...members].map(([name, value]) => `${toAsciiJson(name)}: ${value}`).join(', ')}}`
}
