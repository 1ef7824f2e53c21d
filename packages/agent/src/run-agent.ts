/** The main program of an agent: start, run until a signal, stop. What `vip_main` is to Python agents. */
import { RemoteError } from '@volttron/rpc'
import { describeError, VolttronError } from '@volttron/vip'
import type { Agent } from './agent.ts'
import type { AgentOptions } from './agent-options.ts'

/** As long as Python agents wait for their platform. */
const START_TIMEOUT_MS = 60_000
const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** What a shell makes of a program that a signal ended. */
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

export interface RunOptions extends AgentOptions {
  /** How long to wait for a platform that is not up yet. Default 60,000. */
  readonly startTimeoutMs?: number
}

/** What {@link runAgent} has of a process; a test brings its own. */
export interface ProcessPort {
  once(signal: (typeof SIGNALS)[number], listener: () => void): unknown
  exit(code: number): void
  readonly stderr: { write(text: string): unknown }
}

/**
 * Makes an agent of its class, from the environment where `options` say nothing, and runs it for the life of this process:
 * SIGINT and SIGTERM stop it cleanly and end the process with 0; a second one ends it at once. When it cannot start, standard
 * error says why, in one line unless the code of its author is to blame, and the process ends with a code after sysexits(3).
 *
 * @returns the agent, started
 * @example
 * class Thermostat extends Agent {
 *   protected override async onStart() {
 *     this.schedule.every(60_000, () => this.vip.pubsub.publish({ topic: 'devices/thermostat', message: read() }))
 *   }
 * }
 * await runAgent(Thermostat)
 */
export async function runAgent<A extends Agent>(
  type: new (options?: AgentOptions) => A,
  { startTimeoutMs = START_TIMEOUT_MS, ...options }: RunOptions = {},
  main: ProcessPort = process,
): Promise<A> {
  let name = 'agent'
  try {
    const agent = new type(options)
    name = `agent '${agent.identity}'`
    stopOnSignals(agent, main)
    await agent.start({ timeoutMs: startTimeoutMs })
    return agent
  } catch (error) {
    main.stderr.write(`${name}: ${explain(error)}\n`)
    main.exit(error instanceof VolttronError ? error.exitCode : 1)
    // The process ends; nobody goes on with an agent that is none.
    return new Promise<never>(() => {})
  }
}

/** What people can act on is one line; a defect of the author's code is for its author, who needs to know where. */
const explain = (error: unknown): string =>
  error instanceof VolttronError || error instanceof RemoteError || !(error instanceof Error) || !error.stack
    ? describeError(error)
    : error.stack

function stopOnSignals(agent: Agent, main: ProcessPort): void {
  let isStopping = false
  const stop = async (signal: (typeof SIGNALS)[number]) => {
    if (isStopping) return main.exit(SIGNAL_EXIT_CODES[signal])
    isStopping = true
    main.once(signal, () => stop(signal))
    await agent.stop()
    main.exit(0)
  }
  for (const signal of SIGNALS) main.once(signal, () => stop(signal))
}
