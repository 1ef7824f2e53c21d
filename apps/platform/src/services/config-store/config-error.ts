/** Errors of the configuration store: callers in Python tell them apart by the type, their tools by the text. */
import { type ErrorCode, VolttronError } from '@volttron/vip'

const TYPES = { 'not-found': 'builtins.KeyError', 'bad-data': 'builtins.ValueError' } as const

/** @param code `not-found`: there is no such configuration; `bad-data`: it cannot be one */
export function configError(code: ErrorCode & keyof typeof TYPES, message: string): VolttronError {
  const error = new VolttronError(code, message)
  error.name = TYPES[code]
  return error
}
