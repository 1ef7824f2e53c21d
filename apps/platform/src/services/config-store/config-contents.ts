/** From the text of a configuration to what an agent gets of it, by type (VIP specification, section 7.1). */
import { withoutComments } from '@volttron/config'
import { parseJson, WrittenJson } from '@volttron/vip'
import { configError } from './config-error.ts'
import { csvRows } from './csv-rows.ts'

export type ConfigType = 'raw' | 'json' | 'csv'

export interface ConfigContents {
  /** To look for links in; its numbers may have lost digits. */
  readonly value: string | object
  /**
   * What goes to the agent: of JSON the text that was stored, each digit of it, but for its comments.
   *
   * @throws VolttronError `bad-data` for a table that blows up beyond what a text can be
   */
  readonly written: () => WrittenJson
}

/** @throws VolttronError `bad-data` when the type does not exist, or the text is none of its type */
export function configContents(type: unknown, text: unknown): ConfigContents {
  if (typeof text !== 'string') throw configError('bad-data', 'the contents of a configuration are text')
  switch (type) {
    case 'raw':
      return valueContents(text)
    case 'json':
      return jsonContents(text)
    case 'csv':
      return valueContents(csvRows(text))
    default:
      throw configError('bad-data', 'Unsupported configuration type.')
  }
}

const valueContents = (value: string | object): ConfigContents => ({ value, written: () => WrittenJson.of(value) })

function jsonContents(text: string): ConfigContents {
  const json = withoutComments(text)
  const value = parseJson(json)
  if (value === undefined || WrittenJson.read(json) === undefined)
    throw configError('bad-data', `the configuration is no JSON: ${whyNoJson(json)}`)
  if (typeof value !== 'object' || value === null) {
    throw configError('bad-data', 'Configuration must be a list or object.')
  }
  // Read again when it is sent: it need not be kept a third time.
  return { value, written: () => WrittenJson.read(withoutComments(text))! }
}

function whyNoJson(json: string): string {
  if (parseJson(json) !== undefined) return 'it is nested too deeply, or has a number with too many digits'
  try {
    JSON.parse(json)
  } catch (error) {
    return (error as Error).message.split('\n', 1)[0]!
  }
  return 'it is nested too deeply'
}
