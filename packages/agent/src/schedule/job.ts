/** One piece of scheduled work: waits for its time, runs, waits for the next. */
import type { AgentPorts } from '../ports.ts'
import type { Timetable } from './timetable.ts'

/** What scheduled work gets to know. */
export interface JobRun {
  /** Aborts when the job is cancelled or the agent stops: give it to what takes long. */
  readonly signal: AbortSignal
}

export type JobFunction = (run: JobRun) => unknown

/** Scheduled work, as its author sees it. */
export interface Job {
  /** No further run; a run under way is told by its signal. */
  cancel(): void
  /** When it runs next; `undefined` when it never will, or the agent has not started. */
  readonly nextRunAt: Date | undefined
  /** A run is under way. */
  readonly isRunning: boolean
}

/** The wall clock may be set while we wait for it: it is looked at so often. */
const LONGEST_WAIT_MS = 30_000

export interface ScheduledJobOptions {
  readonly ports: AgentPorts
  readonly timetable: Timetable
  readonly run: JobFunction
  /** A run may begin while an earlier one is under way. */
  readonly overlap: boolean
  readonly report: (error: unknown) => void
  /** It will never run again, and no run is under way. */
  readonly onEnd: (job: ScheduledJob) => void
}

export class ScheduledJob implements Job {
  readonly #options: ScheduledJobOptions
  readonly #abort = new AbortController()
  readonly #runs = new Set<Promise<void>>()
  #cancelTimer: (() => void) | undefined

  constructor(options: ScheduledJobOptions) {
    this.#options = options
  }

  get nextRunAt(): Date | undefined {
    if (!this.#cancelTimer) return undefined
    const { ports, timetable } = this.#options
    return new Date(ports.wallClock() + Math.max(0, timetable.remainingMs()))
  }

  get isRunning(): boolean {
    return this.#runs.size > 0
  }

  start(): void {
    if (this.#abort.signal.aborted || this.#cancelTimer) return
    if (this.#options.timetable.advance()) this.#wait()
    else this.#endIfIdle()
  }

  cancel(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#abort.abort()
    this.#endIfIdle()
  }

  /** Resolves when no run is under way any more. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#runs)
  }

  #wait(): void {
    const { ports, timetable } = this.#options
    const waitMs = Math.min(Math.max(0, timetable.remainingMs()), LONGEST_WAIT_MS)
    this.#cancelTimer = ports.startTimer(() => this.#onTimer(), waitMs)
  }

  #onTimer(): void {
    this.#cancelTimer = undefined
    if (this.#options.timetable.remainingMs() > 0) return this.#wait()
    if (this.#options.overlap || this.#runs.size === 0) this.#run()
    this.start()
  }

  #run(): void {
    const { signal } = this.#abort
    // Whoever was told to give up may end as it likes.
    const report = (error: unknown) => {
      if (!signal.aborted) this.#options.report(error)
    }
    try {
      const returned = this.#options.run({ signal })
      if (returned instanceof Promise) this.#track(returned.then(() => {}, report))
    } catch (error) {
      report(error)
    }
  }

  #track(returned: Promise<void>): void {
    const run = returned.finally(() => {
      this.#runs.delete(run)
      this.#endIfIdle()
    })
    this.#runs.add(run)
  }

  #endIfIdle(): void {
    if (this.#runs.size === 0 && !this.#cancelTimer) this.#options.onEnd(this)
  }
}
