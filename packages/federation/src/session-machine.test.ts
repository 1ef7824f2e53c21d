import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  initialSessionState,
  type MachineContext,
  next,
  Refusal,
  type SessionEvent,
  type SessionState,
  SessionTimes,
} from './session-machine.ts'

const context = (overrides: Partial<MachineContext> = {}): MachineContext => ({
  random: () => 0.5,
  smallerKey: true,
  dialable: true,
  ...overrides,
})

/** Runs events; returns the last state and the effects of the last event. */
function run(events: readonly SessionEvent[], about = context(), from: SessionState = initialSessionState) {
  let state = from
  let effects: readonly { type: string }[] = []
  for (const event of events) ({ state, effects } = next(state, event, about))
  return { state, effects, types: effects.map(({ type }) => type) }
}

const mark = (boot: number, attempt: number) => ({ boot, attempt })
const want: SessionEvent = { type: 'want', dialable: true }
const dialled: SessionEvent = { type: 'dialled' }
const accepted: SessionEvent = { type: 'accepted', peer: mark(5, 5) }
const offered = (boot: number, attempt: number, currentAlive = true): SessionEvent => ({
  type: 'offered',
  peer: mark(boot, attempt),
  currentAlive,
})

describe('the session machine', () => {
  it('dials at once, opens, and runs when accepted', () => {
    expect(run([want]).types).toEqual(['dial', 'set-timer'])
    expect(run([want, dialled]).effects[0]).toEqual({ type: 'send-open', attempt: 1 })
    expect(run([want, dialled, accepted])).toMatchObject({
      state: { phase: 'running', dialledBy: 'us' },
      types: ['take-dialled', 'set-timer'],
    })
  })

  it('redials within 250 ms first, then within a window that doubles up to a minute', () => {
    let state = run([want]).state
    const longest: number[] = []
    for (let failure = 0; failure < 12; failure++) {
      const step = next(state, { type: 'failed' }, context({ random: () => 0.999999 }))
      const timer = step.effects.find((effect) => effect.type === 'set-timer')
      longest.push(timer?.delayMs ?? -1)
      state = run([{ type: 'timer' }], context(), step.state).state
    }
    expect(longest.slice(0, 4)).toEqual([249, 999, 1_999, 3_999])
    expect(longest.at(-1)).toBe(59_999)
  })

  it('forgets its failures once a session was stable, not before', () => {
    const failing = run([want, { type: 'failed' }, { type: 'timer' }, { type: 'failed' }, { type: 'timer' }]).state
    const up = run([dialled, accepted], context(), failing).state
    expect(up.failures).toBe(2)
    expect(run([{ type: 'timer' }], context(), up).state.failures).toBe(0)
  })

  it('drops its own attempt for the other side as long as its open is not out', () => {
    expect(run([want, offered(1, 1)])).toMatchObject({
      state: { phase: 'running', dialledBy: 'peer' },
      types: ['abort', 'take-offer', 'set-timer'],
    })
  })

  it('keeps the connection that the smaller key dialled when both opens are out', () => {
    expect(run([want, dialled, offered(1, 1)], context({ smallerKey: true }))).toMatchObject({
      state: { phase: 'opening' },
      effects: [{ type: 'refuse-offer', reason: Refusal.tie }],
    })
    expect(run([want, dialled, offered(1, 1)], context({ smallerKey: false }))).toMatchObject({
      state: { phase: 'running', dialledBy: 'peer' },
    })
  })

  it('counts a lost tie as no failure', () => {
    const { state, effects } = run([want, dialled, { type: 'refused', reason: Refusal.tie }])
    expect(state).toMatchObject({ phase: 'backoff', failures: 0 })
    expect(effects).toContainEqual({ type: 'set-timer', delayMs: SessionTimes.yieldMs * 1.5 })
  })

  it('lets a later open of the same dialler replace the session, never an earlier one', () => {
    const running = run([want, offered(7, 3)]).state
    expect(run([offered(7, 4)], context(), running).types).toEqual(['close-session', 'take-offer', 'set-timer'])
    expect(run([offered(7, 3)], context(), running).effects).toEqual([{ type: 'refuse-offer', reason: Refusal.stale }])
    expect(run([offered(8, 1)], context(), running).types[0]).toBe('close-session')
  })

  it('keeps the later of two living doubles, and takes an earlier boot only when the session is silent', () => {
    const running = run([want, offered(7, 3)]).state
    expect(run([offered(6, 9, true)], context(), running).effects).toEqual([
      { type: 'refuse-offer', reason: Refusal.duplicate },
    ])
    expect(run([offered(6, 9, false)], context(), running).types).toContain('take-offer')
  })

  it('retries slowly when it is itself the double', () => {
    const { effects } = run([want, dialled, { type: 'refused', reason: Refusal.duplicate }])
    expect(effects).toContainEqual({ type: 'set-timer', delayMs: SessionTimes.duplicateMs * 1.5 })
  })

  it('waits without a timer for a platform that cannot be dialled', () => {
    const about = context({ dialable: false })
    expect(run([{ type: 'want', dialable: false }], about)).toMatchObject({ state: { phase: 'waiting' } })
    expect(run([{ type: 'want', dialable: false }, offered(1, 1), { type: 'lost' }], about).state.phase).toBe('waiting')
  })

  it('from every reachable state gives a legal state; down and wanted always has a timer, or nobody to dial', () => {
    const event: fc.Arbitrary<SessionEvent> = fc.oneof(
      fc.record({ type: fc.constantFrom('want' as const, 'moved' as const), dialable: fc.boolean() }),
      fc.record({ type: fc.constantFrom('timer' as const, 'dialled' as const, 'failed' as const) }),
      fc.record({ type: fc.constant('dialled-classic' as const) }),
      fc.record({ type: fc.constantFrom('lost' as const, 'contact' as const) }),
      fc.record({ type: fc.constant('unwant' as const), reason: fc.constant('removed') }),
      fc.record({ type: fc.constant('accepted' as const), peer: fc.constant(mark(1, 1)) }),
      fc.record({
        type: fc.constant('refused' as const),
        reason: fc.constantFrom(...Object.values(Refusal), 'unknown'),
      }),
      fc.record({
        type: fc.constant('offered' as const),
        peer: fc.record({ boot: fc.nat(3), attempt: fc.nat(3) }),
        currentAlive: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, smallerKey) => {
        let state = initialSessionState
        const world = { dialable: true, timer: false, attempt: false, session: false }
        for (const each of events) {
          if (each.type === 'want' || each.type === 'moved') world.dialable = each.dialable
          // What the shell would not report: a timer that is not set, an attempt or session that is not there.
          if (each.type === 'timer' && !world.timer) continue
          if (['dialled', 'dialled-classic', 'failed', 'accepted', 'refused'].includes(each.type) && !world.attempt)
            continue
          if (each.type === 'lost' && !world.session) continue
          if (each.type === 'timer') world.timer = false
          if (each.type === 'lost') world.session = false
          const step = next(state, each, context({ smallerKey, dialable: world.dialable, random: () => 0.1 }))
          for (const effect of step.effects) {
            if (effect.type === 'set-timer') world.timer = true
            if (effect.type === 'clear-timer') world.timer = false
            if (effect.type === 'dial') {
              expect(world.attempt).toBe(false)
              world.attempt = true
            }
            if (effect.type === 'abort') world.attempt = false
            if (effect.type === 'close-session') world.session = false
            if (effect.type === 'take-offer' || effect.type === 'take-dialled') {
              expect(world.session).toBe(false)
              if (effect.type === 'take-dialled') world.attempt = false
              world.session = true
            }
          }
          expect(step.state.attempt).toBeGreaterThanOrEqual(state.attempt)
          state = step.state
          expect(world.session).toBe(state.phase === 'running')
          expect(world.attempt).toBe(state.phase === 'dialling' || state.phase === 'opening')
          if (['backoff', 'dialling', 'opening'].includes(state.phase)) expect(world.timer).toBe(true)
          if (state.phase === 'waiting') expect(world.dialable).toBe(false)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
