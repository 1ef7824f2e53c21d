// Health check of a container: `health.mjs [registry|platform|agent]`. Without a word it looks at what the container runs.
// Exit code 0 = healthy; else 1 and one line that says why.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const answerMs = 5000

/** Process 1 is the program, or the init process with the program's command line as its arguments. */
const commandLine = readFileSync('/proc/1/cmdline', 'utf8').split('\0')

async function checkRegistry() {
  const port = commandLine.find((word) => /^\d+$/.test(word)) ?? '8000'
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(answerMs) })
  if (!response.ok) throw new Error(`the registry answers ${response.status}`)
}

/** The daemon writes its PID file when it is ready; it is healthy when the bus answers too. */
function checkPlatform() {
  const pidFile = join(process.env.VOLTTRON_HOME ?? '', 'VOLTTRON_PID')
  if (!existsSync(pidFile)) throw new Error(`the platform is not ready: ${pidFile} does not exist`)
  const vctl = fileURLToPath(new URL('../../apps/cli/bin/vctl.js', import.meta.url))
  execFileSync(process.execPath, [vctl, '--timeout', `${answerMs / 1000}`, 'platform'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** The engine notices the end of an agent by itself. */
function checkAgent() {}

const checks = { registry: checkRegistry, platform: checkPlatform, agent: checkAgent }

function roleOfContainer() {
  if (commandLine.some((word) => word.endsWith('volttron-platform-lookup'))) return 'registry'
  return commandLine.some((word) => /(^|\/)volttron$/.test(word)) ? 'platform' : 'agent'
}

try {
  await checks[process.argv[2] ?? roleOfContainer()]()
} catch (error) {
  process.stdout.write(`${error.stderr?.toString().trim() || error.message}\n`)
  process.exitCode = 1
}
