/** What a person or a script gives `vctl` on standard input. */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface Input {
  /** A person sits there. */
  readonly isTerminal: boolean
  /** Asks, and reads one line. @returns `undefined` at the end of the input */
  ask(question: string): Promise<string | undefined>
  /** Everything up to the end. */
  readAll(): Promise<string>
}

/** @param stderr where questions go: standard output is for results */
export const inputFrom = (stdin: Readable & { isTTY?: boolean }, stderr: Writable): Input => ({
  isTerminal: stdin.isTTY === true,
  ask: (question) =>
    new Promise((resolve) => {
      const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true })
      lines.once('close', () => resolve(undefined))
      lines.question(question, (answer) => {
        resolve(answer)
        lines.close()
      })
    }),
  readAll: () => text(stdin),
})
