/** The process `vctl`: standard streams, signals and the exit code around {@link runVctl}. */
import { connectByAgent } from './agent-connection.ts'
import { runVctl } from './program.ts'
import { terminalOn } from './terminal.ts'

const interrupted = new AbortController()
let isInterruptible = false

// Whoever reads us has heard enough (`vctl sub … | head -1`): end quietly, as if interrupted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' && isInterruptible) interrupted.abort()
  else process.exit(error.code === 'EPIPE' ? 0 : 71)
})
process.stderr.on('error', () => {})

const exitCode = await runVctl(
  process.argv.slice(2),
  {
    environment: process.env,
    terminal: terminalOn(process.stdout, process.stderr, process.env),
    connect: connectByAgent,
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
process.stdout.write('', () => process.exit(exitCode))
