/** Two buses with a link between them, on which anything may happen in any order. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { RemotePlatforms } from '../src/router/bus.ts'
import { receiveAnswer, receiveCall, receiveError } from '../src/router/rpc-arrivals.ts'
import { sessionEnded } from '../src/router/rpc-failures.ts'
import { type BusFixture, busFixture, type FakeConnection } from './bus-fixture.ts'

type Step =
  | { readonly do: 'call'; readonly caller: number; readonly callee: number }
  | { readonly do: 'answer'; readonly pick: number }
  | { readonly do: 'carry'; readonly count: number }
  | { readonly do: 'caller leaves' | 'callee leaves'; readonly who: number }
  | { readonly do: 'session ends' }

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), caller: fc.nat(2), callee: fc.nat(2) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), pick: fc.nat(20) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('carry' as const), count: fc.nat(9) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('caller leaves' as const, 'callee leaves'), who: fc.nat(2) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'session ends' } as const) },
  ),
  { maxLength: 80, size: 'max' },
)

/** Buses `here`, where callers are, and `there`, where callees are; what crosses waits on the wire until it is carried. */
class World {
  readonly here: BusFixture
  readonly there: BusFixture
  #wire: (() => void)[] = []
  readonly #callers = new Map<number, FakeConnection>()
  readonly #callees = new Map<number, FakeConnection>()
  /** Calls that callees have heard and not answered: the frames of each. */
  readonly #open: { readonly callee: FakeConnection; readonly frames: readonly string[] }[] = []
  /** Per caller connection, the ids it has called with. */
  readonly called = new Map<FakeConnection, string[]>()
  readonly ended = new Map<FakeConnection, string[]>()
  answers = 0
  #count = 0

  constructor() {
    this.here = busFixture({ platforms: this.#towards(() => this.there, 'here') })
    this.there = busFixture({ instanceName: 'there', platforms: this.#towards(() => this.here, 'there') })
    this.there.authority.mayCallRpc = () => true
  }

  run(step: Step): void {
    if (step.do === 'call') this.#call(step.caller, step.callee)
    else if (step.do === 'carry') for (const deliver of this.#wire.splice(0, step.count)) deliver()
    else if (step.do === 'session ends') this.endSession()
    else if (step.do === 'answer') this.#answer(step.pick)
    else this.#leave(step.do === 'caller leaves' ? this.#callers : this.#callees, step.who)
    this.#listen()
  }

  endSession(): void {
    this.#wire = []
    sessionEnded(this.here.bus, 'there')
    sessionEnded(this.there.bus, 'here')
    this.#listen()
  }

  isThere(connection: FakeConnection): boolean {
    return [...this.#callers.values()].includes(connection)
  }

  #towards(other: () => BusFixture, from: string): Partial<RemotePlatforms> {
    const put = (deliver: () => void) => void this.#wire.push(deliver)
    return {
      sendCall: (_platform, message) => put(() => receiveCall(other().bus, from, message)),
      sendAnswer: (_platform, message) => put(() => receiveAnswer(other().bus, from, message)),
      sendError: (_platform, error) => put(() => receiveError(other().bus, from, error)),
    }
  }

  #call(caller: number, callee: number): void {
    const connection = this.#callers.get(caller) ?? this.here.connect(`caller${caller}`)
    this.#callers.set(caller, connection)
    if (!this.#callees.has(callee)) this.#callees.set(callee, this.there.connect(`callee${callee}`))
    // Every caller chooses the same ids.
    const ids = this.called.get(connection) ?? []
    const id = `m${ids.length}`
    this.called.set(connection, [...ids, id])
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'm', params: [this.#count++], id })
    connection.vip(`there/callee${callee}`, 'RPC', id, text)
  }

  #answer(pick: number): void {
    const [call] = this.#open.splice(pick % Math.max(1, this.#open.length), 1)
    if (!call || call.callee.closed !== undefined) return
    const [peer, , , id] = call.frames
    const { id: jsonId } = JSON.parse(call.frames[5]!) as { id: string }
    const answer = JSON.stringify({ jsonrpc: '2.0', id: jsonId, result: peer })
    call.callee.vip(peer!, 'RPC', id!, answer)
  }

  #leave(from: Map<number, FakeConnection>, who: number): void {
    from.get(who)?.close('left')
    from.delete(who)
  }

  #listen(): void {
    for (const callee of this.#callees.values()) {
      for (const frames of callee.heard()) if (frames[4] === 'RPC') this.#open.push({ callee, frames })
    }
    for (const [name, caller] of this.#callers) {
      for (const frames of caller.heard()) {
        if (frames[4] !== 'RPC' && frames[4] !== 'error') continue
        // The answer is to this caller, and to the call it says.
        if (frames[4] === 'RPC') {
          this.answers++
          expect(JSON.parse(frames[5]!)).toEqual({ jsonrpc: '2.0', id: frames[3], result: `here/caller${name}` })
        }
        this.ended.set(caller, [...(this.ended.get(caller) ?? []), frames[3]!])
      }
    }
  }
}

describe('calls between two buses', () => {
  it('each end once, at who made them, whoever leaves and whatever is lost; nothing is left behind', () => {
    let answers = 0
    fc.assert(
      fc.property(steps, (script) => {
        const world = new World()
        for (const step of script) world.run(step)
        world.endSession()
        for (const [caller, ids] of world.called) {
          const ended = world.ended.get(caller) ?? []
          expect(new Set(ended).size).toBe(ended.length)
          if (world.isThere(caller)) expect([...ended].sort()).toEqual([...ids].sort())
        }
        for (const { bus } of [world.here, world.there]) {
          expect([bus.remoteCalls.outgoing.size, bus.remoteCalls.incoming.size]).toEqual([0, 0])
        }
        answers += world.answers
      }),
      { numRuns: 300 },
    )
    expect(answers).toBeGreaterThan(500)
  })
})
