import { VolttronError } from '@volttron/vip'

/** The JSON value a person typed. @throws VolttronError `usage`, with the quoting that was probably meant */
export function parseJsonArgument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new VolttronError('usage', `not JSON: ${text.slice(0, 100)}`, {
      hint: `quote text twice: '${JSON.stringify(text.slice(0, 40))}'`,
      cause,
    })
  }
}
