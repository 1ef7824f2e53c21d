/**
 * What the agent takes from outside: time, chance, and connections. Production uses {@link systemPorts}; a test or a
 * simulation brings its own, and then nothing here is left to the machine.
 */
import type { Connection } from '@volttron/transport'
import type { KeyPair, PublicKey } from '@volttron/vip'

/** Where and as whom to dial. */
export interface DialTarget {
  /** `tcp://host:port` or `ipc://path`. */
  readonly address: string
  readonly serverKey: PublicKey
  readonly keys: KeyPair
  /** The identity, as the ZeroMQ routing id. */
  readonly routingId: string
}

export interface AgentPorts {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Milliseconds since 1970: for time stamps and for work that is due at a time of day. */
  readonly wallClock: () => number
  /** Runs `run` once after `delayMs`, unless the returned function is called first. */
  readonly startTimer: (run: () => void, delayMs: number) => () => void
  /** A number in [0, 1). */
  readonly random: () => number
  /** Runs `run` at the end of the event-loop turn. */
  readonly defer: (run: () => void) => void
  /** Opens one connection; aborting gives up. */
  readonly dial: (target: DialTarget, signal: AbortSignal) => Promise<Connection>
}

/** Waits; resolves early when the signal aborts. */
export function pause(ports: AgentPorts, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = ports.startTimer(done, delayMs)
    signal.addEventListener('abort', done)
  })
}
