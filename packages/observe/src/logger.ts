/**
 * The log: one line per event, with the component and ids as fields. Secrets are taken out before a line is written.
 *
 * Lines leave through an asynchronous, bounded buffer: a reader of stdout that stalls costs log lines, never the platform.
 */
import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DestinationStream, destination as fileDestination, type Logger, pino } from 'pino'
import { pinoPretty } from './pretty.ts'

export type { Logger } from 'pino'

export interface LoggerOptions {
  /** Name of the program, in every line. */
  readonly name: string
  /** default `info` */
  readonly level?: string
  /** Levels of single components; see {@link componentLogger}. */
  readonly componentLevels?: Readonly<Record<string, string>>
  /** default `auto`: pretty on a terminal, else JSON */
  readonly format?: 'auto' | 'json' | 'pretty'
  /** A file, or anything that takes lines; default stdout. */
  readonly destination?: string | DestinationStream
}

/** What may wait for a slow reader of the log, in bytes; beyond it lines are dropped. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** Names of fields whose values never appear, at the top of a line and one level below. */
const SECRET_FIELDS = ['secretkey', 'secretKey', 'password', 'registrationPassword', 'token', 'authorization', 'cookie']
const SECRET_PATHS = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
const SECRET_HEADERS = [
  'Registration-Password',
  'registration-password',
  'Platform-Credentials',
  'platform-credentials',
]

const levelsOf = new WeakMap<object, Readonly<Record<string, string>>>()

/**
 * Makes the root logger. Lines that still wait are written when the process ends.
 *
 * @throws the error of the file system when the log file cannot be opened
 */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info', format = 'auto', componentLevels = {} } = options
  const onTerminal = options.destination === undefined && process.stdout.isTTY === true
  const pretty = format === 'pretty' || (format === 'auto' && onTerminal)
  const sink = typeof options.destination === 'object' ? options.destination : openSink(options.destination)
  const logger = pino(
    {
      name,
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET_PATHS, ...SECRET_HEADERS.map((header) => `*["${header}"]`)], censor: '[secret]' },
    },
    pretty ? pinoPretty(sink, onTerminal) : sink,
  )
  levelsOf.set(logger, componentLevels)
  return logger
}

/** The file is opened at once, so that a wrong path is an error at start; later errors (a full disk) cost log lines only. */
function openSink(file: string | undefined): DestinationStream {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true })
  const fd = file === undefined ? 1 : openSync(file, 'a', 0o640)
  const sink = fileDestination({ dest: fd, sync: false, maxLength: MAX_WAITING_BYTES })
  sink.on('error', () => {})
  return sink
}

/** A child whose lines carry `component`, at the level asked for that component. */
export function componentLogger(root: Logger, component: string): Logger {
  const level = levelsOf.get(root)?.[component]
  return root.child({ component }, level === undefined ? {} : { level })
}
