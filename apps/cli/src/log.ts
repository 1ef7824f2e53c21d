/** What `vctl` tells beside its results: warnings by default, what it does with `-v`, each call with `-vv`. */
import { appendFileSync } from 'node:fs'
import { fileError } from '@volttron/auth'

/** Numbers of Python's `logging`, which `--verboseness` takes. */
export const LogLevel = { debug: 10, info: 20, warning: 30, error: 40 } as const
export type LogLevelName = keyof typeof LogLevel

/** Each `-v` or `-q` moves the threshold by so much. */
const STEP = 10

export interface LogOptions {
  readonly verbose?: number
  readonly quiet?: number
  readonly verboseness?: number
  /** A file to append to in place of standard error. */
  readonly log?: string
}

export type Log = (level: LogLevelName, text: string) => void

/** The least level that is told. */
export const threshold = ({ verbose = 0, quiet = 0, verboseness = LogLevel.warning }: LogOptions): number =>
  Math.max(1, verboseness + STEP * (quiet - verbose))

/** @param toScreen writes one line beside the result */
export function logFor(options: LogOptions, toScreen: (line: string) => void, now: () => number): Log {
  const least = threshold(options)
  const { log: path } = options
  return (level, text) => {
    if (LogLevel[level] < least) return
    if (path === undefined) toScreen(`${level}: ${text}`)
    else append(path, `${new Date(now()).toISOString()} ${level.toUpperCase()} ${text}\n`)
  }
}

/** @throws VolttronError `system` */
function append(path: string, line: string): void {
  try {
    appendFileSync(path, line)
  } catch (error) {
    throw fileError(`cannot write the log ${path}`, error)
  }
}
