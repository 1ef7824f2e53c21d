/**
 * `agent.schedule`: work that is done every so often, at times of day, or once. It begins when the agent has started and
 * ends with it. What it throws becomes the event `error` of the agent; the next run comes all the same.
 */
import { VolttronError } from '@volttron/vip'
import { STOP_FLUSH_MS } from '../limits.ts'
import { type AgentPorts, pause } from '../ports.ts'
import { type Job, type JobFunction, ScheduledJob } from './job.ts'
import { cronTimes, once, periodic, type Timetable } from './timetable.ts'

export interface JobOptions {
  /** Begin a run although the last one is still under way. Default false: the run is left out. */
  readonly overlap?: boolean
}

export interface EveryOptions extends JobOptions {
  /** Milliseconds before the first run. Default 0: at once. */
  readonly waitMs?: number
  /** Each run comes up to so many milliseconds late, at random: many agents do not all begin at once. Default 0. */
  readonly jitterMs?: number
}

export interface CronOptions extends JobOptions {
  /** IANA name, such as `Europe/Berlin`. Default: that of the machine. */
  readonly timezone?: string
}

export interface ScheduleOptions {
  readonly ports: AgentPorts
  readonly report: (error: unknown) => void
}

export class Schedule {
  readonly #ports: AgentPorts
  readonly #report: (error: unknown) => void
  readonly #jobs = new Set<ScheduledJob>()
  #state: 'waiting' | 'running' | 'stopped' = 'waiting'

  constructor({ ports, report }: ScheduleOptions) {
    this.#ports = ports
    this.#report = report
  }

  /**
   * Runs a function again and again, `periodMs` from start to start.
   *
   * @throws VolttronError `usage` when a time is none
   * @example
   * agent.schedule.every(5_000, () => agent.vip.pubsub.publish({ topic: 'devices/meter', message: read() }))
   */
  every(periodMs: number, run: JobFunction, options: EveryOptions = {}): Job {
    const { waitMs = 0, jitterMs = 0, overlap } = options
    if (!(periodMs > 0 && Number.isFinite(periodMs)))
      throw new VolttronError('usage', `a period is a number of milliseconds above 0, not ${periodMs}`)
    checkWait(waitMs, 'waitMs')
    checkWait(jitterMs, 'jitterMs')
    return this.#add(periodic(this.#ports, { periodMs, waitMs, jitterMs }), run, overlap)
  }

  /**
   * Runs a function at times of day: `minute hour day-of-month month day-of-week`, with a field of seconds before them if
   * wanted.
   *
   * @throws VolttronError `usage` when the expression is none
   * @example
   * agent.schedule.cron('0 6 * * mon-fri', heatUp, { timezone: 'Europe/Berlin' })
   */
  cron(expression: string, run: JobFunction, { timezone, overlap }: CronOptions = {}): Job {
    return this.#add(cronTimes(this.#ports, expression, timezone), run, overlap)
  }

  /** Runs a function once, at a time of the wall clock; at once when that has passed. @throws VolttronError `usage` */
  at(time: Date, run: JobFunction): Job {
    const atMs = time.getTime()
    if (Number.isNaN(atMs)) throw new VolttronError('usage', 'the time to run at is no time')
    return this.#add(once(this.#ports, atMs), run, false)
  }

  /** The agent has started. */
  start(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'running'
    for (const job of [...this.#jobs]) job.start()
  }

  /** The agent stops: runs under way are told by their signal, and get a second. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    const jobs = [...this.#jobs]
    for (const job of jobs) job.cancel()
    if (!jobs.some((job) => job.isRunning)) return
    const idle = Promise.all(jobs.map((job) => job.whenIdle()))
    const done = new AbortController()
    await Promise.race([idle, pause(this.#ports, STOP_FLUSH_MS, done.signal)])
    done.abort()
  }

  #add(timetable: Timetable, run: JobFunction, overlap = false): Job {
    if (typeof run !== 'function') throw new VolttronError('usage', 'there is nothing to run: give a function')
    const job = new ScheduledJob({
      ports: this.#ports,
      timetable,
      run,
      overlap,
      report: this.#report,
      onEnd: (ended) => this.#jobs.delete(ended),
    })
    if (this.#state === 'stopped') job.cancel()
    else this.#jobs.add(job)
    if (this.#state === 'running') job.start()
    return job
  }
}

function checkWait(ms: number, name: string): void {
  if (!(ms >= 0 && Number.isFinite(ms)))
    throw new VolttronError('usage', `${name} is a number of milliseconds, not ${ms}`)
}
