/** One run of one command: the global options, where to write, and how to reach the platform. */
import type { Command } from 'commander'
import { DEFAULT_TIMEOUT_MS, type GlobalOptions } from './global-options.ts'
import { homeFolder, requireRunningPlatform } from './home.ts'
import type { Input } from './input.ts'
import { type Log, LogLevel, logFor, threshold } from './log.ts'
import { loggedConnection } from './logged-connection.ts'
import type { Connect, PlatformConnection } from './platform-connection.ts'
import type { Terminal } from './terminal.ts'

/** The world around the command line; tests bring their own. */
export interface Shell {
  readonly environment: NodeJS.ProcessEnv
  readonly terminal: Terminal
  readonly input: Input
  readonly connect: Connect
  /** Wall clock in milliseconds, for "3s ago". */
  readonly now: () => number
  /** From this call on an interrupt (Ctrl-C, SIGTERM, a closed pipe) aborts the signal instead of killing the process. */
  readonly interruption: () => AbortSignal
}

export class Invocation {
  readonly home: string
  /** `undefined`: where the home says. */
  readonly address: string | undefined
  readonly json: boolean
  /** What `--timeout` says; `undefined` when it was not given. */
  readonly givenTimeoutMs: number | undefined
  /** `--yes`. */
  readonly isConfirmed: boolean
  /** `-v` was given: commands that can show more do. */
  readonly isVerbose: boolean
  readonly shell: Shell
  readonly log: Log

  constructor(shell: Shell, command: Command) {
    const options = command.optsWithGlobals<GlobalOptions>()
    this.shell = shell
    this.home = homeFolder(options.home, shell.environment)
    // The variable belongs to the home of the environment; it says nothing about another one.
    const known = options.home === undefined ? shell.environment.VOLTTRON_VIP_ADDR || undefined : undefined
    this.address = options.address ?? known
    this.json = options.json === true
    this.givenTimeoutMs = options.timeout
    this.isConfirmed = options.yes === true
    this.isVerbose = threshold(options) < LogLevel.warning
    this.log = logFor(options, (line) => shell.terminal.note(line), shell.now)
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
    const platform = await this.connect()
    try {
      return await work(platform)
    } finally {
      await platform.close()
    }
  }

  /** A connection the caller closes. @param timeoutMs for connecting and for each answer */
  async connect(timeoutMs = this.timeoutMs): Promise<PlatformConnection> {
    const { home, address, log, shell } = this
    if (address === undefined) requireRunningPlatform(home)
    log('info', `connecting to ${address ?? `the platform in ${home}`}`)
    const options = { home, timeoutMs, ...(address === undefined ? {} : { address }) }
    const platform = await shell.connect(options)
    log('info', 'connected')
    return loggedConnection(platform, log)
  }
}
