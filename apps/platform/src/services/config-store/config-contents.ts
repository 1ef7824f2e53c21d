/** From the text of a configuration to what an agent gets of it, by type (VIP specification, section 7.1). */
import { withoutComments } from '@volttron/config'
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
