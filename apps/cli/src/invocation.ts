/** One run of one command: the global options, where to write, and how to reach the platform. */
import type { Command } from 'commander'
import { homeFolder, requireRunningPlatform } from './home.ts'
import type { Connect, PlatformConnection } from './platform-connection.ts'
import type { Terminal } from './terminal.ts'

/** The world around the command line; tests bring their own. */
export interface Shell {
  readonly environment: NodeJS.ProcessEnv
  readonly terminal: Terminal
  readonly connect: Connect
  /** Wall clock in milliseconds, for "3s ago". */
  readonly now: () => number
  /** From this call on an interrupt (Ctrl-C, SIGTERM, a closed pipe) aborts the signal instead of killing the process. */
  readonly interruption: () => AbortSignal
}

export interface GlobalOptions {
  readonly home?: string
  readonly json?: true
  /** Milliseconds. */
  readonly timeout?: number
}

/** Default of `--timeout`. */
export const DEFAULT_TIMEOUT_MS = 30_000

export class Invocation {
  readonly home: string
  readonly json: boolean
  /** What `--timeout` says; `undefined` when it was not given. */
  readonly givenTimeoutMs: number | undefined
  readonly shell: Shell

  constructor(shell: Shell, command: Command) {
    const options = command.optsWithGlobals<GlobalOptions>()
    this.shell = shell
    this.home = homeFolder(options.home, shell.environment)
    this.json = options.json === true
    this.givenTimeoutMs = options.timeout
  }

  get terminal(): Terminal {
    return this.shell.terminal
  }

  get timeoutMs(): number {
    return this.givenTimeoutMs ?? DEFAULT_TIMEOUT_MS
  }

  /** The result: one JSON document under `--json`, else the text a person reads. */
  show(document: unknown, text: () => string): void {
    this.terminal.print(this.json ? JSON.stringify(document ?? null, null, 2) : text())
  }

  /** Connects, does the work, and disconnects, whatever happens. */
  async withPlatform<T>(work: (platform: PlatformConnection) => Promise<T>): Promise<T> {
    requireRunningPlatform(this.home)
    const platform = await this.shell.connect({ home: this.home, timeoutMs: this.timeoutMs })
    try {
      return await work(platform)
    } finally {
      await platform.close()
    }
  }
}
