/**
 * The life of one agent's process, as a pure machine: what has happened goes in, what is to be done comes out.
 *
 * ```
 *   idle --start--> starting --spawned--> running --exit 0--> idle
 *    ^                  ^                    | exit not 0
 *    |                  | timer              v
 *    |                  +---------------- waiting ... too often: given-up
 *    +-- exit -- stopping <--stop, restart-- running        (restart: exit leads to starting again)
 * ```
 * A stop asks three times: SIGINT, as the Python platform does, then SIGTERM, then SIGKILL.
 */

/** How a process ended. */
export interface Ending {
  /** `undefined` when it could not even be started. */
  readonly pid: number | undefined
  /** Exit code; a signal is its number, negative, as Python has it. */
  readonly code: number
}

type AfterStop = 'stay' | 'start-again'

export type AgentState =
  | { readonly at: 'idle'; readonly last: Ending | undefined }
  | {
      readonly at: 'starting'
      readonly failures: number
      /** A stop that came before the process was there. */
      readonly stop: AfterStop | undefined
    }
  | { readonly at: 'running'; readonly pid: number; readonly sinceMs: number; readonly failures: number }
  | { readonly at: 'stopping'; readonly pid: number; readonly asked: number; readonly after: AfterStop }
  | { readonly at: 'waiting'; readonly failures: number; readonly last: Ending; readonly dueMs: number }
  | { readonly at: 'given-up'; readonly failures: number; readonly last: Ending }

export type AgentEvent =
  | { readonly type: 'start' | 'stop' | 'restart' | 'timer' | 'forget' }
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'spawn-failed' }
  | { readonly type: 'exited'; readonly code: number }

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGKILL'

export type AgentEffect =
  | { readonly do: 'spawn' }
  | { readonly do: 'signal'; readonly pid: number; readonly signal: StopSignal }
  /** Replaces a timer that is set. */
  | { readonly do: 'set-timer'; readonly delayMs: number }
  | { readonly do: 'clear-timer' }
  | {
      readonly do: 'report-crash'
      readonly last: Ending
      readonly failures: number
      /** `undefined`: it is not started again. */
      readonly retryInMs: number | undefined
    }

export interface RestartRules {
  /** How often a crashed agent is started again before it is given up. */
  readonly maxRestarts: number
  /** Wait before the first restart; each further one waits four times as long. */
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** An agent that ran so long counts as sound: its next crash is its first. */
  readonly stableAfterMs: number
  /** Time between SIGINT and SIGTERM; SIGKILL follows after half of it. */
  readonly stopMs: number
}

export const NEVER_STARTED: AgentState = { at: 'idle', last: undefined }

const GROWTH = 4
/** Exit code of what could not be started, as shells have it. */
const NOT_STARTED_CODE = 127
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGKILL']

interface Step {
  readonly state: AgentState
  readonly effects: readonly AgentEffect[]
}

const step = (state: AgentState, ...effects: AgentEffect[]): Step => ({ state, effects })

/** @param nowMs monotonic */
export function advance(state: AgentState, event: AgentEvent, rules: RestartRules, nowMs: number): Step {
  switch (event.type) {
    case 'start':
      return start(state)
    case 'stop':
      return stop(state, 'stay', rules)
    case 'restart':
      return isQuiet(state) ? start(state) : stop(state, 'start-again', rules)
    case 'spawned':
      return spawned(state, event.pid, rules, nowMs)
    case 'spawn-failed':
      return state.at === 'starting' ? notStarted(state, rules, nowMs) : step(state)
    case 'exited':
      return exited(state, event.code, rules, nowMs)
    case 'timer':
      return timer(state, rules)
    case 'forget':
      return isQuiet(state) ? step(NEVER_STARTED, { do: 'clear-timer' }) : step(state)
  }
}

/** True when there is no process and none is being made. */
export const isQuiet = ({ at }: AgentState): boolean => at === 'idle' || at === 'waiting' || at === 'given-up'

/** True when it runs, or will without anybody asking for it once more. */
export function isWanted(state: AgentState): boolean {
  switch (state.at) {
    case 'running':
    case 'waiting':
      return true
    case 'starting':
      return state.stop !== 'stay'
    case 'stopping':
      return state.after === 'start-again'
    case 'idle':
    case 'given-up':
      return false
  }
}

/** True while a process is being made because the last one has failed. */
export const isRestart = (state: AgentState): boolean => state.at === 'starting' && state.failures > 0

/** How long to wait before restart number `failures`, counted from 1. */
export const restartDelayMs = (failures: number, { firstDelayMs, maxDelayMs }: RestartRules): number =>
  Math.min(maxDelayMs, firstDelayMs * GROWTH ** (failures - 1))

function start(state: AgentState): Step {
  if (!isQuiet(state)) return step(state)
  return step({ at: 'starting', failures: 0, stop: undefined }, { do: 'clear-timer' }, { do: 'spawn' })
}

function stop(state: AgentState, after: AfterStop, rules: RestartRules): Step {
  switch (state.at) {
    case 'starting':
      return step({ ...state, stop: after })
    case 'running':
      return askToEnd(state.pid, 0, after, rules)
    case 'stopping':
      return step({ ...state, after })
    case 'waiting':
      return step({ at: 'idle', last: state.last }, { do: 'clear-timer' })
    case 'idle':
    case 'given-up':
      return step(state)
  }
}

function askToEnd(pid: number, asked: number, after: AfterStop, { stopMs }: RestartRules): Step {
  const signal: AgentEffect = { do: 'signal', pid, signal: STOP_SIGNALS[asked]! }
  const state: AgentState = { at: 'stopping', pid, asked: asked + 1, after }
  const isLast = asked === STOP_SIGNALS.length - 1
  return isLast
    ? step(state, signal)
    : step(state, signal, { do: 'set-timer', delayMs: asked === 0 ? stopMs : stopMs / 2 })
}

function spawned(state: AgentState, pid: number, rules: RestartRules, nowMs: number): Step {
  if (state.at !== 'starting') return step(state)
  if (state.stop) return askToEnd(pid, 0, state.stop, rules)
  return step({ at: 'running', pid, sinceMs: nowMs, failures: state.failures })
}

function notStarted(state: AgentState & { at: 'starting' }, rules: RestartRules, nowMs: number): Step {
  const last = { pid: undefined, code: NOT_STARTED_CODE }
  // Whoever asked for the start is told; only a restart that nobody waits for is tried again.
  if (state.failures === 0 || state.stop) return step({ at: 'idle', last })
  return crashed(last, state.failures + 1, rules, nowMs)
}

function exited(state: AgentState, code: number, rules: RestartRules, nowMs: number): Step {
  if (state.at === 'stopping') {
    if (state.after === 'start-again') {
      return step({ at: 'starting', failures: 0, stop: undefined }, { do: 'clear-timer' }, { do: 'spawn' })
    }
    return step({ at: 'idle', last: { pid: state.pid, code } }, { do: 'clear-timer' })
  }
  if (state.at !== 'running') return step(state)
  const last = { pid: state.pid, code }
  if (code === 0) return step({ at: 'idle', last })
  const wasSound = nowMs - state.sinceMs >= rules.stableAfterMs
  return crashed(last, wasSound ? 1 : state.failures + 1, rules, nowMs)
}

function crashed(last: Ending, failures: number, rules: RestartRules, nowMs: number): Step {
  if (failures > rules.maxRestarts) {
    return step({ at: 'given-up', failures, last }, { do: 'report-crash', last, failures, retryInMs: undefined })
  }
  const delayMs = restartDelayMs(failures, rules)
  return step(
    { at: 'waiting', failures, last, dueMs: nowMs + delayMs },
    { do: 'set-timer', delayMs },
    { do: 'report-crash', last, failures, retryInMs: delayMs },
  )
}

function timer(state: AgentState, rules: RestartRules): Step {
  if (state.at === 'waiting') {
    return step({ at: 'starting', failures: state.failures, stop: undefined }, { do: 'spawn' })
  }
  if (state.at === 'stopping' && state.asked < STOP_SIGNALS.length) {
    return askToEnd(state.pid, state.asked, state.after, rules)
  }
  return step(state)
}
