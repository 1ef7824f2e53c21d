/**
 * Starts, watches, restarts and stops the processes of agents. Decides nothing itself: {@link advance} does; this file
 * carries out what it says through its ports and tells those who wait.
 */
import { VolttronError } from '@volttron/vip'
import {
  type AgentEffect,
  type AgentEvent,
  type AgentState,
  advance,
  type Ending,
  isQuiet,
  isRestart,
  NEVER_STARTED,
  type RestartRules,
  type StopSignal,
} from './agent-machine.ts'

export interface StartedProcess {
  readonly pid: number
  /** Resolves with the exit code, or with the negative number of the signal. Never rejects. */
  readonly ended: Promise<number>
}

export interface Crash {
  readonly uuid: string
  readonly last: Ending
  readonly failures: number
  /** `undefined`: the agent is not started again. */
  readonly retryInMs: number | undefined
}

export interface SupervisorPorts {
  readonly clock: {
    monotonicMs(): number
    /** @returns how to prevent it */
    setTimer(delayMs: number, run: () => void): () => void
  }
  /** Makes the process of an agent. @throws VolttronError when it cannot be started */
  spawn(uuid: string): Promise<StartedProcess>
  /** Sends a signal to the process and all it has started. Harmless when there is none any more. */
  signal(pid: number, signal: StopSignal): void
  onCrash(crash: Crash): void
}

/** One agent that is supervised. */
interface Ward {
  state: AgentState
  /** How often it was started again after a failure. */
  restarts: number
  clearTimer: () => void
  /** It is being replaced or removed: nobody may start it. */
  isHeld: boolean
  /** Told when the process is there, or why it is not. */
  starters: { resolve(): void; reject(error: unknown): void }[]
  /** Told when the process is gone, even if another follows. */
  stoppers: (() => void)[]
}

export class Supervisor {
  readonly #rules: RestartRules
  readonly #ports: SupervisorPorts
  readonly #wards = new Map<string, Ward>()
  #isClosed = false

  constructor(rules: RestartRules, ports: SupervisorPorts) {
    this.#rules = rules
    this.#ports = ports
  }

  /** State of an agent; of one that was never started as well. */
  stateOf(uuid: string): AgentState {
    return this.#wards.get(uuid)?.state ?? NEVER_STARTED
  }

  /** How often it was started again after a failure; what somebody starts or restarts does not count. */
  restartsOf(uuid: string): number {
    return this.#wards.get(uuid)?.restarts ?? 0
  }

  /** Resolves when the process is there. @throws VolttronError `usage` when it runs already; whatever keeps it from starting */
  async start(uuid: string): Promise<void> {
    const ward = this.#free(uuid)
    if (!isQuiet(ward.state)) throw new VolttronError('usage', 'agent is already running')
    await this.#startBy(uuid, ward, { type: 'start' })
  }

  /** Resolves when the process is gone. */
  async stop(uuid: string): Promise<void> {
    const ward = this.#wards.get(uuid)
    if (!ward) return
    this.#advance(uuid, ward, { type: 'stop' })
    if (isQuiet(ward.state)) return
    await new Promise<void>((resolve) => ward.stoppers.push(resolve))
  }

  /** Stops and starts; starts one that does not run. Resolves when the new process is there. */
  async restart(uuid: string): Promise<void> {
    await this.#startBy(uuid, this.#free(uuid), { type: 'restart' })
  }

  /** Forgets how agents ended. @param waiting also those that wait for their restart, which is called off */
  forget(waiting: boolean): void {
    for (const [uuid, ward] of this.#wards) {
      if (ward.state.at !== 'waiting' || waiting) this.#advance(uuid, ward, { type: 'forget' })
    }
  }

  /** Stops an agent and lets nobody start it until it is released or dropped. */
  async hold(uuid: string): Promise<void> {
    this.#ward(uuid).isHeld = true
    await this.stop(uuid)
  }

  release(uuid: string): void {
    this.#ward(uuid).isHeld = false
  }

  /** Knows nothing any more of an agent that is held. */
  drop(uuid: string): void {
    this.#wards.delete(uuid)
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#wards.keys()].map((uuid) => this.stop(uuid)))
  }

  /** Stops all, for good: nothing is started after this. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.stopAll()
  }

  /** What may be started. @throws VolttronError `unavailable` */
  #free(uuid: string): Ward {
    if (this.#isClosed) throw new VolttronError('unavailable', 'the platform is stopping')
    const ward = this.#ward(uuid)
    if (ward.isHeld) throw new VolttronError('unavailable', 'the agent is being replaced or removed')
    return ward
  }

  #ward(uuid: string): Ward {
    const ward = this.#wards.get(uuid) ?? {
      state: NEVER_STARTED,
      restarts: 0,
      clearTimer: () => {},
      isHeld: false,
      starters: [],
      stoppers: [],
    }
    this.#wards.set(uuid, ward)
    return ward
  }

  #startBy(uuid: string, ward: Ward, event: AgentEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      ward.starters.push({ resolve, reject })
      this.#advance(uuid, ward, event)
    })
  }

  #advance(uuid: string, ward: Ward, event: AgentEvent, error?: unknown): void {
    const { state, effects } = advance(ward.state, event, this.#rules, this.#ports.clock.monotonicMs())
    ward.state = state
    if (state.at === 'running') for (const { resolve } of ward.starters.splice(0)) resolve()
    if (isQuiet(state)) {
      const why = error ?? new VolttronError('unavailable', 'the agent was stopped before it ran')
      for (const { reject } of ward.starters.splice(0)) reject(why)
    }
    if (isQuiet(state) || event.type === 'exited') for (const resolve of ward.stoppers.splice(0)) resolve()
    for (const effect of effects) this.#perform(uuid, ward, effect)
  }

  #perform(uuid: string, ward: Ward, effect: AgentEffect): void {
    switch (effect.do) {
      case 'spawn':
        this.#spawn(uuid, ward)
        break
      case 'signal':
        this.#ports.signal(effect.pid, effect.signal)
        break
      case 'set-timer':
        ward.clearTimer()
        ward.clearTimer = this.#ports.clock.setTimer(effect.delayMs, () => this.#advance(uuid, ward, { type: 'timer' }))
        break
      case 'clear-timer':
        ward.clearTimer()
        break
      case 'report-crash':
        this.#ports.onCrash({ uuid, last: effect.last, failures: effect.failures, retryInMs: effect.retryInMs })
    }
  }

  #spawn(uuid: string, ward: Ward): void {
    if (isRestart(ward.state)) ward.restarts++
    this.#ports.spawn(uuid).then(
      ({ pid, ended }) => {
        this.#advance(uuid, ward, { type: 'spawned', pid })
        void ended.then((code) => this.#advance(uuid, ward, { type: 'exited', code }))
      },
      (error: unknown) => this.#advance(uuid, ward, { type: 'spawn-failed' }, error),
    )
  }
}
