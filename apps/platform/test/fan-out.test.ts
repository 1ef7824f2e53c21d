/** Records for several batched subscribers are packed once, and nobody sees a difference but in speed. */
import { describe, expect, it } from '@jest/globals'
import type { Credit } from '@volttron/vip'
import fc from 'fast-check'
import { BatchedAgent, subscribe } from './batched-agent.ts'
import { type BusFixture, busFixture } from './bus-fixture.ts'

/** More than a channel copies into a batch of its own. */
const LARGE = `"${'x'.repeat(20_000)}"`
const ALL: Credit = { bytes: 1e12, records: 1e9 }

const bodiesOf = (agent: BatchedAgent) => agent.unpack().records.map(([, , , body]) => body)

/** A publisher, and subscribers of everything that have heard their answers. */
function hall(count: number, options: { queueBytes?: number; credit?: Credit } = {}) {
  const fixture = busFixture(options)
  const publisher = new BatchedAgent(fixture, 'publisher', ALL)
  const readers = Array.from({ length: count }, (_, at) => new BatchedAgent(fixture, `reader-${at}`, options.credit))
  for (const { connection } of readers) subscribe(connection, '')
  fixture.endTurn()
  for (const { connection } of readers) connection.heard()
  return { fixture, publisher, readers }
}

describe('a record for several', () => {
  it('leaves at the end of the turn in which it came', () => {
    const { fixture, publisher, readers } = hall(3)
    publisher.publish('t', '1')
    fixture.endTurn()
    expect(readers.map(bodiesOf)).toEqual([['1'], ['1'], ['1']])
    expect(fixture.bus.counters.delivered).toBe(3)
  })

  it('is the second frame of what each of them gets, the same for all, when it is large', () => {
    const { fixture, publisher, readers } = hall(2)
    publisher.publish('t', LARGE)
    fixture.endTurn()
    const seconds = readers.map(({ connection }) => connection.sent.map(([, second]) => second))
    expect(seconds[0]).toHaveLength(1)
    expect(seconds[0]![0]!.length).toBeGreaterThan(LARGE.length)
    expect(seconds[1]).toEqual(seconds[0])
    expect(readers.map(bodiesOf)).toEqual([[LARGE], [LARGE]])
  })

  it('comes before what is sent to a subscriber later, and after what was sent earlier', () => {
    const { fixture, publisher, readers } = hall(2)
    const [one, other] = readers as [BatchedAgent, BatchedAgent]
    const ping = (id: string) => publisher.connection.vip('reader-0', 'ping', id, 'ping')
    ping('before')
    publisher.publish('t', '1')
    ping('between')
    publisher.publish('t', '2')
    fixture.endTurn()
    const heard: string[] = []
    // In one batch, so that its bytes have the order.
    for (const [batch] of one.connection.sent) heard.push(batch!.toString('latin1'))
    const text = heard.join()
    const places = ['before', '\x011', 'between', '\x022'].map((word) => text.indexOf(word))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect([bodiesOf(one), bodiesOf(other)]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })

  it('goes to those who had subscribed when it came, and to no others', () => {
    const { fixture, publisher, readers } = hall(3)
    const late = new BatchedAgent(fixture, 'late')
    publisher.publish('t', '1')
    subscribe(late.connection, 't')
    publisher.publish('t', '2')
    readers[0]!.connection.vip('', 'pubsub', 'u', 'unsubscribe', JSON.stringify({ internal: { prefix: '', bus: '' } }))
    publisher.publish('t', '3')
    fixture.endTurn()
    expect(readers.map(bodiesOf)).toEqual([
      ['1', '2'],
      ['1', '2', '3'],
      ['1', '2', '3'],
    ])
    expect(bodiesOf(late)).toEqual(['2', '3'])
    expect(fixture.bus.counters.delivered).toBe(3 + 4 + 3)
  })

  it('reaches a subscriber that leaves before the end of the turn', () => {
    const { fixture, publisher, readers } = hall(2)
    publisher.publish('t', '1')
    readers[0]!.connection.vip('', 'agentstop', 'x')
    publisher.publish('t', '2')
    fixture.endTurn()
    expect(readers.map(bodiesOf)).toEqual([['1'], ['1', '2']])
    expect(fixture.bus.counters.delivered).toBe(3)
  })

  it('is not for a successor of the same identity', () => {
    const { fixture, publisher, readers } = hall(2)
    publisher.publish('t', '1')
    readers[0]!.connection.close('gone')
    const successor = new BatchedAgent(fixture, 'reader-0')
    subscribe(successor.connection, '')
    publisher.publish('t', '2')
    fixture.endTurn()
    expect(bodiesOf(successor)).toEqual(['2'])
    expect(bodiesOf(readers[1]!)).toEqual(['1', '2'])
  })

  it('is refused to a member without room alone, record by record', () => {
    const { fixture, publisher, readers } = hall(2, { queueBytes: 30_000, credit: { bytes: 1, records: 1 } })
    const [full, quick] = readers as [BatchedAgent, BatchedAgent]
    quick.grant(ALL)
    const before = fixture.bus.peers.get('reader-0')!
    for (let count = 0; count < 10; count++) publisher.publish('t', `"${count}.${'x'.repeat(9_000)}"`)
    fixture.endTurn()
    expect(bodiesOf(quick)).toHaveLength(10)
    full.grant(ALL)
    fixture.endTurn()
    const got = bodiesOf(full).map((body) => body!.slice(1, 2))
    // So many of nine KiB find room.
    expect(got).toEqual(['0', '1', '2'])
    expect(fixture.bus.counters).toMatchObject({ delivered: 13, droppedSlowSubscriber: 7 })
    expect(before).toMatchObject({ counters: { dropped: 7 } })
  })
})

type Step =
  | { readonly kind: 'publish'; readonly topic: string; readonly bytes: number }
  | { readonly kind: 'turn' }
  | { readonly kind: 'grant'; readonly who: number; readonly bytes: number; readonly records: number }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly who: number; readonly prefix: string }
  | { readonly kind: 'ping'; readonly who: number }

const who = fc.nat(3)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      topic: fc.constantFrom('a', 'ab', 'b', 'c'),
      bytes: fc.oneof(fc.nat(200), fc.nat(30_000)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('grant' as const),
      who,
      bytes: fc.nat(60_000),
      records: fc.nat(20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('subscribe' as const, 'subscribe' as const, 'unsubscribe' as const),
      who,
      prefix: fc.constantFrom('', 'a', 'b'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ping' as const), who }) },
)

/** Four slow readers with small queues. */
class Crowd {
  readonly fixture: BusFixture
  readonly readers: readonly BatchedAgent[]
  /** What each would get with a queue without end. */
  readonly expected: string[][] = [[], [], [], []]
  readonly #publisher: BatchedAgent
  readonly #wanted = [new Set<string>(), new Set<string>(), new Set<string>(), new Set<string>()]
  readonly #granted: Credit[]
  #count = 0

  constructor(queueBytes: number, credit: Credit) {
    this.fixture = busFixture({ queueBytes })
    this.#publisher = new BatchedAgent(this.fixture, 'publisher', ALL)
    this.readers = this.expected.map((_, at) => new BatchedAgent(this.fixture, `reader-${at}`, credit))
    this.#granted = this.expected.map(() => credit)
  }

  do(next: Step): void {
    if (next.kind === 'publish') this.#publish(next.topic, next.bytes)
    else if (next.kind === 'turn') this.fixture.endTurn()
    else if (next.kind === 'grant') this.#grant(next.who, next)
    else if (next.kind === 'ping') this.#publisher.connection.vip(`reader-${next.who}`, 'ping', 'p', 'ping')
    else if (next.kind === 'subscribe') {
      this.#wanted[next.who]!.add(next.prefix)
      subscribe(this.readers[next.who]!.connection, next.prefix)
    } else {
      this.#wanted[next.who]!.delete(next.prefix)
      const argument = JSON.stringify({ internal: { prefix: next.prefix, bus: '' } })
      this.readers[next.who]!.connection.vip('', 'pubsub', 'u', 'unsubscribe', argument)
    }
  }

  #publish(topic: string, bytes: number): void {
    const body = `"${++this.#count}.${'x'.repeat(bytes)}"`
    this.#publisher.publish(topic, body)
    for (const [at, prefixes] of this.#wanted.entries()) {
      if ([...prefixes].some((prefix) => topic.startsWith(prefix))) this.expected[at]!.push(`${topic}:${body}`)
    }
  }

  #grant(at: number, more: Credit): void {
    const { bytes, records } = this.#granted[at]!
    this.#granted[at] = { bytes: bytes + more.bytes, records: records + more.records }
    this.readers[at]!.grant(this.#granted[at]!)
  }
}

const isSubsequence = (part: readonly string[], whole: readonly string[]): boolean => {
  let at = 0
  for (const item of whole) if (item === part[at]) at++
  return at === part.length
}

describe('subscribers that are slow', () => {
  it('each get in order what finds room, and the counters know exactly what did not', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80, size: 'max' }),
        fc.nat(80_000),
        fc.record({ bytes: fc.nat(60_000), records: fc.nat(20) }),
        (steps, queueBytes, credit) => {
          const crowd = new Crowd(queueBytes, credit)
          const sentBefore = crowd.readers.map((_, at) => countersOf(crowd, at).messagesOut)
          for (const next of steps) crowd.do(next)
          crowd.fixture.endTurn()
          for (const reader of crowd.readers) reader.grant(ALL)
          crowd.fixture.endTurn()
          let delivered = 0
          let missed = 0
          for (const [at, reader] of crowd.readers.entries()) {
            const { records, frames } = reader.unpack()
            const got = records.map(([topic, , , body]) => `${topic}:${body}`)
            const expected = crowd.expected[at]!
            expect(isSubsequence(got, expected)).toBe(true)
            expect(countersOf(crowd, at).messagesOut - sentBefore[at]!).toBe(records.length + frames.length)
            delivered += got.length
            missed += expected.length - got.length
          }
          expect(crowd.fixture.bus.counters).toMatchObject({ delivered, droppedSlowSubscriber: missed })
        },
      ),
      { numRuns: 150 },
    )
  })
})

const countersOf = (crowd: Crowd, at: number) =>
  (crowd.fixture.bus.peers.get(`reader-${at}`) as unknown as { counters: { messagesOut: number } }).counters
