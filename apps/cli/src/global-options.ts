/** Options that every command takes, with the names of Python's `vctl` (VIP specification, section 7.3). */
import { durationValue } from '@volttron/config'
import { type Command, InvalidArgumentError } from 'commander'
import type { LogOptions } from './log.ts'

export interface GlobalOptions extends LogOptions {
  readonly home?: string
  /** Where the platform listens, when it is not what the home says. */
  readonly address?: string
  readonly json?: true
  /** Milliseconds. */
  readonly timeout?: number
  readonly yes?: true
  readonly debug?: true
  readonly logConfig?: string
  readonly showConfig?: true
  readonly compatExitCodes?: true
}

/** Default of `--timeout`. */
export const DEFAULT_TIMEOUT_MS = 30_000

export const addGlobalOptions = (program: Command): Command =>
  program
    .option('--home <dir>', 'folder of the platform (default: VOLTTRON_HOME, else ~/.volttron)', parseText)
    .option(
      '--vip-address, --address <address>',
      'where the platform listens (default: VOLTTRON_VIP_ADDR, else its home)',
      parseText,
    )
    .option('--json', 'print the result as one JSON document')
    .option(
      '-t, --timeout <seconds>',
      `how long to wait for an answer (default: ${DEFAULT_TIMEOUT_MS / 1000})`,
      parseDuration,
    )
    .option('-y, --yes', 'answer questions with yes')
    .option('--debug', 'show the stack of an error')
    .option('-l, --log <file>', 'append what is told beside the result to a file')
    .option('-L, --log-config <file>', "a log configuration of Python's vctl; accepted, and not read")
    .option('-q, --quiet', 'tell less; may be repeated', count)
    .option('-v, --verbose', 'tell more; may be repeated', count)
    .option('--verboseness <level>', 'what to tell: 10 all calls, 20 connections, 30 warnings, 40 nothing', parseLevel)
    .option('--show-config', 'print the options in effect and end')
    .option('--compat-exit-codes', "end with the exit codes of Python's vctl")

/** Seconds, or a number with a unit, as milliseconds. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const parsed = durationValue(1, 86_400_000).safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'Expected seconds.')
}

/** @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const value = Number(text)
  if (!/^[0-9]{1,9}$/.test(text) || value === 0) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}

/** Not nothing, which would be the current folder. @throws InvalidArgumentError */
function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  return text
}

const count = (_text: string | undefined, earlier = 0): number => earlier + 1

function parseLevel(text: string): number {
  if (!/^-?[0-9]{1,4}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}
