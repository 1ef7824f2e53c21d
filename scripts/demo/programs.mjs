// The processes of the demo, their logs, and one temporary folder that holds everything they write.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { within } from './until.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LINES_OF_TAIL = 15
const STOP_MS = 10_000

export class Programs {
  /** Short, because paths of local sockets may have 104 bytes at most. */
  folder = mkdtempSync(join(tmpdir(), 'vdemo-'))
  #running = new Map()

  /** A folder of its own inside the temporary one. */
  makeFolder(name) {
    const path = join(this.folder, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** Starts a program of this repository as a process that writes its output to a log. */
  start(name, script, args, environment = {}) {
    const log = openSync(this.#logOf(name), 'a')
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: this.folder,
      stdio: ['ignore', log, log],
      env: this.#environment(environment),
    })
    closeSync(log)
    const program = { name, child, end: undefined, ended: undefined }
    program.ended = new Promise((resolve) => {
      const finish = (end) => {
        program.end = end
        if (this.#running.get(name) === program) this.#running.delete(name)
        resolve(end)
      }
      child.once('error', (error) => finish({ code: null, text: error.message }))
      child.once('exit', (code, signal) => finish({ code, text: signal ? `signal ${signal}` : `exit code ${code}` }))
    })
    this.#running.set(name, program)
    return program
  }

  /** Runs a program to its end and returns its standard output. @throws Error with what it wrote to standard error */
  async run(script, args, environment = {}) {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment(environment),
    })
    const name = `${args.slice(0, 2).join(' ')} (${child.pid})`
    const out = []
    const error = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => error.push(chunk))
    const ended = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    this.#running.set(name, { name, child, ended })
    try {
      const code = await within(args.join(' '), ended)
      if (code !== 0)
        throw new Error(`"${args.join(' ')}" ended with exit code ${code}\n${Buffer.concat(error)}`.trim())
      return Buffer.concat(out).toString()
    } finally {
      this.#running.delete(name)
    }
  }

  /** Lets every process end by itself. @throws Error naming one that does not, or that fails while ending */
  async stopAll() {
    await Promise.all(
      [...this.#running.values()].map(async ({ name, child, ended }) => {
        child.kill('SIGTERM')
        const end = await within(`stopping ${name}`, ended, STOP_MS)
        if (end.code !== 0) throw new Error(`${name} stopped with ${end.text}`)
      }),
    )
  }

  /** Ends whatever still runs, at once, and removes the folder. @returns what could not be removed */
  async cleanUp() {
    const left = [...this.#running.values()]
    for (const { child } of left) child.kill('SIGKILL')
    await Promise.all(left.map(({ ended }) => ended.catch(() => {})))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
    return [...this.#running.keys(), ...(existsSync(this.folder) ? [this.folder] : [])]
  }

  /** The last lines a program has logged. */
  tail(name) {
    if (!existsSync(this.#logOf(name))) return '(no log)'
    return readFileSync(this.#logOf(name), 'utf8').trimEnd().split('\n').slice(-LINES_OF_TAIL).join('\n')
  }

  #logOf(name) {
    return join(this.folder, `${name}.log`)
  }

  /** Ours without settings of the user's own platform; temporary files of the children go into our folder too. */
  #environment(extra) {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(VOLTTRON|AGENT)_/.test(name) && !['DATABASE_URL', 'NODE_OPTIONS'].includes(name),
    )
    return { ...Object.fromEntries(kept), TMPDIR: this.makeFolder('t'), NO_COLOR: '1', ...extra }
  }
}
