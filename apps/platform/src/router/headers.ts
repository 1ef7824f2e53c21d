/** Headers of a publish, as JSON text that is cut and spliced but never re-encoded. */
import { jsonMembers, toAsciiJson } from '@volttron/vip'

/** Only the platform itself may say where a message came from. */
const RESERVED = 'platform'

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

/** Adds a member as the last one of a JSON object that has none of that name or an earlier one. */
export function withMember(objectText: string, name: string, value: string): string {
  const open = objectText.slice(0, objectText.lastIndexOf('}'))
  const separator = /^\s*\{\s*$/.test(open) ? '' : ', '
  return `${open}${separator}${toAsciiJson(name)}: ${toAsciiJson(value)}}`
}
