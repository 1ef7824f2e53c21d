/** From the text of a configuration to what an agent gets of it, by type (VIP specification, section 7.1). */
import { parseJson } from '@volttron/vip'
import { configError } from './config-error.ts'
import { csvRows } from './csv-rows.ts'

export type ConfigType = 'raw' | 'json' | 'csv'
export type ConfigContents = string | object

/** @throws VolttronError `bad-data` when the type does not exist, or the text is none of its type */
export function configContents(type: unknown, text: unknown): ConfigContents {
  if (typeof text !== 'string') throw configError('bad-data', 'the contents of a configuration are text')
  switch (type) {
    case 'raw':
      return text
    case 'json':
      return jsonContents(text)
    case 'csv':
      return csvRows(text)
    default:
      throw configError('bad-data', 'Unsupported configuration type.')
  }
}

function jsonContents(text: string): object {
  const value = parseJson(withoutComments(text))
  if (value === undefined) throw configError('bad-data', `the configuration is no JSON: ${whyNoJson(text)}`)
  if (typeof value !== 'object' || value === null) {
    throw configError('bad-data', 'Configuration must be a list or object.')
  }
  return value
}

function whyNoJson(text: string): string {
  try {
    JSON.parse(withoutComments(text))
  } catch (error) {
    return (error as Error).message.split('\n', 1)[0]!
  }
  return 'it is nested too deeply'
}

/**
 * The text without `//`, `#` and block comments; what stands in a string is none, and the line break that ends a comment
 * stays. One pass and no expression over all of it, because the text is a stranger's, and may be long and never close a quote.
 */
export function withoutComments(text: string): string {
  const start = /"|#|\/[/*]/g
  let result = ''
  let kept = 0
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    if (found[0] === '"') {
      start.lastIndex = endOfString(text, start.lastIndex)
      continue
    }
    const end = endOfComment(text, start.lastIndex, found[0])
    if (end < 0) break
    result += text.slice(kept, found.index)
    start.lastIndex = kept = end
  }
  return result + text.slice(kept)
}

/** Behind the quote that ends a string; the end of the text when there is none. */
function endOfString(text: string, from: number): number {
  const sign = /["\\]/g
  sign.lastIndex = from
  for (let found = sign.exec(text); found !== null; found = sign.exec(text)) {
    if (found[0] === '"') return sign.lastIndex
    sign.lastIndex++
  }
  return text.length
}

/** Negative for a block that is never closed: that is no comment. */
function endOfComment(text: string, from: number, opening: string): number {
  const end = text.indexOf(opening === '/*' ? '*/' : '\n', from)
  if (opening === '/*') return end < 0 ? end : end + 2
  return end < 0 ? text.length : end
}
