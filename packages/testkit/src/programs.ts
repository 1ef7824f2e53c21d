/**
 * Programs of this repository as real processes: started from their built `bin`, in one temporary folder, with their
 * output in log files. Whoever makes a `Programs` calls `cleanUp()`, whatever happens: then no process and no file is left.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const LINES_OF_TAIL = 20
/** Far above what a loaded two-core machine needs. */
const READY_MS = 30_000

/** How a program ended. */
export interface End {
  readonly code: number | null
  readonly signal: string | null
}

export interface Program {
  readonly name: string
  readonly child: ChildProcess
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<End>
  /** Set once it has ended. */
  readonly end: End | undefined
}

export class Programs {
  /** Short, because paths of local sockets may have 104 bytes at most. */
  readonly folder = mkdtempSync(join(tmpdir(), 'vt-'))
  readonly #running = new Map<string, Program>()
  #isOver = false
  /** Scripts that {@link run} waits for. */
  readonly #visiting = new Set<ChildProcess>()

  /** A folder of its own inside the temporary one. */
  makeFolder(name: string): string {
    // Whoever is still at work while all is being cleaned up must not leave something behind.
    if (this.#isOver) throw new Error('everything has been cleaned up')
    const path = join(this.folder, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** Starts a script of this repository (path from its root); output goes to a log of that name. */
  start(name: string, script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Program {
    const env = this.#environment(environment)
    const log = openSync(this.#logOf(name), 'a')
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: this.folder,
      stdio: ['ignore', log, log, 'ipc'],
      env,
      serialization: 'advanced',
    })
    closeSync(log)
    let end: End | undefined
    const ended = new Promise<End>((resolve) => {
      const finish = (how: End) => {
        end = how
        if (this.#running.get(name) === program) this.#running.delete(name)
        resolve(how)
      }
      child.once('error', () => finish({ code: null, signal: null }))
      child.once('exit', (code, signal) => finish({ code, signal }))
    })
    const program: Program = {
      name,
      child,
      ended,
      get end() {
        return end
      },
    }
    this.#running.set(name, program)
    return program
  }

  /** Runs a script to its end. */
  async run(script: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Output> {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment(environment),
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    this.#visiting.add(child)
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject)
        child.once('close', resolve)
      })
      return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }
    } finally {
      this.#visiting.delete(child)
    }
  }

  /** Lets every process end by itself. @throws Error naming one that fails while ending */
  async stopAll(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(async ({ name, child, ended }) => {
        child.kill('SIGTERM')
        const { code, signal } = await ended
        if (code !== 0) throw new Error(`${name} stopped with ${signal ?? `exit code ${code}`}`)
      }),
    )
  }

  /** Starts a registry on a free port and waits until it listens. */
  async startRegistry(args: readonly string[] = [], name = 'registry'): Promise<Program & { readonly url: string }> {
    const home = this.makeFolder(name)
    const portFile = join(home, 'port')
    rmSync(portFile, { force: true })
    const all = ['0', '--home', home, '--host', '127.0.0.1', '--port-file', portFile, ...args]
    const program = this.start(name, 'apps/registry/bin/volttron-platform-lookup.js', all)
    await this.#until(program, 'listens', () => existsSync(portFile) && readFileSync(portFile, 'utf8').trim() !== '')
    return Object.assign(Object.create(program) as Program, {
      url: `http://127.0.0.1:${readFileSync(portFile, 'utf8').trim()}`,
    })
  }

  /** Starts a platform in `<folder>/<name>` and waits until it is ready. */
  async startPlatform(name: string, args: readonly string[]): Promise<Program & { readonly home: string }> {
    const home = this.makeFolder(name)
    const program = this.start(name, 'apps/platform/bin/volttron.js', ['--instance-name', name, ...args], {
      VOLTTRON_HOME: home,
    })
    const pidFile = join(home, 'VOLTTRON_PID')
    const pid = String(program.child.pid)
    await this.#until(program, 'is ready', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() === pid)
    return Object.assign(Object.create(program) as Program, { home })
  }

  /** `vctl` on the platform of this home. */
  vctl(home: string, ...words: string[]): Promise<Output> {
    return this.run('apps/cli/bin/vctl.js', words, { VOLTTRON_HOME: home })
  }

  /** The last lines a program has logged. */
  tail(name: string): string {
    if (!existsSync(this.#logOf(name))) return '(no log)'
    return readFileSync(this.#logOf(name), 'utf8').trimEnd().split('\n').slice(-LINES_OF_TAIL).join('\n')
  }

  /** Ends whatever still runs, at once, and removes the folder. */
  async cleanUp(): Promise<void> {
    this.#isOver = true
    const left = [...this.#running.values()]
    for (const child of [...left.map((program) => program.child), ...this.#visiting]) child.kill('SIGKILL')
    await Promise.all(left.map(({ ended }) => ended))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async #until(program: Program, what: string, isSo: () => boolean): Promise<void> {
    await eventually(() => program.end !== undefined || isSo(), {
      timeoutMs: READY_MS,
      what: `${program.name} ${what}`,
    })
    if (program.end) throw new Error(`${program.name} ended before it ${what}:\n${this.tail(program.name)}`)
  }

  #logOf(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  /** Ours without settings of the user's own platform; temporary files of the children go into our folder too. */
  #environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(VOLTTRON|AGENT)_/.test(name) && !['DATABASE_URL', 'NODE_OPTIONS'].includes(name),
    )
    return { ...Object.fromEntries(kept), TMPDIR: this.makeFolder('t'), NO_COLOR: '1', ...extra }
  }
}

export interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}
