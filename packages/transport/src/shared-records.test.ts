import { describe, expect, it } from '@jest/globals'
import { BatchWriter, buildTail, type Credit, formatRoute } from '@volttron/vip'
import fc from 'fast-check'
import { type ChannelPair, channelPair, NONCE, publish } from '../test/channel-pair.ts'
import { type Name, NameTable } from './name-table.ts'
import { eachRecord, type SharedMark, SharedRecords } from './shared-records.ts'

const NO_LIMIT = 1024 * 1024 * 1024
/** More than a channel copies into its own batch. */
const LARGE = 'x'.repeat(20_000)

const names = () => new NameTable<Name>((name) => name)
const route = names().intern(formatRoute({ platform: '', epoch: 0, sender: 'a', path: [] }))
const makeRecords = (now: () => number = () => 0) => new SharedRecords<Name, Name>(now)

function pack(records: SharedRecords<Name, Name>, topic: Name, body: string, ageMs = 0): boolean {
  const { flags, bytes } = buildTail(body, '', '')
  return records.publish(topic, route, flags, 1, ageMs, bytes, 0, bytes.length)
}

/** Lets everything go that waits for credit. */
function allowAll(pair: ChannelPair): void {
  const grant = new BatchWriter(NONCE)
  grant.credit(1e12, 1e9)
  pair.left.receive(grant.take())
  pair.settle()
}

/** What happens to two channels that get blocks of the same records, and records of their own. */
type Step =
  | { readonly kind: 'pack'; readonly topic: number; readonly bytes: number }
  | { readonly kind: 'hand' | 'turn' | 'wire' }
  | { readonly kind: 'own' | 'early'; readonly who: 0 | 1; readonly topic: number }

const who = fc.constantFrom<0 | 1>(0, 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pack' as const),
      topic: fc.nat(9),
      bytes: fc.oneof(fc.nat(300), fc.nat(40_000)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('hand' as const, 'turn' as const, 'wire' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('own' as const, 'early' as const), who, topic: fc.nat(9) }),
  },
)

/** Two channels that get the same blocks. */
class Fan {
  readonly pairs: readonly ChannelPair[]
  readonly expected: string[][] = [[], []]
  readonly #names: NameTable<Name>
  readonly #records = makeRecords()
  readonly #taken = new Map<number, SharedMark>()

  constructor(credits: readonly Credit[], nameLimit: number) {
    this.pairs = credits.map((credit) => channelPair({ credit, queueBytes: NO_LIMIT }))
    this.#names = new NameTable<Name>((name) => name, nameLimit)
  }

  do(at: number, next: Step): void {
    if (next.kind === 'pack') this.#pack(`topic/${next.topic}`, `${at}.${'x'.repeat(next.bytes)}`)
    else if (next.kind === 'hand') this.hand()
    else if (next.kind === 'turn') for (const pair of this.pairs) pair.endTurn()
    else if (next.kind === 'wire') for (const pair of this.pairs) pair.deliver()
    else if ('who' in next) {
      this.#take(next.who)
      if (next.kind === 'own') this.#publish(next.who, `topic/${next.topic}`, `${at}`)
    }
  }

  hand(): void {
    this.#take(0)
    this.#take(1)
    this.#taken.clear()
    this.#records.clear()
  }

  #take(who: number): void {
    const block = this.#records.since(this.#taken.get(who))
    this.#taken.set(who, this.#records.mark)
    if (block.records > 0) expect(this.pairs[who]!.left.share(block)).toBe(true)
  }

  #pack(topic: string, body: string): void {
    for (const list of this.expected) list.push(`${topic}:${body}`)
    if (pack(this.#records, this.#names.intern(topic), body)) return
    this.hand()
    expect(pack(this.#records, this.#names.intern(topic), body)).toBe(true)
  }

  #publish(who: number, topic: string, body: string): void {
    publish(this.pairs[who]!.left, topic, body, this.#names)
    this.expected[who]!.push(`${topic}:${body}`)
  }
}

describe('records packed once', () => {
  it('reach every channel once and in order, among its own, whatever the credit and the life of a name', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.array(fc.record({ bytes: fc.nat(100_000), records: fc.nat(20) }), { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 1, max: 12 }),
        (steps, credits, nameLimit) => {
          const fan = new Fan(credits, nameLimit)
          for (const [at, next] of steps.entries()) fan.do(at, next)
          fan.hand()
          for (const [at, pair] of fan.pairs.entries()) {
            pair.settle()
            allowAll(pair)
            const expected = fan.expected[at]!
            expect(pair.received).toEqual(expected)
            const { recordsOut, refused } = pair.left.counters
            expect([recordsOut, refused, pair.left.queuedBytes]).toEqual([expected.length, 0, 0])
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('go out as they are when they are many: the same bytes to all', () => {
    const [one, other] = [channelPair(), channelPair()]
    const records = makeRecords()
    const topic = names().intern('t')
    pack(records, topic, LARGE)
    const block = records.since()
    for (const pair of [one, other]) {
      expect(pair.left.share(block)).toBe(true)
      expect(pair.toRight.batches[0]![1]).toBe(block.packed)
      pair.settle()
      expect(pair.received).toEqual([`t:${LARGE}`])
    }
  })

  it('wait for the end of the turn together with others when they are few', () => {
    const pair = channelPair()
    const table = names()
    publish(pair.left, 'own', '1', table)
    const records = makeRecords()
    pack(records, table.intern('t'), '2')
    expect(pair.left.share(records.since())).toBe(true)
    expect(pair.toRight.batches).toEqual([])
    pair.endTurn()
    expect(pair.toRight.batches).toHaveLength(1)
    pair.settle()
    expect(pair.received).toEqual(['own:1', 't:2'])
  })

  it('count in full for each channel whose reader keeps them waiting', () => {
    const pair = channelPair({ credit: { bytes: 0, records: 0 }, queueBytes: 50_000 })
    const records = makeRecords()
    pack(records, names().intern('t'), LARGE)
    const block = records.since()
    expect([pair.left.share(block), pair.left.share(block)]).toEqual([true, true])
    expect(pair.left.queuedBytes).toBeGreaterThan(2 * LARGE.length)
    expect(pair.left.queuedBytes).toBeLessThan(2 * LARGE.length + 200)
    expect(pair.left.share(block)).toBe(false)
    expect(pair.left.counters).toMatchObject({ recordsOut: 0, refused: 0 })
    expect(publish(pair.left, 't', 'one more')).toBe(true)
    expect(pair.left.close()).toBe(3)
    expect(pair.left.share(block)).toBe(false)
  })

  it('bring the names to a reader that has missed a block of them', () => {
    const pair = channelPair({ credit: { bytes: 1, records: 1 }, queueBytes: 30_000 })
    const records = makeRecords()
    const table = names()
    expect(publish(pair.left, 'own', LARGE, table)).toBe(true)
    pair.endTurn()
    expect(publish(pair.left, 'own', LARGE, table)).toBe(true)
    pack(records, table.intern('t'), LARGE)
    expect(pair.left.share(records.since())).toBe(false)
    records.clear()
    allowAll(pair)
    pack(records, table.intern('t'), 'later')
    expect(pair.left.share(records.since())).toBe(true)
    pair.settle()
    expect(pair.received).toEqual([`own:${LARGE}`, `own:${LARGE}`, 't:later'])
  })

  it('lie in memory of about their size, for they may wait', () => {
    const records = makeRecords()
    const topic = names().intern('t')
    for (let count = 0; count < 4; count++) pack(records, topic, LARGE)
    records.clear()
    pack(records, topic, LARGE)
    const { packed } = records.since()
    expect(packed.buffer.byteLength).toBeLessThanOrEqual(2 * packed.length)
  })

  it('age from the moment the first of them was packed', () => {
    const ages: number[] = []
    const pair = channelPair({ right: { onPublish: (_topic, _route, record) => void ages.push(record.ageMs) } })
    const records = makeRecords(() => pair.nowMs)
    const topic = names().intern('t')
    pack(records, topic, LARGE, 5)
    pair.nowMs = 7
    pack(records, topic, 'x')
    pair.nowMs = 10
    pair.left.share(records.since())
    pair.settle()
    expect(ages).toEqual([15, 10])
  })

  it('can be taken apart again', () => {
    const records = makeRecords()
    const table = names()
    const before = records.mark
    for (const topic of ['a', 'b', 'a']) pack(records, table.intern(topic), `"${topic}"`, 3)
    const seen: string[] = []
    eachRecord(records.since(before), (topic, from, record) => {
      expect(from).toBe(route)
      seen.push(`${topic.text}:${record.bodyText()}:${record.ageMs}`)
    })
    expect(seen).toEqual(['a:"a":3', 'b:"b":3', 'a:"a":3'])
    expect(records.since(records.mark).records).toBe(0)
  })
})
