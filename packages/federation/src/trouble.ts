/** What came to an end, for the status. */
import { describeError, VolttronError } from '@volttron/vip'

export interface Trouble {
  /** A word for machines, such as `unreachable`. */
  readonly word: string
  /** A line for people. */
  readonly detail: string
}

export function troubleOf(error: unknown): Trouble {
  const detail = describeError(error)
  if (!(error instanceof VolttronError)) return { word: 'unreachable', detail }
  return { word: error.code === 'unavailable' ? 'unreachable' : error.code, detail }
}
