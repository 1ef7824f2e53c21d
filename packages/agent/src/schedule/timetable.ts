/** When work is due: periodic by the monotonic clock, at times of day by the wall clock. */
import { VolttronError } from '@volttron/vip'
import { Cron } from 'croner'
import type { AgentPorts } from '../ports.ts'

export interface Timetable {
  /** Moves on to the next time; `false` when there is none. */
  advance(): boolean
  /** Milliseconds until the present time; negative when it has passed. The clock may have been set meanwhile. */
  remainingMs(): number
}

type Clocks = Pick<AgentPorts, 'now' | 'wallClock' | 'random'>

export interface PeriodicOptions {
  readonly periodMs: number
  readonly waitMs: number
  readonly jitterMs: number
}

/** Every `periodMs`, without drift. Times that passed while the process slept are not made up for. */
export function periodic(clocks: Clocks, { periodMs, waitMs, jitterMs }: PeriodicOptions): Timetable {
  let dueMs: number | undefined
  let jitter = 0
  return {
    advance() {
      const nowMs = clocks.now()
      if (dueMs === undefined) dueMs = nowMs + waitMs
      else dueMs += periodMs * Math.max(1, Math.ceil((nowMs - dueMs) / periodMs))
      // Added to each time anew, so that it does not add up.
      jitter = clocks.random() * jitterMs
      return true
    },
    remainingMs: () => dueMs! + jitter - clocks.now(),
  }
}

/** Once, at `atMs` since 1970. */
export function once(clocks: Clocks, atMs: number): Timetable {
  let isOver = false
  return {
    advance() {
      const isDue = !isOver
      isOver = true
      return isDue
    },
    remainingMs: () => atMs - clocks.wallClock(),
  }
}

/**
 * At the times a cron expression names.
 *
 * @throws VolttronError `usage` when the expression or the time zone is none
 */
export function cronTimes(clocks: Clocks, expression: string, timezone: string | undefined): Timetable {
  const cron = parseCron(expression, timezone)
  let dueMs = Number.NEGATIVE_INFINITY
  return {
    advance() {
      // A clock that was set back does not bring a time back.
      const next = cron.nextRun(new Date(Math.max(clocks.wallClock(), dueMs)))
      dueMs = next?.getTime() ?? Number.POSITIVE_INFINITY
      return next !== null
    },
    remainingMs: () => dueMs - clocks.wallClock(),
  }
}

function parseCron(expression: string, timezone: string | undefined): Cron {
  try {
    const cron = new Cron(expression, { paused: true, ...(timezone !== undefined && { timezone }) })
    // A time zone is looked at only when a time is asked for.
    cron.nextRun()
    return cron
  } catch (error) {
    throw new VolttronError('usage', `'${expression}' is no schedule: ${(error as Error).message}`, {
      hint: 'minute hour day-of-month month day-of-week, for example */15 8-18 * * mon-fri',
      cause: error,
    })
  }
}
