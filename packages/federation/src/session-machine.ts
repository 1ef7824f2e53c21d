/**
 * How one platform comes to exactly one session with another. Pure: events in, effects out.
 *
 *              want                       dialled                  accepted
 *     off ------------> dialling ---------------------> opening ------------> running
 *      ^                 |  ^   \                          |  \                  |
 *      | unwant          |  |    `-- offered: take it -----|---`---------------->|
 *      |          failed |  | timer                refused |                     | lost
 *      |                 v  |                              |                     |
 *      '-------------- backoff <---------------------------'---------------------'
 *                      (waiting, when the other side has no address to dial)
 *
 * A dial that reaches a platform which speaks VIP1 only goes from `dialling` to `running` at once: there is nothing to open
 * and nothing to settle, because the other side dials its own half.
 *
 * Both sides may dial at once. Until its `open` is out, a side drops its own attempt for the other's. When both are out,
 * the one dialled by the platform with the smaller public key stays: the owner of the smaller key refuses the other's
 * `open`, the owner of the larger one takes the other's and drops its own. No record flows before that is decided.
 *
 * Each `open` and `accept` carries the sender's mark: its boot (grows with each start) and its attempt (grows with each
 * `open`). A session knows the mark of the other side, so a later `open` is told from one that was overtaken on its way.
 */
import { type BackoffLimits, backoffMs } from './backoff.ts'

/** Where a platform stands in its own time. */
export interface Mark {
  readonly boot: number
  readonly attempt: number
}

export const SessionTimes = {
  /** First redial at once, then up to a minute. */
  backoff: { firstMs: 250, baseMs: 1_000, maxMs: 60_000 } satisfies BackoffLimits,
  /** For connecting, the handshake and the greeting. */
  dialMs: 15_000,
  /** For the answer to `open`. */
  answerMs: 5_000,
  /** The peer's own dial was preferred; if it fails, we dial again after this. */
  yieldMs: 2_000,
  /** Between two tries of a platform that has a living double. */
  duplicateMs: 30_000,
  /** A session that lived so long clears the record of failures. */
  stableMs: 10_000,
} as const

interface Memory {
  /** Attempts with an `open` so far. */
  readonly attempt: number
  readonly failures: number
}

export type SessionState = Memory &
  (
    | { readonly phase: 'off' }
    /** We have no address; the other side must dial. */
    | { readonly phase: 'waiting' }
    | { readonly phase: 'backoff' }
    /** Connecting, handshake, greeting. */
    | { readonly phase: 'dialling' }
    /** Our `open` is out. */
    | { readonly phase: 'opening' }
    | { readonly phase: 'running'; readonly dialledBy: 'us' | 'peer'; readonly peer: Mark; readonly stable: boolean }
  )

/** Why an `open` is refused. The words are on the wire. */
export const Refusal = {
  /** The connection that the refusing side dialled stays. */
  tie: 'tie',
  /** A later `open` of the same platform was taken already. */
  stale: 'stale',
  /** Another live platform uses the same name and key. */
  duplicate: 'duplicate-instance',
  /** The refusing side does not federate with this platform. */
  unwanted: 'unwanted',
} as const

export type SessionEvent =
  /** Be connected; `dialable` when there is an address to dial. Repeat it when that changes. */
  | { readonly type: 'want'; readonly dialable: boolean }
  /** Address or key changed: what is under way is out of date. */
  | { readonly type: 'moved'; readonly dialable: boolean }
  | { readonly type: 'unwant'; readonly reason: string }
  | { readonly type: 'timer' }
  | { readonly type: 'dialled' }
  /** Our dial reached a platform that speaks VIP1 only. */
  | { readonly type: 'dialled-classic' }
  /** Our attempt ended, in whatever phase. */
  | { readonly type: 'failed' }
  | { readonly type: 'accepted'; readonly peer: Mark }
  | { readonly type: 'refused'; readonly reason: string }
  /** The other side dialled us and sent `open`; `currentAlive` when the running session was heard from lately. */
  | { readonly type: 'offered'; readonly peer: Mark; readonly currentAlive: boolean }
  /** The running session is gone. */
  | { readonly type: 'lost' }
  /** The other side has shown that it is there. */
  | { readonly type: 'contact' }

export type SessionEffect =
  | { readonly type: 'dial' }
  /** End our attempt, without a word when no `open` is out. */
  | { readonly type: 'abort' }
  | { readonly type: 'send-open'; readonly attempt: number }
  | { readonly type: 'take-offer' }
  | { readonly type: 'refuse-offer'; readonly reason: string }
  /** The attempt became the session. */
  | { readonly type: 'take-dialled' }
  | { readonly type: 'close-session'; readonly reason: string }
  /** Replaces the timer that runs. */
  | { readonly type: 'set-timer'; readonly delayMs: number }
  | { readonly type: 'clear-timer' }

export interface Step {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}

export interface MachineContext {
  /** Draws from [0, 1). */
  readonly random: () => number
  /** Our public key sorts before the other side's. */
  readonly smallerKey: boolean
  /** There is an address to dial. */
  readonly dialable: boolean
}

export const initialSessionState: SessionState = { phase: 'off', attempt: 0, failures: 0 }

/** Of a platform that has no time of its own: any session of ours with it is newer. */
const NO_MARK: Mark = { boot: -1, attempt: 0 }

const clearTimer: SessionEffect = { type: 'clear-timer' }
const setTimer = (delayMs: number): SessionEffect => ({ type: 'set-timer', delayMs })
const abort: SessionEffect = { type: 'abort' }

export function next(state: SessionState, event: SessionEvent, context: MachineContext): Step {
  switch (event.type) {
    case 'want':
      return want(state, event.dialable)
    case 'moved':
      return moved(state, event.dialable)
    case 'unwant':
      return { state: { ...memory(state), phase: 'off' }, effects: [...leave(state, event.reason), clearTimer] }
    case 'offered':
      return offered(state, event.peer, event.currentAlive, context)
    case 'timer':
      return timer(state, context)
    case 'contact':
      if (state.phase === 'running') return same(state)
      return {
        state: { ...state, failures: 0 },
        effects: state.phase === 'backoff' ? [setTimer(SessionTimes.yieldMs)] : [],
      }
    case 'dialled': {
      if (state.phase !== 'dialling') return same(state)
      const attempt = state.attempt + 1
      return {
        state: { ...state, phase: 'opening', attempt },
        effects: [{ type: 'send-open', attempt }, setTimer(SessionTimes.answerMs)],
      }
    }
    case 'dialled-classic':
      if (state.phase !== 'dialling') return same(state)
      return {
        state: { ...memory(state), phase: 'running', dialledBy: 'us', peer: NO_MARK, stable: false },
        effects: [{ type: 'take-dialled' }, setTimer(SessionTimes.stableMs)],
      }
    case 'failed':
      return state.phase === 'dialling' || state.phase === 'opening' ? failed(state, context) : same(state)
    case 'accepted':
      if (state.phase !== 'opening') return same(state)
      return {
        state: { ...memory(state), phase: 'running', dialledBy: 'us', peer: event.peer, stable: false },
        effects: [{ type: 'take-dialled' }, setTimer(SessionTimes.stableMs)],
      }
    case 'refused':
      return state.phase === 'opening' ? refused(state, event.reason, context) : same(state)
    case 'lost':
      return state.phase === 'running' ? failed({ ...state, failures: state.failures }, context, false) : same(state)
  }
}

const memory = (state: SessionState): Memory => ({ attempt: state.attempt, failures: state.failures })
const same = (state: SessionState): Step => ({ state, effects: [] })

/** Ends what is under way. */
function leave(state: SessionState, reason: string): SessionEffect[] {
  if (state.phase === 'running') return [{ type: 'close-session', reason }]
  return state.phase === 'dialling' || state.phase === 'opening' ? [abort] : []
}

const dialNow = (state: Memory): Step => ({
  state: { attempt: state.attempt, failures: state.failures, phase: 'dialling' },
  effects: [{ type: 'dial' }, setTimer(SessionTimes.dialMs)],
})

function rest(state: Memory, delayMs: number, dialable: boolean): Step {
  const { attempt, failures } = state
  return dialable
    ? { state: { attempt, failures, phase: 'backoff' }, effects: [setTimer(delayMs)] }
    : { state: { attempt, failures, phase: 'waiting' }, effects: [clearTimer] }
}

function want(state: SessionState, dialable: boolean): Step {
  switch (state.phase) {
    case 'off':
    case 'waiting':
      return dialable ? dialNow(state) : rest(state, 0, false)
    case 'running':
      return same(state)
    default:
      if (dialable) return same(state)
      return { ...rest(state, 0, false), effects: [...leave(state, ''), clearTimer] }
  }
}

function moved(state: SessionState, dialable: boolean): Step {
  if (state.phase === 'off') return same(state)
  const left = leave(state, 'moved')
  const step = dialable ? dialNow({ ...memory(state), failures: 0 }) : rest({ ...memory(state), failures: 0 }, 0, false)
  return { state: step.state, effects: [...left, ...step.effects] }
}

function failed(state: SessionState, context: MachineContext, attemptFailed = true): Step {
  const failures = attemptFailed ? state.failures + 1 : Math.max(1, state.failures)
  const step = rest(
    { attempt: state.attempt, failures },
    backoffMs(failures, SessionTimes.backoff, context.random),
    context.dialable,
  )
  return { state: step.state, effects: attemptFailed ? [abort, ...step.effects] : step.effects }
}

function refused(state: SessionState, reason: string, context: MachineContext): Step {
  if (reason === Refusal.tie) {
    const delayMs = SessionTimes.yieldMs * (1 + context.random())
    const step = rest(state, delayMs, context.dialable)
    return { state: step.state, effects: [abort, ...step.effects] }
  }
  if (reason !== Refusal.duplicate) return failed(state, context)
  const delayMs = SessionTimes.duplicateMs * (1 + context.random())
  const step = rest({ attempt: state.attempt, failures: state.failures + 1 }, delayMs, context.dialable)
  return { state: step.state, effects: [abort, ...step.effects] }
}

function timer(state: SessionState, context: MachineContext): Step {
  switch (state.phase) {
    case 'backoff':
      return context.dialable ? dialNow(state) : rest(state, 0, false)
    case 'dialling':
    case 'opening':
      return failed(state, context)
    case 'running':
      return { state: { ...state, failures: 0, stable: true }, effects: [] }
    default:
      return same(state)
  }
}

function offered(state: SessionState, peer: Mark, currentAlive: boolean, context: MachineContext): Step {
  const refuse = (reason: string): Step => ({ state, effects: [{ type: 'refuse-offer', reason }] })
  const take = (before: readonly SessionEffect[]): Step => ({
    state: { ...memory(state), phase: 'running', dialledBy: 'peer', peer, stable: false },
    effects: [...before, { type: 'take-offer' }, setTimer(SessionTimes.stableMs)],
  })
  switch (state.phase) {
    case 'off':
      return refuse(Refusal.unwanted)
    case 'waiting':
    case 'backoff':
      return take([])
    case 'dialling':
      return take([abort])
    case 'opening':
      return context.smallerKey ? refuse(Refusal.tie) : take([abort])
    case 'running': {
      const known = state.peer
      const newer = peer.boot > known.boot || (peer.boot === known.boot && peer.attempt > known.attempt)
      if (newer || (peer.boot < known.boot && !currentAlive))
        return take([{ type: 'close-session', reason: 'replaced' }])
      return refuse(peer.boot === known.boot ? Refusal.stale : Refusal.duplicate)
    }
  }
}
