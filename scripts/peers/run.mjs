// Running the programs of others: where they are, what they print, and how they ended. Nothing here writes to stdout.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Where Debian keeps the programs that a plain user's PATH often lacks. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/local/go/bin']

const shownLines = 3

/** One line of progress. */
export function say(text) {
  process.stderr.write(`install-peers: ${text}\n`)
}

/** The path of a program in the PATH or in the folders of the system; undefined when there is none. */
export function programPath(name) {
  for (const folder of [...(process.env.PATH ?? '').split(':'), ...SYSTEM_FOLDERS]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/**
 * Runs a program to its end and passes all of its output on to stderr.
 * @throws Error of one line, with the last words of the program, when it cannot be started or its exit code is not 0.
 */
export async function run(program, args, environment = {}) {
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      process.stderr.write(chunk)
      output += chunk
    })
  }
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += error.message
      resolve(-1)
    })
    child.on('close', resolve)
  })
  if (code === 0) return
  const last = output.trim().split('\n').slice(-shownLines).join(' | ')
  throw new Error(`"${[program, ...args].join(' ')}" failed with exit code ${code}: ${last}`)
}
