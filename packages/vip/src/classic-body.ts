/**
 * The JSON envelope of a publish as classic peers read it (VIP specification, section 4.6): what the router vouches for,
 * spliced around texts that stay as their author wrote them. One JSON value each is checked before, because a body such as
 * `1,"sender":"platform.control"` could forge fields.
 */
import { PublishFlag } from './batch-format.ts'
import { isOneJsonObject, isOneJsonValue } from './json-members.ts'
import { toAsciiJson } from './json-text.ts'
import type { TailView } from './tail.ts'

/** Header of a body of bytes, which classic peers get as text. */
const ENCODING_HEADER = 'x-encoding'

/** How the envelope begins: everything up to the bus. For a sender it can be kept. */
export const classicBodyStart = (sender: string): string => `{"sender": ${toAsciiJson(sender)}, "bus": `

/** Where a message came from, said in a header that is written last: of a repeated name, JSON readers take the last. */
const PLATFORM_HEADER = 'platform'

/**
 * Puts an envelope together.
 *
 * @param start of {@link classicBodyStart}
 * @param headers JSON text of an object
 * @param message JSON text of one value
 * @param platform instance name of the origin to be stamped into the headers; `''` for none
 */
export function classicBody(
  start: string,
  bus: string,
  headers: string,
  message: string,
  platform: string,
): Uint8Array {
  const stamped = platform === '' ? headers : withMember(headers, PLATFORM_HEADER, platform)
  // Nearly nobody sets the bus.
  const busJson = bus === '' ? '""' : toAsciiJson(bus)
  return asciiFrame(`${start}${busJson}, "headers": ${stamped}, "message": ${message}}`)
}

/**
 * The envelope of a record. A body of bytes becomes base64 text, and a header says so.
 *
 * @returns `undefined` when the body is not the one JSON value it claims to be, or the headers are no JSON object: they
 *   would break out of their envelope
 */
export function classicBodyOfRecord(start: string, record: TailView, platform: string): Uint8Array | undefined {
  const headers = record.headersText() || '{}'
  if (headers !== '{}' && !isOneJsonObject(headers)) return undefined
  if (record.flags & PublishFlag.json) {
    const message = record.bodyText()
    return isOneJsonValue(message) ? classicBody(start, record.busText(), headers, message, platform) : undefined
  }
  const message = `"${record.buffer.toString('base64', record.bodyStart(), record.tailEnd)}"`
  const marked = withMember(headers, ENCODING_HEADER, 'base64')
  return classicBody(start, record.busText(), marked, message, platform)
}

/** Adds a member as the last one of a JSON object that has none of that name or an earlier one. */
export function withMember(objectText: string, name: string, value: string): string {
  const member = `${toAsciiJson(name)}: ${toAsciiJson(value)}`
  if (objectText === '{}') return `{${member}}`
  const open = objectText.slice(0, objectText.lastIndexOf('}'))
  const separator = /^\s*\{\s*$/.test(open) ? '' : ', '
  return `${open}${separator}${member}}`
}

const NOT_ASCII = /[\u007f-\uffff]/g

/** Non-ASCII characters can only stand within strings, where an escape means the same. */
function asciiFrame(json: string): Uint8Array {
  const bytes = Buffer.from(json, 'utf8')
  // Nothing but ASCII has as many bytes as characters.
  if (bytes.length === json.length) return bytes
  const escaped = json.replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return Buffer.from(escaped, 'latin1')
}
