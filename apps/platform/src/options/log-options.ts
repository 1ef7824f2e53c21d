/** What is logged, from `--log-level`, `--verboseness` and `-v`. */
import { VolttronError } from '@volttron/vip'

/** Levels of the log, least severe first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** Levels of single components, from `--log-level COMPONENT:LEVEL`. */
  readonly componentLevels: Readonly<Record<string, LogLevel>>
  readonly format: 'auto' | 'json' | 'pretty'
  /** Absolute path; `undefined` is stdout. */
  readonly file: string | undefined
}

/** Names that Python's logging has for our levels. */
const PYTHON_NAMES: Readonly<Record<string, LogLevel>> = { warning: 'warn', critical: 'fatal', notset: 'trace' }

/** Levels from texts such as `info` and `federation:debug`. @throws VolttronError `usage` */
export function readLogLevels(texts: readonly string[]): Pick<LogOptions, 'level' | 'componentLevels'> {
  let level: LogLevel = 'info'
  const componentLevels: Record<string, LogLevel> = {}
  for (const text of texts) {
    const colon = text.lastIndexOf(':')
    const read = readLevel(text.slice(colon + 1))
    if (!read) {
      throw new VolttronError('usage', `'${text.slice(0, 100)}' is no log level`, {
        hint: `use one of ${LOG_LEVELS.join(', ')}, or COMPONENT:LEVEL`,
      })
    }
    if (colon > 0) componentLevels[text.slice(0, colon)] = read
    else level = read
  }
  return { level, componentLevels }
}

function readLevel(text: string): LogLevel | undefined {
  const name = text.toLowerCase()
  return LOG_LEVELS.find((level) => level === name) ?? PYTHON_NAMES[name]
}

/** The level for a number of Python's logging: 10 is debug, 20 info, 30 warning, 40 error, 50 critical. */
export function levelFromPython(number: number): LogLevel {
  return LOG_LEVELS[Math.min(LOG_LEVELS.length - 1, Math.floor(number / 10))]!
}
