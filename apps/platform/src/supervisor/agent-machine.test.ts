import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  type AgentEffect,
  type AgentEvent,
  type AgentState,
  advance,
  NEVER_STARTED,
  type RestartRules,
  restartDelayMs,
} from './agent-machine.ts'

const RULES: RestartRules = {
  maxRestarts: 3,
  firstDelayMs: 1_000,
  maxDelayMs: 10_000,
  stableAfterMs: 60_000,
  stopMs: 10_000,
}

/** An agent to which things happen, at a time of its own. */
class Life {
  state: AgentState = NEVER_STARTED
  nowMs = 0
  effects: readonly AgentEffect[] = []

  meet(...events: (AgentEvent | AgentEvent['type'])[]): this {
    for (const event of events) {
      const full = (typeof event === 'string' ? { type: event, pid: 7, code: 1 } : event) as AgentEvent
      const { state, effects } = advance(this.state, full, RULES, this.nowMs)
      this.state = state
      this.effects = effects
    }
    return this
  }

  pass(ms: number): this {
    this.nowMs += ms
    return this
  }
}

describe('the life of an agent', () => {
  it('runs until it ends by itself, which is no crash', () => {
    const life = new Life().meet('start')
    expect(life.effects).toContainEqual({ do: 'spawn' })
    expect(life.meet('spawned').state).toEqual({ at: 'running', pid: 7, sinceMs: 0, failures: 0 })
    expect(life.meet({ type: 'exited', code: 0 }).state).toEqual({ at: 'idle', last: { pid: 7, code: 0 } })
    expect(life.effects).toEqual([])
  })

  it('is started again after a crash, each time four times later, and given up after the last attempt', () => {
    const life = new Life().meet('start', 'spawned')
    const delays: (number | undefined)[] = []
    for (let crash = 0; crash < 4; crash++) {
      life.meet('exited')
      const report = life.effects.find((effect) => effect.do === 'report-crash')
      delays.push(report?.retryInMs)
      if (crash < 3) life.meet('timer', 'spawned')
    }
    expect(delays).toEqual([1_000, 4_000, 10_000, undefined])
    expect(life.state).toEqual({ at: 'given-up', failures: 4, last: { pid: 7, code: 1 } })
  })

  it('counts from the start again when it has run for a while', () => {
    const life = new Life().meet('start', 'spawned', 'exited', 'timer', 'spawned').pass(60_000).meet('exited')
    expect(life.state).toMatchObject({ at: 'waiting', failures: 1 })
  })

  it('is asked to end three times, the last time by force', () => {
    const life = new Life().meet('start', 'spawned', 'stop')
    expect(life.effects).toEqual([
      { do: 'signal', pid: 7, signal: 'SIGINT' },
      { do: 'set-timer', delayMs: 10_000 },
    ])
    expect(life.meet('timer').effects).toEqual([
      { do: 'signal', pid: 7, signal: 'SIGTERM' },
      { do: 'set-timer', delayMs: 5_000 },
    ])
    expect(life.meet('timer').effects).toEqual([{ do: 'signal', pid: 7, signal: 'SIGKILL' }])
    expect(life.meet({ type: 'exited', code: -9 }).state).toEqual({ at: 'idle', last: { pid: 7, code: -9 } })
  })

  it('is stopped as soon as it is there when the stop comes before the process', () => {
    const life = new Life().meet('start', 'stop', 'spawned')
    expect(life.effects).toContainEqual({ do: 'signal', pid: 7, signal: 'SIGINT' })
    expect(life.meet('exited').state.at).toBe('idle')
  })

  it('starts anew after a restart, unless a stop comes in between', () => {
    const life = new Life().meet('start', 'spawned', 'restart', 'exited')
    expect(life.effects).toContainEqual({ do: 'spawn' })
    expect(new Life().meet('start', 'spawned', 'restart', 'stop', 'exited').state.at).toBe('idle')
  })

  it('is not started again when it could not even be started, unless it was running before', () => {
    expect(new Life().meet('start', 'spawn-failed').state).toEqual({ at: 'idle', last: { pid: undefined, code: 127 } })
    const life = new Life().meet('start', 'spawned', 'exited', 'timer', 'spawn-failed')
    expect(life.state).toMatchObject({ at: 'waiting', failures: 2 })
  })

  it('gives up its restart when it is stopped or forgotten', () => {
    for (const event of ['stop', 'forget'] as const) {
      const life = new Life().meet('start', 'spawned', 'exited', event)
      expect(life.state.at).toBe('idle')
      expect(life.effects).toEqual([{ do: 'clear-timer' }])
    }
  })

  it('never waits longer than the longest delay', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (failures) => {
        const delayMs = restartDelayMs(failures, RULES)
        return delayMs >= RULES.firstDelayMs && delayMs <= RULES.maxDelayMs
      }),
    )
  })

  it('has at most one process, and a timer whenever it waits, whatever happens', () => {
    const happening = fc.tuple(fc.constantFrom(...EVENTS), fc.nat(100_000))
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happened) => {
        const life = new Life()
        const system = new System()
        for (const [name, ms] of happened) {
          if (!system.letsHappen(name)) continue
          life.pass(ms).meet(name === 'exited' ? { type: 'exited', code: ms % 3 } : name)
          for (const effect of life.effects) system.obey(effect)
          expect(system.view).toEqual(VIEWS[life.state.at])
        }
      }),
    )
  })
})

const EVENTS = ['start', 'stop', 'restart', 'timer', 'forget', 'spawned', 'spawn-failed', 'exited'] as const

const NOTHING = { hasProcess: false, isSpawning: false }
/** What the system looks like in each state. */
const VIEWS: Record<AgentState['at'], object> = {
  idle: { ...NOTHING, hasTimer: false },
  starting: { ...NOTHING, isSpawning: true, hasTimer: false },
  running: { ...NOTHING, hasProcess: true, hasTimer: false },
  // After the last signal there is nothing left to wait for but the end.
  stopping: { ...NOTHING, hasProcess: true, hasTimer: expect.any(Boolean) },
  waiting: { ...NOTHING, hasTimer: true },
  'given-up': { ...NOTHING, hasTimer: false },
}

/** What really is there while an agent lives. */
class System {
  view = { ...NOTHING, hasTimer: false }

  /** Only what can happen. */
  letsHappen(event: (typeof EVENTS)[number]): boolean {
    const { hasProcess, isSpawning, hasTimer } = this.view
    switch (event) {
      case 'exited':
        this.view.hasProcess = false
        return hasProcess
      case 'spawned':
      case 'spawn-failed':
        this.view.isSpawning = false
        if (isSpawning) this.view.hasProcess = event === 'spawned'
        return isSpawning
      case 'timer':
        this.view.hasTimer = false
        return hasTimer
      default:
        return true
    }
  }

  obey(effect: AgentEffect): void {
    if (effect.do === 'spawn') {
      expect(this.view).toMatchObject(NOTHING)
      this.view.isSpawning = true
    }
    if (effect.do === 'set-timer') this.view.hasTimer = true
    if (effect.do === 'clear-timer') this.view.hasTimer = false
  }
}
