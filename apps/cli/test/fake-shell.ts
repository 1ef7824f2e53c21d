/** A shell for tests: what is printed is kept, the platform answers from a table. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { inputFrom } from '../src/input.ts'
import type { Shell } from '../src/invocation.ts'
import type { ConnectOptions, PlatformConnection, ReceivedMessage } from '../src/platform-connection.ts'
import { runVctl } from '../src/program.ts'
import { terminalOn } from '../src/terminal.ts'

export interface FakeOptions {
  /** Answers of RPC methods by `peer.method`: a value, or a function of the arguments that may throw. */
  readonly answers?: Readonly<Record<string, unknown>>
  readonly peers?: readonly string[]
  /** Round trip in milliseconds; may throw. */
  readonly ping?: (peer: string) => number
  /** Delivered to a subscriber, in order. */
  readonly messages?: readonly ReceivedMessage[]
  /** Standard output is a terminal. */
  readonly isTerminal?: boolean
  readonly isRoot?: boolean
  readonly nowMs?: number
  readonly environment?: NodeJS.ProcessEnv
  /** What is on standard input. */
  readonly input?: string
  /** Somebody sits at standard input. */
  readonly isAttended?: boolean
}

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
  /** The one document on standard output. */
  readonly json: () => unknown
}

export class FakeShell {
  readonly home = mkdtempSync(join(tmpdir(), 'vctl-'))
  readonly calls: [string, ...unknown[]][] = []
  readonly published: [string, unknown][] = []
  /** How each connection was asked for. */
  readonly connected: ConnectOptions[] = []
  readonly interrupted = new AbortController()
  connections = 0
  readonly #options: FakeOptions

  constructor(options: FakeOptions = {}) {
    this.#options = options
    writeFileSync(join(this.home, 'VOLTTRON_PID'), `${process.pid}\n`)
  }

  async run(...words: string[]): Promise<Outcome> {
    const out = new TextSink(this.#options.isTerminal)
    const err = new TextSink()
    const code = await runVctl(words, this.shell(out, err), this.#options.isRoot)
    return { code, out: out.text, err: err.text, json: () => JSON.parse(out.text) as unknown }
  }

  shell(out: Writable = new TextSink(), err: Writable = new TextSink()): Shell {
    return {
      environment: { VOLTTRON_HOME: this.home, ...this.#options.environment },
      terminal: terminalOn(out, err, {}),
      input: inputFrom(this.#input(), err),
      connect: async (asked) => {
        this.connected.push(asked)
        return this.#connection()
      },
      now: () => this.#options.nowMs ?? 0,
      interruption: () => this.interrupted.signal,
    }
  }

  #input(): Readable & { isTTY?: boolean } {
    const { input = '', isAttended = false } = this.#options
    return Object.assign(Readable.from(input === '' ? [] : [input]), { isTTY: isAttended })
  }

  remove(): Promise<void> {
    return rm(this.home, { recursive: true, force: true })
  }

  #connection(): PlatformConnection {
    this.connections += 1
    const { answers = {}, peers = [], messages = [], ping = () => 1.234 } = this.#options
    return {
      call: async (peer, method, args = [], kwargs) => {
        const words = kwargs === undefined ? args : [...args, kwargs]
        this.calls.push([`${peer}.${method}`, ...words])
        const answer = answers[`${peer}.${method}`]
        return typeof answer === 'function' ? answer(...words) : answer
      },
      ping: async (peer) => ping(peer),
      peerlist: async () => peers,
      publish: async (topic, message) => this.published.push([topic, message]),
      subscribe: async (_prefix, _allPlatforms, onMessage) => {
        for (const message of messages) onMessage(message)
      },
      close: async () => {
        this.connections -= 1
      },
    }
  }
}

class TextSink extends Writable {
  text = ''
  readonly isTTY: boolean

  constructor(isTTY = false) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}
