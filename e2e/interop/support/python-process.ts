/** Agents on VOLTTRON's own Python library, in a process of their own: ../python/agents.py, led from here. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually } from '@volttron/testkit'
import { addressesOf, PATIENCE_MS, type Stage } from '../../test/support/stage.ts'
import { type Driver, type Order, PythonAgent, type PythonEvent } from './python-agent.ts'
import { pythonEnvironment, pythonProgram } from './python-program.ts'

const DRIVER = fileURLToPath(new URL('../python/agents.py', import.meta.url))

/** An error of the library, as its author would catch it. */
export class PythonError extends Error {
  /** The name of its class. */
  readonly type: string
  /** Of JSON-RPC or VIP. */
  readonly code: number | null
  /** What the library says came from the other side. */
  readonly remoteMessage: string
  readonly excInfo: Readonly<Record<string, string>>

  constructor(error: PythonErrorRecord) {
    super(`${error.type}: ${error.text}`)
    this.type = error.type
    this.code = error.code
    this.remoteMessage = error.message
    this.excInfo = error.exc_info
  }
}

export interface PythonErrorRecord {
  readonly type: string
  readonly text: string
  readonly code: number | null
  readonly message: string
  readonly exc_info: Readonly<Record<string, string>>
}

type Line =
  | { readonly id: number; readonly result?: string; readonly error?: PythonErrorRecord }
  | ({ readonly id?: undefined } & PythonEvent)

interface Waiting {
  resolve(resultText: string): void
  reject(error: Error): void
}

export class PythonProcess implements Driver {
  readonly #child: ChildProcess
  readonly #logPath: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #agents = new Map<string, PythonAgent>()
  #lastId = 0
  /** Resolves to how it ended. */
  readonly ended: Promise<string>
  end: string | undefined

  private constructor(child: ChildProcess, logPath: string) {
    this.#child = child
    this.#logPath = logPath
    createInterface({ input: child.stdout! }).on('line', (line) => this.#onLine(JSON.parse(line) as Line))
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.end = signal ?? `exit code ${code}`
        for (const { reject } of this.#waiting.values())
          reject(new Error(`Python ended with ${this.end}: ${this.log()}`))
        this.#waiting.clear()
        resolve(this.end)
      })
    })
    // Whoever writes to one that has ended learns it by the end itself.
    child.stdin!.on('error', () => {})
  }

  static start(stage: Stage, home: string): PythonProcess {
    const logPath = join(stage.programs.folder, `python-${processes++}.log`)
    const log = openSync(logPath, 'a')
    const child = spawn(pythonProgram(), [DRIVER, addressesOf(home)[0]!], {
      stdio: ['pipe', 'pipe', log],
      env: pythonEnvironment(home),
      cwd: stage.programs.folder,
    })
    closeSync(log)
    const python = new PythonProcess(child, logPath)
    stage.defer(async () => {
      child.kill('SIGKILL')
      await python.ended
    })
    return python
  }

  /** A started agent; its key must be there. */
  async agent(identity: string, settings: AgentSettings = {}): Promise<PythonAgent> {
    const agent = new PythonAgent(this, identity)
    this.#agents.set(identity, agent)
    await this.carryOut(identity, { do: 'start', settings })
    return agent
  }

  /** Resolves to the result as JSON text. @throws PythonError */
  carryOut(agent: string, order: Order): Promise<string> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (this.end) return reject(new Error(`Python has ended with ${this.end}: ${this.log()}`))
      this.#waiting.set(id, { resolve, reject })
      this.#child.stdin!.write(`${JSON.stringify({ id, agent, ...order })}\n`)
    })
  }

  /** What it has logged. */
  log(): string {
    return readFileSync(this.#logPath, 'utf8')
  }

  logged(text: string): Promise<boolean> {
    return eventually(() => this.log().includes(text), {
      timeoutMs: PATIENCE_MS,
      what: `"${text}" in the log of Python`,
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  #onLine(line: Line): void {
    if (line.id === undefined) return void this.#agents.get(line.agent)?.events.push(line)
    const waiting = this.#waiting.get(line.id)
    this.#waiting.delete(line.id)
    if (line.error) waiting?.reject(new PythonError(line.error))
    else waiting?.resolve(line.result!)
  }
}

let processes = 0

export interface AgentSettings {
  /** `AgentOptions` of the library. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Default configurations as JSON text, by name. */
  readonly defaults?: Readonly<Record<string, string>>
}
