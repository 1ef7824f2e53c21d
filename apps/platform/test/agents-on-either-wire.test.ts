/** An agent cannot tell whether it and the others speak batches or VIP1: only how fast they do. */
import { describe, expect, it } from '@jest/globals'
import { Agent, type AgentPorts, VolttronError } from '@volttron/agent'
import { type Connection, memoryPair } from '@volttron/transport'
import { FrameAt, frameText, keyPairFromSecret } from '@volttron/vip'
import fc from 'fast-check'
import { type BusFixture, busFixture } from './bus-fixture.ts'
import { VirtualLoop } from './virtual-loop.ts'
import type { Form } from './wire-forms.ts'

const AGENTS = ['boss', 'left', 'right'] as const

type Step =
  | {
      readonly kind: 'publish'
      readonly who: number
      readonly topic: string
      readonly message: unknown
      readonly headers: Record<string, unknown> | undefined
      readonly bus: string
      readonly awaited: boolean
    }
  /** So many tasks of the event loop run: connections carry, agents flush. */
  | { readonly kind: 'work'; readonly tasks: number }
  /** The router flushes. */
  | { readonly kind: 'turn' }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly who: number; readonly prefix: string }

const who = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      who,
      topic: fc.constantFrom('a', 'a/b', 'ab', 'b', 'grün/日', 'secret/a'),
      message: fc.oneof(
        fc.jsonValue({ stringUnit: 'binary' }),
        fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, -0),
        fc.uint8Array({ maxLength: 300 }),
        // The longest takes all the credit of a connection, so that what follows waits in the agent.
        fc.constantFrom(1, 20_000, 270_000).map((length) => 'x'.repeat(length)),
        fc.constantFrom(1, 270_000).map((length) => new Uint8Array(length)),
      ),
      headers: fc.option(
        fc
          .dictionary(fc.oneof(fc.constantFrom('platform', 'Date'), fc.string({ maxLength: 5 })), fc.jsonValue())
          .filter((headers) => !('x-encoding' in headers)),
        { nil: undefined },
      ),
      bus: fc.constantFrom('', 'bü"s'),
      awaited: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('work' as const), tasks: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('subscribe' as const, 'unsubscribe' as const),
      who,
      prefix: fc.constantFrom('', 'a', 'a/', 'gr', 'secret'),
    }),
  },
)

interface Outcome {
  /** Per subscriber and publisher in order: what the callbacks were called with. */
  readonly got: Record<string, unknown[]>
  /** Per publisher in order: to how many each awaited publish went; 0 for a refused one. */
  readonly counts: Record<string, number[]>
  readonly published: number
  readonly denied: number
}

async function run(forms: readonly Form[], steps: readonly Step[]): Promise<Outcome> {
  const fixture = busFixture({ queueBytes: 1e9 })
  const loop = new VirtualLoop()
  const errors: Error[] = []
  const agents = AGENTS.map((identity, at) => agentOn(fixture, loop, identity, forms[at]!, errors))

  const calls: Record<string, unknown[]> = {}
  const counts: Record<string, Promise<number>[]> = Object.fromEntries(AGENTS.map((name) => [name, []]))
  const callbacks = AGENTS.map(() => new Map<string, (...args: unknown[]) => void>())
  const callback = (at: number, prefix: string) => {
    const known = callbacks[at]!.get(prefix)
    const made = (...args: unknown[]) => {
      const key = `${args[1]} to ${AGENTS[at]}`
      calls[key] ??= []
      calls[key].push([prefix, ...args.map(comparable)])
    }
    callbacks[at]!.set(prefix, known ?? made)
    return known ?? made
  }
  await Promise.all([
    ...agents.map((agent, at) => agent.vip.pubsub.subscribe({ prefix: 'a', callback: callback(at, 'a') })),
    settled(fixture, loop, Promise.all(agents.map((agent) => agent.start()))),
  ])
  for (const next of steps) {
    if (next.kind === 'publish') {
      const { topic, headers, bus, awaited } = next
      const message = next.message instanceof Uint8Array ? Uint8Array.from(next.message) : next.message
      const { pubsub } = agents[next.who]!.vip
      const options = { topic, message, bus, ...(headers && { headers }) }
      if (awaited) counts[AGENTS[next.who]!]!.push(pubsub.publish(options).catch(() => 0))
      else pubsub.write(options)
      // The caller may use its buffer again.
      if (message instanceof Uint8Array) message.fill(255)
    } else if (next.kind === 'work') for (let task = 0; task < next.tasks; task++) loop.step()
    else if (next.kind === 'turn') fixture.endTurn()
    else {
      // A message counts for those who were subscribed when the router read it.
      await settled(fixture, loop)
      const { pubsub } = agents[next.who]!.vip
      const change: Promise<unknown> =
        next.kind === 'subscribe'
          ? pubsub.subscribe({ prefix: next.prefix, callback: callback(next.who, next.prefix) }).catch(() => {})
          : pubsub.unsubscribe({ prefix: next.prefix })
      await settled(fixture, loop, change)
    }
  }
  const answered = Promise.all(Object.values(counts).map((each) => Promise.all(each)))
  const all = await settled(fixture, loop, answered)
  const { published, deniedPublish } = fixture.bus.counters
  await settled(fixture, loop, Promise.all(agents.map((agent) => agent.stop())))
  // Refused writes, where the wire can tell of them.
  expect(errors.filter((error) => !(error instanceof VolttronError && error.code === 'denied'))).toEqual([])
  return {
    got: calls,
    counts: Object.fromEntries(AGENTS.map((name, at) => [name, all[at]!])),
    published,
    denied: deniedPublish,
  }
}

/** Lets everything under way arrive, and `waited` end. */
async function settled<T>(fixture: BusFixture, loop: VirtualLoop, waited?: Promise<T>): Promise<T> {
  let isOver = waited === undefined
  waited?.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  for (let quietRounds = 0; quietRounds < 3 || !isOver; quietRounds++) {
    if (quietRounds > 1_000) throw new Error('nothing moves, and something is still waited for')
    fixture.endTurn()
    // A grant that was held back for a reader behind is looked at again.
    fixture.pass(1)
    while (loop.step()) quietRounds = 0
    // Promises go on.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return waited as Promise<T>
}

function agentOn(fixture: BusFixture, loop: VirtualLoop, identity: string, form: Form, errors: Error[]): Agent {
  const keys = keyPairFromSecret(Buffer.alloc(32, identity))
  const serverKey = keyPairFromSecret(Buffer.alloc(32, 'server')).publicKey
  fixture.holders.set(keys.publicKey, { kind: 'agent', identity })
  const ports: AgentPorts = {
    now: () => loop.now(),
    wallClock: () => loop.now(),
    startTimer: (run, delayMs) => loop.schedule(delayMs, run),
    random: () => 0.5,
    defer: (run) => void loop.schedule(0, run),
    dial: async () => {
      const ends = { scheduler: loop, keys: [keys.publicKey, serverKey], routingId: identity } as const
      const [dialled, accepted] = memoryPair(ends)
      fixture.reception.receive(accepted)
      return form === 'batched' ? dialled : withoutCapabilities(dialled)
    },
  }
  const options = { identity, address: 'tcp://127.0.0.1:1', serverKey, secretKey: keys.secretKey }
  const agent = new Agent(options, ports)
  return agent.on('error', (error) => errors.push(error))
}

/** The router never hears that this agent could do better, and treats it as a Python one. */
const withoutCapabilities = (connection: Connection): Connection =>
  new Proxy(connection, {
    get(target, name) {
      if (name === 'send')
        return (frames: readonly Uint8Array[]) => {
          const isHello = frameText(frames[FrameAt.subsystem]!) === 'hello'
          target.send(isHello ? frames.slice(0, FrameAt.args + 1) : frames)
        }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

/** Jest compares texts at once and bytes one by one. */
const comparable = (value: unknown): unknown => (Buffer.isBuffer(value) ? `bytes:${value.toString('hex')}` : value)

const all = (form: Form): Form[] => AGENTS.map(() => form)

describe('agents', () => {
  it('get the same calls in the same order, whoever of them speaks batches and whenever these leave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.array(fc.constantFrom<Form>('classic', 'batched'), { minLength: 3, maxLength: 3 }),
        async (steps, forms) => {
          const classic = await run(all('classic'), steps)
          expect(await run(all('batched'), steps)).toEqual(classic)
          expect(await run(forms, steps)).toEqual(classic)
          const awaited = steps.filter((step) => step.kind === 'publish')
          expect(classic.published).toBe(awaited.length)
          expect(classic.denied).toBe(awaited.filter(({ topic, who }) => topic === 'secret/a' && who > 0).length)
        },
      ),
      { numRuns: 30 },
    )
  })
})
