/** The command `volttron-platform-lookup`. */
import { runCommandLine } from './command-line.ts'

// A reader that stops reading (`… | head`) is no failure.
process.stdout.on('error', () => {})

process.exitCode = await runCommandLine(process.argv.slice(2))
