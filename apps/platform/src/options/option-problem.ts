/** How a wrong option is reported: wrong usage when it was typed, wrong configuration when it stands in the file. */
import type { Resolved, SourceKind } from '@volttron/config'
import { type ErrorCode, VolttronError } from '@volttron/vip'

export const codeOf = (kind: SourceKind): ErrorCode => (kind === 'file' ? 'config' : 'usage')

/** Error about one option. The message starts with where the value came from. */
export function optionError(option: Resolved<unknown>, message: string, hint?: string): VolttronError {
  const { kind, where } = option.source
  return new VolttronError(codeOf(kind), kind === 'default' ? message : `${where}: ${message}`, hint ? { hint } : {})
}

/** Runs a check that throws and prefixes its message with where the value came from. */
export function about<T>(option: Resolved<unknown>, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof VolttronError) || error.code !== 'usage') throw error
    throw optionError(option, error.message, error.hint)
  }
}
