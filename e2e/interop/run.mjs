// `node e2e/interop/run.mjs [pattern]`: our platform with the real Python VOLTTRON, its agents and its `vctl`. Installs the
// packages into a virtual environment first (once; see scripts/peers/python.mjs). One line a test; exit code 0 when all passed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { install, isInstalled } from '../../scripts/peers/python.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = fileURLToPath(new URL('.', import.meta.url))

const say = (text) => process.stdout.write(`# ${text}\n`)

function runToEnd(cwd, ...args) {
  const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' })
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)))
}

async function main(patterns) {
  if ((await runToEnd(root, 'scripts/setup.mjs')) !== 0) return 1
  if (!isInstalled()) {
    say('installing Python VOLTTRON')
    try {
      await install(say)
    } catch (error) {
      process.stdout.write(`not ok - Python VOLTTRON is installed\n    ${error.message}\n0 passed, 1 failed\n`)
      return 1
    }
  }
  const jest = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url))
  return runToEnd(here, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...patterns)
}

process.exitCode = await main(process.argv.slice(2))
