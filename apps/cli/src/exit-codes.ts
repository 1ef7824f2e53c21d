/** What a run of `vctl` ends with: sysexits(3) by kind of error, or the numbers of Python's `vctl` on request. */
import { type ErrorCode, VolttronError } from '@volttron/vip'

/** What each number means to a person. The numbers themselves belong to the errors. */
const MEANINGS: Readonly<Record<ErrorCode, string>> = {
  usage: 'wrong usage',
  'bad-data': 'bad data',
  'not-found': 'no such name',
  unavailable: 'not running or not reachable; a check that fails',
  internal: 'a defect',
  system: 'disk or permission trouble',
  timeout: 'no answer in time',
  denied: 'refused',
  config: 'contradictory configuration',
}

/** Python's `vctl`: 2 wrong usage, 10 nothing selected or no platform, 75 no answer in time, 20 everything else. */
const COMPATIBLE: Readonly<Partial<Record<ErrorCode, number>>> = {
  usage: 2,
  'not-found': 10,
  unavailable: 10,
  timeout: 75,
}
const COMPATIBLE_FAILURE = 20

/** @param isCompatible as `--compat-exit-codes` asks for */
export const exitCodeOf = (error: VolttronError, isCompatible: boolean): number =>
  isCompatible ? (COMPATIBLE[error.code] ?? COMPATIBLE_FAILURE) : error.exitCode

export interface ExitCodeRow {
  readonly code: number
  readonly meaning: string
  /** With `--compat-exit-codes`. */
  readonly compatible: number
}

/** All exit codes, ascending. */
export const EXIT_CODES: readonly ExitCodeRow[] = [
  { code: 0, meaning: 'done', compatible: 0 },
  ...(Object.keys(MEANINGS) as ErrorCode[])
    .map((code) => {
      const error = new VolttronError(code, '')
      return { code: exitCodeOf(error, false), meaning: MEANINGS[code], compatible: exitCodeOf(error, true) }
    })
    .sort((one, other) => one.code - other.code),
]
