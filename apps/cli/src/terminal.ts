/**
 * Where the command line writes. Results go to standard output, everything else (errors, hints, notes) to standard error,
 * so `vctl … --json | jq` never meets a stray line.
 */
import type { Writable } from 'node:stream'
import { VolttronError } from '@volttron/vip'
import { type Paint, paintFor } from './output/paint.ts'
import { printable } from './output/printable.ts'

export interface Terminal {
  readonly isTerminal: boolean
  /** Characters in a line; `undefined` where lines may be of any length. */
  readonly width: number | undefined
  readonly paint: Paint
  /** One line of result. */
  print(line: string): void
  /** Result as it is, without a line break of ours. */
  write(text: string): void
  /** One line beside the result: `vctl: …`. */
  note(line: string): void
  /** The error and, on a line of its own, what to do. */
  fail(error: VolttronError): void
  /** Lines as they are, beside the result: for `--debug`. */
  trace(text: string): void
}

/** Writes to the two streams; colours and rules only when `stdout` is a terminal. */
export function terminalOn(
  stdout: Writable & { isTTY?: boolean; columns?: number },
  stderr: Writable & { isTTY?: boolean },
  environment: NodeJS.ProcessEnv,
): Terminal {
  const isTerminal = stdout.isTTY === true
  const loud = paintFor(stderr.isTTY === true, environment)
  const note = (line: string) => void stderr.write(`vctl: ${printable(line)}\n`)
  return {
    isTerminal,
    // It changes with the window; some terminals do not know, and say 0.
    get width() {
      return (isTerminal && stdout.columns) || undefined
    },
    paint: paintFor(isTerminal, environment),
    print: (line) => void stdout.write(`${line}\n`),
    write: (text) => void stdout.write(text),
    note,
    fail(error) {
      stderr.write(`vctl: ${loud.red('error:')} ${printable(error.message)}\n`)
      if (error.hint) note(`hint: ${error.hint}`)
    },
    trace: (text) => void stderr.write(`${text}\n`),
  }
}

/** What was thrown, as an error with an exit code; anything unknown is a defect of ours (70). */
export function asVolttronError(thrown: unknown): VolttronError {
  if (thrown instanceof VolttronError) return thrown
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  return new VolttronError('internal', text, { cause: thrown })
}
