/**
 * Keeps one connection to the platform: dials, says hello, and dials again whenever it is lost. It never gives up by itself;
 * the signal ends it.
 */
import { type Connection, type Greeting, greet } from '@volttron/transport'
import { VolttronError } from '@volttron/vip'
import { HELLO_TIMEOUT_MS } from './limits.ts'
import { type AgentPorts, type DialTarget, pause } from './ports.ts'

/**
 * The wait before attempt n is random in the upper half of min(longest, first x 2^n). The longest is short, because an agent
 * that waits is what its users wait for when a platform restarts; a platform that refused the agent is asked less often.
 */
const BACKOFF = { firstMs: 100, longestMs: 1_000, refusedMs: 5_000 }
/** A connection that lived so long was a good one: the next wait begins from the start. */
const STABLE_MS = 5_000

export interface ConnectorOptions {
  readonly identity: string
  readonly ports: AgentPorts
  readonly target: (attempt: number) => DialTarget
  readonly newId: () => string
  /** The router knows us. Messages follow. */
  readonly onWelcome: (connection: Connection, greeting: Greeting) => void
  readonly onMessage: (frames: Buffer[]) => void
  readonly onDrain: () => void
  /** The connection is gone; another attempt follows unless the signal has aborted. */
  readonly onClose: (reason: string) => void
  /** An attempt has failed; another follows unless the signal has aborted. */
  readonly onFailure: (error: VolttronError) => void
}

export class Connector {
  readonly #options: ConnectorOptions
  #attempts = 0

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** Runs until the signal aborts and the last connection has closed. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { ports, onFailure } = this.#options
    let failures = 0
    while (!signal.aborted) {
      let refused = false
      try {
        const lived = await this.#connectOnce(signal)
        failures = lived >= STABLE_MS ? 0 : failures + 1
      } catch (error) {
        if (signal.aborted) return
        failures++
        const failure = asVolttronError(error)
        refused = failure.code === 'denied'
        onFailure(failure)
      }
      const longestMs = refused ? BACKOFF.refusedMs : backoffMs(failures - 1)
      await pause(ports, longestMs * (0.5 + ports.random() / 2), signal)
    }
  }

  /** One connection from dial to close; how many milliseconds it lived. */
  async #connectOnce(signal: AbortSignal): Promise<number> {
    const { identity, ports, newId } = this.#options
    const target = this.#options.target(this.#attempts++)
    const connection = await ports.dial(target, signal)
    const close = () => connection.close('the agent was stopped')
    if (signal.aborted) close()
    // Once welcomed the agent closes the connection itself, after its queue has left.
    else signal.addEventListener('abort', close)
    const closed = withResolvers<void>()
    try {
      await greet(connection, {
        id: newId(),
        withTimeout: (onTimeout) => ports.startTimer(onTimeout, HELLO_TIMEOUT_MS),
        onWelcome: (greeting) => this.#options.onWelcome(connection, greeting),
        onMessage: (frames) => this.#options.onMessage(frames),
        onDrain: () => this.#options.onDrain(),
        onClose: (reason) => {
          this.#options.onClose(reason)
          closed.resolve()
        },
      })
    } catch (error) {
      throw withIdentity(error, identity)
    } finally {
      signal.removeEventListener('abort', close)
    }
    const sinceMs = ports.now()
    await closed.promise
    return ports.now() - sinceMs
  }
}

const backoffMs = (failures: number): number =>
  Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** Math.max(0, failures))

/** A refusal concerns one agent of perhaps many in this process. */
function withIdentity(error: unknown, identity: string): unknown {
  if (!(error instanceof VolttronError) || error.code !== 'denied') return error
  const { code, hint } = error
  return new VolttronError(code, `agent '${identity}': ${error.message}`, { ...(hint && { hint }), cause: error })
}

function asVolttronError(error: unknown): VolttronError {
  if (error instanceof VolttronError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new VolttronError('unavailable', `the platform cannot be reached: ${message}`, { cause: error })
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
