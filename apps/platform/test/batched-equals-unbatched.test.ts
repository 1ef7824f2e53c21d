/** The batched form says what VIP1 says, however its records are cut into batches and whenever these leave. */
import { describe, expect, it } from '@jest/globals'
import type { Credit } from '@volttron/vip'
import fc from 'fast-check'
import { busFixture } from './bus-fixture.ts'
import { type Form, type Message, publisher, type Received, received, subscriber } from './wire-forms.ts'

const PUBLISHERS = ['boss', 'one', 'two'] as const
const SUBSCRIBERS = ['left', 'middle', 'right', 'far'] as const
const NO_LIMIT = 1e9
const ALL: Credit = { bytes: 1e12, records: 1e9 }

type Step =
  | {
      readonly kind: 'publish'
      readonly who: number
      readonly message: Message
      readonly topicId: number
      readonly asFrames: boolean
    }
  /** What a publisher has packed leaves. */
  | { readonly kind: 'cut'; readonly who: number }
  /** The router's turn ends: it flushes. */
  | { readonly kind: 'turn' }
  /** A subscriber allows more. */
  | { readonly kind: 'grant'; readonly who: number; readonly more: Credit }
  | {
      readonly kind: 'subscribe' | 'unsubscribe'
      readonly who: number
      readonly prefix: string
      readonly allPlatforms: boolean
    }

/** Who speaks which form, and what the batched subscribers allow at first. */
interface World {
  readonly publishers: readonly Form[]
  readonly subscribers: readonly Form[]
  readonly credit: Credit
}

const json = fc.oneof(
  fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom('NaN', '[-Infinity, 1.50]', '-0', '{"a": 1, "a": 2}', '{"é" :"\\u00e9"}', '[ ]'),
  // More than a batch holds.
  fc.integer({ min: 1, max: 70_000 }).map((length) => `"${'x'.repeat(length)}"`),
)
const headers = fc
  .dictionary(
    fc.oneof(fc.constantFrom('platform', 'Platform', 'Date', 'ü'), fc.string({ unit: 'binary', maxLength: 5 })),
    fc.jsonValue({ maxDepth: 1 }),
    { maxKeys: 4 },
  )
  .filter((members) => !('x-encoding' in members))
  .map((members) => JSON.stringify(members))
const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.constantFrom('a', 'a/b', 'ab', 'b', '', 'grün/日', 'grün/ü', 'secret/a', 'secret'),
  bus: fc.constantFrom('', '', 'pubsub', 'bü"s'),
  headers: fc.oneof(fc.constant(''), headers),
  body: fc.oneof({ weight: 3, arbitrary: json }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) }),
})
const who = fc.nat(2)
const whoHears = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      who,
      message,
      // Few numbers for many topics: they change their meaning within a batch and between two.
      topicId: fc.nat(3),
      asFrames: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('grant' as const),
      who: whoHears,
      more: fc.record({ bytes: fc.nat(50_000), records: fc.nat(5) }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('subscribe' as const, 'subscribe' as const, 'unsubscribe' as const),
      who: whoHears,
      // Often the same ones, so that several hear the same.
      prefix: fc.constantFrom('', '', 'a', 'a', 'a/', 'b', 'gr', 'secret'),
      allPlatforms: fc.boolean(),
    }),
  },
)
const formsOf = (names: readonly string[]) =>
  fc.array(fc.constantFrom<Form>('batched', 'batched', 'classic'), { minLength: names.length, maxLength: names.length })
const world: fc.Arbitrary<World> = fc.record({
  publishers: formsOf(PUBLISHERS),
  subscribers: formsOf(SUBSCRIBERS),
  credit: fc.record({ bytes: fc.nat(100_000), records: fc.nat(20) }),
})

/** What everybody got and was answered: per subscriber and publisher in order, per publisher in order. */
interface Outcome {
  readonly got: Record<string, Record<string, Received[]>>
  readonly answers: Record<string, number[]>
  readonly counters: Record<string, number>
}

function run({ publishers, subscribers, credit }: World, steps: readonly Step[]): Outcome {
  const fixture = busFixture({ queueBytes: NO_LIMIT })
  const senders = PUBLISHERS.map((name, at) => publisher(publishers[at]!, fixture, name))
  const readers = SUBSCRIBERS.map((name, at) => subscriber(subscribers[at]!, fixture, name, credit))
  const cutAll = () => {
    for (const sender of senders) sender.cut()
  }
  readers[0]!.subscribe('', false)
  for (const next of steps) {
    if (next.kind === 'publish') senders[next.who]!.publish(next.message, next)
    else if (next.kind === 'cut') senders[next.who]!.cut()
    else if (next.kind === 'turn') fixture.endTurn()
    else if (next.kind === 'grant') readers[next.who]!.grant(next.more)
    else {
      // A message counts for those who were subscribed when the router read it.
      cutAll()
      readers[next.who]![next.kind](next.prefix, next.allPlatforms)
    }
  }
  cutAll()
  for (const reader of readers) reader.grant(ALL)
  fixture.endTurn()
  const { published, delivered, deniedPublish, malformedPublish, droppedSlowSubscriber } = fixture.bus.counters
  return {
    got: named(SUBSCRIBERS, (at) => {
      const items = readers[at]!.received()
      return named(PUBLISHERS, (from) => items.filter(({ sender }) => sender === PUBLISHERS[from]))
    }),
    answers: named(PUBLISHERS, (at) => senders[at]!.answers()),
    counters: { published, delivered, deniedPublish, malformedPublish, droppedSlowSubscriber },
  }
}

/** The same without a router: what VOLTTRON promises, in the fewest words. */
function model(steps: readonly Step[]): Outcome {
  const wanted = SUBSCRIBERS.map(() => new Set<string>())
  wanted[0]!.add('false:')
  const got = named(SUBSCRIBERS, () => named(PUBLISHERS, (): Received[] => []))
  const answers = named(PUBLISHERS, (): number[] => [])
  const counters = { published: 0, delivered: 0, deniedPublish: 0, malformedPublish: 0, droppedSlowSubscriber: 0 }
  for (const next of steps) {
    if (next.kind === 'subscribe' && next.prefix !== 'secret')
      wanted[next.who]!.add(`${next.allPlatforms}:${next.prefix}`)
    if (next.kind === 'unsubscribe') wanted[next.who]!.delete(`${next.allPlatforms}:${next.prefix}`)
    if (next.kind !== 'publish') continue
    const { topic, bus, headers, body } = next.message
    const sender = PUBLISHERS[next.who]!
    counters.published++
    const isDenied = topic.startsWith('secret') && sender !== 'boss'
    if (isDenied) counters.deniedPublish++
    // None of the subscribers may read a protected topic, whatever its prefixes take in.
    const readers = topic.startsWith('secret')
      ? []
      : SUBSCRIBERS.filter((_, at) => [...wanted[at]!].some((key) => topic.startsWith(key.slice(key.indexOf(':') + 1))))
    for (const reader of readers) got[reader]![sender]!.push(received(topic, sender, bus, clean(headers || '{}'), body))
    counters.delivered += readers.length
    answers[sender]!.push(readers.length)
  }
  return { got, answers, counters }
}

/** Nobody but a platform says where a message comes from. */
const clean = (text: string): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.entries(JSON.parse(text) as object).filter(([name]) => name.toLowerCase() !== 'platform'),
    ),
  )

const named = <T>(names: readonly string[], of: (at: number) => T): Record<string, T> =>
  Object.fromEntries(names.map((name, at) => [name, of(at)]))

const everybody = (form: Form): World => ({
  publishers: PUBLISHERS.map(() => form),
  subscribers: SUBSCRIBERS.map(() => form),
  credit: ALL,
})

describe('records in batches', () => {
  it('reach the same subscribers with the same bytes in the same order as classic messages, for any split', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), world, (steps, world) => {
        const classic = run(everybody('classic'), steps)
        expect(classic).toEqual(model(steps))
        expect(run(everybody('batched'), steps)).toEqual(classic)
        expect(run(world, steps)).toEqual(classic)
      }),
      { numRuns: 150 },
    )
  })
})
