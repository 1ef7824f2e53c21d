/** The process `vctl`: standard streams, signals and the exit code around {@link runVctl}. */
import { inputFrom } from './input.ts'
import { runVctl } from './program.ts'
import { terminalOn } from './terminal.ts'

const interrupted = new AbortController()
let isInterruptible = false

const fail = (error: NodeJS.ErrnoException): never => {
  process.stderr.write(`vctl: error: cannot write the result: ${error.message}\n`)
  process.exit(71)
}
// Whoever reads us has heard enough (`vctl sub … | head -1`): end quietly, as if interrupted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') fail(error)
  else if (isInterruptible) interrupted.abort()
  else process.exit(0)
})
process.stderr.on('error', () => {})

const exitCode = await runVctl(
  process.argv.slice(2),
  {
    environment: process.env,
    input: inputFrom(process.stdin, process.stderr),
    terminal: terminalOn(process.stdout, process.stderr, process.env),
    // Not before it is needed: help, completion and commands on files start twice as fast without the SDK.
    connect: async (options) => (await import('./agent-connection.ts')).connectByAgent(options),
    now: Date.now,
    interruption() {
      isInterruptible = true
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
      return interrupted.signal
    },
  },
  process.getuid?.() === 0,
)
// Not before everything has reached the pipe: a long JSON document must not end in the middle.
process.stdout.write('', (error?: NodeJS.ErrnoException | null) =>
  error && error.code !== 'EPIPE' ? fail(error) : process.exit(exitCode),
)
