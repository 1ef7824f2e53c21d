/** `agent.vip.heartbeat`: tells everybody at intervals that the agent is alive, and how (VIP specification, section 4.11). */
import { VolttronError } from '@volttron/vip'
import type { Bus } from '../bus.ts'
import type { PubSub } from '../pubsub.ts'
import type { Job } from '../schedule/job.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { timestampHeaders } from '../timestamps.ts'
import type { Health } from './health.ts'

/** As Python agents have it. */
const DEFAULT_PERIOD_MS = 60_000

export interface HeartbeatOptions {
  readonly bus: Bus
  readonly pubsub: PubSub
  readonly schedule: Schedule
  readonly health: Health
  /** Given: the heartbeat begins with the agent. */
  readonly periodMs: number | undefined
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  #periodMs: number
  #job: Job | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#periodMs = options.periodMs ?? DEFAULT_PERIOD_MS
    const beatNow = () => {
      if (this.isRunning) this.restart()
    }
    // Nobody has heard of us while the connection was away.
    options.bus.onAttach(beatNow)
    options.health.on('change', beatNow)
    if (options.periodMs !== undefined) this.start()
  }

  get isRunning(): boolean {
    return this.#job !== undefined
  }

  get periodMs(): number {
    return this.#periodMs
  }

  /** Publishes `heartbeat/<identity>` now, or when the agent starts, and then every period: 60 s if nothing else was said. */
  start(): void {
    const { schedule } = this.#options
    this.#job ??= schedule.every(this.#periodMs, () => this.#beat())
  }

  stop(): void {
    this.#job?.cancel()
    this.#job = undefined
  }

  /** Publishes at once, and from then on every period. */
  restart(): void {
    this.stop()
    this.start()
  }

  /** @throws VolttronError `usage` */
  setPeriod(periodMs: number): void {
    if (!(periodMs > 0 && Number.isFinite(periodMs)))
      throw new VolttronError('usage', `a period is a number of milliseconds above 0, not ${periodMs}`)
    this.#periodMs = periodMs
    if (this.isRunning) this.restart()
  }

  async #beat(): Promise<void> {
    const { bus, pubsub, health } = this.#options
    // An old heartbeat says nothing: there is a new one with the next connection.
    if (!bus.wire) return
    try {
      await pubsub.publish({
        topic: `heartbeat/${bus.identity}`,
        headers: timestampHeaders(new Date(bus.ports.wallClock())),
        message: health.status.value,
      })
    } catch (error) {
      if (!(error instanceof VolttronError && error.code === 'unavailable')) throw error
    }
  }
}
